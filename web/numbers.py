"""Numbers that forms send."""

from django.http import HttpRequest

NEVER = -1
"""A version nothing ever has: what came instead of a number is refused as stale."""


def version_of(request: HttpRequest) -> int:
    """The version the sender saw."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else NEVER
