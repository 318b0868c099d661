"""Until when a late patient can still be treated, against what a person reads off the calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Take
from scheduler.engine.request import Offset, Unit
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AbsenceFactory
from treatments.life import lateness
from treatments.life.running import Running

pytestmark = pytest.mark.django_db


def at(hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of Thursday 7 May 2026 in New York, the day of the first infusion at 8:00."""
    return datetime(2026, 5, 7, hour + 4, minute, tzinfo=UTC)


@pytest.fixture
def course(book):
    return book().course


@pytest.fixture
def ask(course):
    """The starts of the first infusion as seen at an instant; ``change`` may alter what the planner is asked."""

    def ask(now: datetime, *, change=lambda request: request):
        running = Running.read(course.pk, now=now)
        question = running.ask(about={"infusions.1"}, target=now, from_at=now)
        question = replace(question, request=change(question.request))
        return lateness.starts_today(question, "infusions.1", running.standing["infusions.1"], from_at=now)

    return ask


def someone_else(site, resources, starts_at, ends_at, flora, now) -> None:
    takes = tuple(Take(resource, f"r{n}", starts_at, ends_at) for n, resource in enumerate(resources))
    booking = Booking(starts_at, ends_at, "Other", takes)
    appointments.book(site=site, patient=PatientFactory(site=site), bookings=[booking], by=flora, now=now)


def test_until_the_site_closes(ask):
    """An hour of treatment and a quarter of an hour to clean the chair before 18:00."""
    found = ask(at(8, 20))
    assert found.starts[0] == at(8, 30)
    assert found.latest == at(16, 45)
    assert found.why == ("Chair 1, Chair 2 and Chair 3 are out of hours then.",)


def test_until_the_chairs_are_needed(ask, clinic, site, flora, now):
    """Every chair is booked from 10:00: set-up, treatment and turnover take 75 minutes."""
    someone_else(site, [clinic[f"Chair {n}"] for n in (1, 2, 3)], at(10), at(18), flora, now)
    found = ask(at(8, 20))
    assert found.starts == (at(8, 30), at(8, 45))
    assert found.first_from(at(8, 40)) == at(8, 45)
    assert found.first_from(at(8, 46)) is None
    assert any("Chair" in sentence or "chair" in sentence for sentence in found.why)


def test_another_chair_steps_in(ask, course, clinic, site, flora, now):
    own = next(
        each.resource
        for each in course.visits.get(key="infusions.1").appointment.allocations.all()
        if each.role == "chair"
    )
    someone_else(site, [own], at(9, 15), at(18), flora, now)
    found = ask(at(8, 20))
    assert found.latest == at(16, 45)
    assert str(own.pk) not in found.resources[at(12)].values()


def test_a_gap_in_the_day_is_used(ask, clinic, site, flora, now):
    """From 9:00 to 12:00 nobody can set up; before and after, somebody can."""
    for nurse in ("Nurse Ada", "Nurse Ben"):
        AbsenceFactory(resource=clinic[nurse], starts_at=at(9), ends_at=at(12))
    found = ask(at(7, 50))
    assert at(8) in found.starts
    assert [start for start in found.starts if at(8) < start < at(12)] == []
    assert at(12) in found.starts


def test_the_distance_to_the_next_visit_counts(ask):
    """Trap 14: 22 hours from its end to the next day's talk at 8:00, so it has to be over by 10:00."""
    rule = Offset("rest", "talks.1", "infusions.1", Unit.MINUTES, least=22 * 60, from_end=True)
    found = ask(at(8, 20), change=lambda request: replace(request, rules=(*request.rules, rule)))
    assert found.latest == at(9)
    # the control: without the rule the day is open
    assert ask(at(8, 20)).latest == at(16, 45)


def test_too_late_altogether(ask):
    found = ask(at(17))
    assert (found.starts, found.latest, found.first_from(at(17))) == ((), None, None)
    assert found.why


def test_only_today(ask):
    found = ask(at(8, 20))
    assert found.starts[-1] - found.starts[0] < timedelta(hours=10)
