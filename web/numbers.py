"""Numbers and ids that forms and addresses send: read without a complaint, as anybody can write one."""

from uuid import UUID

from django.http import HttpRequest

NEVER = -1
"""A version nothing ever has: what came instead of a number is refused as stale."""


def version_of(request: HttpRequest) -> int:
    """The version the sender saw."""
    return number_of(request.POST.get("version", ""))


def number_of(text: str) -> int:
    """A whole number that was sent, or ``NEVER``."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else NEVER


def key_of(text: str) -> UUID | None:
    """The id that was sent; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
