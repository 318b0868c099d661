"""No reminder goes out at night, in the zone the patient lives in."""

from datetime import datetime, time, timedelta

from core import clock

FIRST = time(8)
LAST = time(21)
"""8:00 to 21:00 is what US law leaves to callers (47 CFR 64.1200(c)(1)); safe to keep everywhere."""


def is_quiet(at: datetime, zone: str) -> bool:
    """Whether this instant lies outside ``[FIRST, LAST)`` on the patient's clock."""
    return not FIRST <= clock.local(at, zone).time() < LAST


def next_allowed(at: datetime, zone: str) -> datetime:
    """``at`` itself if it is not quiet then, else the end of these quiet hours."""
    if not is_quiet(at, zone):
        return at
    local = clock.local(at, zone)
    on = local.date() if local.time() < FIRST else local.date() + timedelta(days=1)
    return clock.resolve(on, FIRST, zone).at
