"""What a patient does before a visit, worked out for its time and right across changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from tests.factories.treatments import BookedVisitFactory, CourseFactory, ProtocolVersionFactory
from treatments.models import VisitStatus
from treatments.queries import preparations

pytestmark = pytest.mark.django_db
NINE_THIRTY = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)


def document(**fasting: float) -> dict:
    prepare = {"prepare": {"fasting": {"food_hours": 6, "clear_fluids_hours": 2, **fasting}}}
    return {
        "visit_types": {"infusion": {"patient_label": "A", **prepare}, "talk": {"patient_label": "B"}},
        "blocks": [{"block": "infusions", "visit": "infusion"}, {"block": "talks", "visit": "talk"}],
        "gates": [{"gate": "consent", "before": "talks.each"}, {"gate": "escort", "before": "infusions.first"}],
    }


@pytest.fixture
def course(patient):
    return CourseFactory(patient=patient, protocol_version=ProtocolVersionFactory(document=document()))


def visit(course, key: str, at: datetime = NINE_THIRTY, **more):
    """One of the course; each on a day of its own unless told."""
    days = timedelta(days=course.visits.count())
    return BookedVisitFactory(course=course, key=key, appointment__starts_at=at + days, **more).appointment


def local(at: datetime) -> str:
    return f"{clock.local(at, 'America/New_York'):%a %H:%M}"


def test_times_are_worked_out_for_the_start(course) -> None:
    first, second, talk = (visit(course, key) for key in ("infusions.1", "infusions.2", "talks.1"))
    found = preparations.of_appointments([first, second, talk])
    assert set(found) == {first.pk, second.pk}
    assert (local(found[first.pk].eat_until), local(found[first.pk].drink_until)) == ("Thu 03:30", "Thu 07:30")
    assert found[first.pk].ride_at == first.ends_at
    assert found[second.pk].ride_at is None, "only the first visit asks for an escort"


@pytest.mark.parametrize(
    ("at", "eat", "drink"),
    [
        (datetime(2026, 3, 8, 12, tzinfo=UTC), "Sun 01:00", "Sun 06:00"),  # 8:00; the hour from 2:00 is left out
        (datetime(2026, 11, 1, 13, tzinfo=UTC), "Sun 02:00", "Sun 06:00"),  # 8:00; 1:00 to 2:00 comes twice
        (datetime(2026, 11, 26, 13, tzinfo=UTC), "Thu 02:00", "Thu 06:00"),
    ],
)
def test_hours_are_elapsed_time_when_the_clocks_change(course, at, eat, drink) -> None:
    appointment = visit(course, "infusions.1", at)
    found = preparations.of_appointments([appointment])[appointment.pk]
    assert (local(found.eat_until), local(found.drink_until)) == (eat, drink)


def test_whoever_is_first_of_those_that_take_place_needs_the_escort(course) -> None:
    visit(course, "infusions.1", status=VisitStatus.CANCELLED)
    second = visit(course, "infusions.2")
    assert preparations.of_appointments([second])[second.pk].ride_at == second.ends_at


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_queries_do_not_grow_with_visits(course, rows, django_assert_num_queries) -> None:
    made = [visit(course, f"infusions.{number}") for number in range(1, rows + 1)]
    preparations.of_appointments(made[:1])
    with django_assert_num_queries(1):
        assert len(preparations.of_appointments(made)) == rows
