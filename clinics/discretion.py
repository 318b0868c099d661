"""How much of a patient's name is told: all of it, or initials while the screen is shared with others."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_initials_only: ContextVar[bool] = ContextVar("initials_only", default=False)


@contextmanager
def initials_only(wanted: bool) -> Iterator[None]:
    """Inside, patients' names are told as initials where ``wanted``."""
    token = _initials_only.set(wanted)
    try:
        yield
    finally:
        _initials_only.reset(token)


def name(given_name: str, family_name: str, *, otherwise: str) -> str:
    """Initials such as "P. E." where only these may be told, else ``otherwise``."""
    if not _initials_only.get():
        return otherwise
    return " ".join(f"{part[:1]}." for part in (given_name, family_name) if part)
