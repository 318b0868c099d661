"""Numbers that forms send."""

from django.http import HttpRequest

NEVER = -1
"""A version nothing ever has: what came instead of a number is refused as stale."""


def version_of(request: HttpRequest) -> int:
    """The version the sender saw."""
    return number_of(request.POST.get("version", ""))


def number_of(text: str) -> int:
    """A whole number that was sent, or ``NEVER``."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else NEVER
