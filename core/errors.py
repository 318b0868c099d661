"""The base of every error an action raises, so that each surface translates them in one place.

An error says what happened in words a user can act on. ``pointer`` names the part of the input it is about, as a
path such as ``visits/3/starts_at``; ``detail`` holds data a surface may show (never another patient's).
"""

from typing import Any


class DomainError(Exception):
    """Something the caller asked for cannot be done."""

    code = "error"

    def __init__(self, message: str, *, pointer: str = "", detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.detail = detail or {}


class InvalidInput(DomainError):
    """The input itself is wrong. API: 400."""

    code = "invalid"


class NotAllowed(DomainError):
    """The actor may not do this. API: 403."""

    code = "not_allowed"


class NotFound(DomainError):
    """There is no such thing, or the actor may not know of it. API: 404."""

    code = "not_found"


class Conflict(DomainError):
    """The state of the world forbids it; another choice may work. API: 409."""

    code = "conflict"


class Stale(DomainError):
    """The thing was changed by someone else since the caller read it. API: 412."""

    code = "stale"


class Unprocessable(DomainError):
    """Well-formed, but against a rule. API: 422."""

    code = "unprocessable"


class Busy(DomainError):
    """Could not be done just now; trying again in a moment will work. API: 503 with Retry-After."""

    code = "busy"
