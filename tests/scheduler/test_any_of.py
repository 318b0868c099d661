"""One place kept for whichever of several bookings is made in the end."""

from datetime import UTC, datetime, timedelta

from scheduler.actions.taking import any_of
from scheduler.actions.terms import Booking, Take, Use
from scheduler.models import Resource

NINE = datetime(2026, 5, 14, 13, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHAIR, ADA, BEN = (Resource(name=name) for name in ("Chair", "Ada", "Ben"))


def booking(minutes: int, *takes: tuple[Resource, int, int, Use]) -> Booking:
    made = [Take(who, "role", NINE + first * MINUTE, NINE + last * MINUTE, use) for who, first, last, use in takes]
    return Booking(NINE, NINE + minutes * MINUTE, "Visit", tuple(made))


def taken(made: Booking) -> list[tuple[str, int, int, Use]]:
    return [
        (take.resource.name, (take.starts_at - NINE) // MINUTE, (take.ends_at - NINE) // MINUTE, take.use)
        for take in made.takes
    ]


def test_each_moment_is_kept_for_the_one_that_needs_most():
    """Two set-ups of different lengths: the nurse is never counted twice at once."""
    short = booking(60, (CHAIR, 0, 75, Use.EXCLUSIVE), (ADA, 0, 15, Use.HANDS_ON), (ADA, 15, 60, Use.SHARED))
    long = booking(90, (CHAIR, 0, 105, Use.EXCLUSIVE), (ADA, 0, 30, Use.HANDS_ON), (ADA, 30, 90, Use.SHARED))
    made = any_of([short, long])
    assert (made.starts_at, made.ends_at) == (NINE, NINE + 90 * MINUTE)
    assert taken(made) == [
        ("Chair", 0, 75, Use.EXCLUSIVE),
        ("Chair", 75, 105, Use.EXCLUSIVE),
        ("Ada", 0, 15, Use.HANDS_ON),
        ("Ada", 15, 30, Use.HANDS_ON),
        ("Ada", 30, 60, Use.SHARED),
        ("Ada", 60, 90, Use.SHARED),
    ]


def test_nobody_is_kept_between_two_tasks_and_others_are_kept_beside():
    first = booking(60, (ADA, 0, 15, Use.HANDS_ON), (ADA, 45, 60, Use.SHARED))
    made = any_of([first, booking(60, (BEN, 0, 60, Use.SHARED))])
    assert taken(made) == [("Ada", 0, 15, Use.HANDS_ON), ("Ada", 45, 60, Use.SHARED), ("Ben", 0, 60, Use.SHARED)]


def test_one_alone_is_as_it_is():
    one = booking(60, (CHAIR, 0, 75, Use.EXCLUSIVE), (ADA, 0, 15, Use.EXCLUSIVE), (ADA, 15, 60, Use.SHARED))
    assert any_of([one]) == one
