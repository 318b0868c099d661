"""From an empty database to a course that is booked, moved and cancelled, through the real actions only."""

from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from itertools import pairwise

import pghistory.models
import pytest
from django.core.management import call_command

from clinics.actions import patients, sites, staff
from clinics.models import Patient, Site, User
from core import clock
from scheduler.actions import appointments, resources, skills
from scheduler.models import Allocation, Appointment, Kind, Status
from treatments.actions import courses, visits
from treatments.models import Course, Protocol, Visit, VisitStatus
from treatments.protocols import catalog
from treatments.queries import courses as reading

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
"""Monday 4 May 2026, 8:00 in New York."""
LONG_AGO = date(2026, 1, 1)
WEEK = {weekday: ((time(8), time(18)),) for weekday in range(5)}
PEOPLE = {
    "Ada": ("infusion_nurse", 3),
    "Ben": ("infusion_nurse", 3),
    "Dr Wu": ("prescriber", 1),
    "Theo": ("psychotherapist", 1),
    "Tessa": ("psychotherapist", 1),
}


@pytest.fixture
def desk() -> User:
    service = User.objects.service()
    call_command("load_catalogue", stdout=StringIO())
    for code in ("monitored", "quiet", *{skill for skill, _ in PEOPLE.values()}):
        skills.add(code=code, name=code.replace("_", " ").capitalize(), by=service)
    return staff.add(email="desk@example.org", name="Dana Desk", role="front_desk", by=service)


@pytest.fixture
def site(desk: User) -> Site:
    service = User.objects.service()
    site = sites.open_site(
        by=service,
        hours=WEEK,
        valid_from=LONG_AGO,
        code="alder",
        name="Alder Clinic",
        public_name="Alder",
        zone="America/New_York",
        phone="+12025550100",
        address="48 Alder Street",
        country="US",
        subdivision="NY",
    )
    for number in range(1, 4):
        resources.add(site=site, kind=Kind.CHAIR, name=f"Chair {number}", skills=["monitored"], by=service)
        resources.add(site=site, kind=Kind.ROOM, name=f"Room {number}", skills=["quiet"], by=service)
    for name, (skill, lanes) in PEOPLE.items():
        person = resources.add(site=site, kind=Kind.PERSON, name=name, skills=[skill], lanes=lanes, by=service)
        resources.set_working_hours(resource=person, hours=WEEK, valid_from=LONG_AGO, by=service, now=NOW)
    return site


@pytest.fixture
def ana(site: Site, desk: User) -> Patient:
    return patients.register(
        site=site, by=desk, now=NOW, given_name="Ana", family_name="Ruiz", birth_on=date(1980, 4, 2),
        email="ana@example.org", may_email=True,
    )  # fmt: skip


def gaps(course: Course, block: str) -> list[int]:
    starts = [visit.appointment.local_on for visit in course.visits.order_by("position") if visit.key.startswith(block)]
    return [(later - earlier).days for earlier, later in pairwise(starts)]


def test_a_course_is_proposed_booked_moved_and_cancelled(desk, site, ana):
    version = Protocol.objects.get(code="iv-ketamine-depression-twice-weekly").current
    wishes: dict[str, object] = {"weekdays": [0, 1, 2, 3], "not_before": "09:00"}

    proposal = courses.propose(
        protocol_version=version, site=site, patient=ana, start_on=date(2026, 5, 5), wishes=wishes, by=desk, now=NOW
    )
    assert proposal.complete
    assert len(proposal.visits) == 14
    assert all(visit.reason for visit in proposal.visits)

    # what was looked at is what is booked
    chosen = [
        courses.Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
        for visit in proposal.visits
        if visit.starts_at is not None
    ]
    booked = courses.book(
        protocol_version=version, site=site, patient=ana, start_on=date(2026, 5, 5), wishes=wishes, by=desk, now=NOW,
        visits=chosen,
    )  # fmt: skip
    course = booked.course
    page = reading.page(course.pk)
    assert [visit.appointment.starts_at for visit in page.visits.all()] == [
        visit.starts_at for visit in proposal.visits
    ]
    assert all(2 <= days <= 5 for days in gaps(course, "infusions"))
    assert sum(gaps(course, "infusions")) <= 28

    # the sixth infusion moves to the afternoon; everything else stays
    before = dict(course.visits.values_list("key", "appointment__starts_at"))
    visit = course.visits.get(key="infusions.6")
    on = clock.local(visit.appointment.starts_at, site.zone).date()
    afternoon = clock.resolve(on, time(14, 30), site.zone).at
    moved = visits.move(visit=visit, starts_at=afternoon, by=desk, now=NOW, version=1, reason="Works in the morning")
    assert dict(course.visits.values_list("key", "appointment__starts_at")) == before | {"infusions.6": afternoon}

    # a move against the protocol says so and changes nothing
    with pytest.raises(courses.RulesBroken) as raised:
        visits.move(visit=visit, starts_at=afternoon + timedelta(days=14), by=desk, now=NOW, version=2)
    assert any("at most 5 days are allowed" in problem["message"] for problem in raised.value.detail["problems"])

    # the first infusion takes place, then the rest is cancelled and its places are free again
    first = course.visits.get(key="infusions.1")
    later = first.appointment.starts_at + timedelta(hours=2)
    appointments.set_status(appointment=first.appointment, status="done", by=desk, now=later, version=None)
    cancelled = courses.cancel(course=course, by=desk, now=later, reason="Moving away")
    statuses = set(course.visits.exclude(pk=first.pk).values_list("status", flat=True))
    assert statuses == {VisitStatus.CANCELLED}
    assert Visit.objects.get(pk=first.pk).status == VisitStatus.DONE
    taken = Allocation.objects.filter(is_active=True).values_list("appointment", flat=True)
    assert set(taken) == {first.appointment_id}
    assert Appointment.objects.filter(status=Status.CANCELLED).count() == 13

    # each of the three was one change set by the desk, and the audit says so
    assert len({booked.change_set.pk, moved.pk, cancelled.pk}) == 3
    contexts = pghistory.models.Context.objects.filter(metadata__user=str(desk.pk))
    assert contexts.count() >= 4


def test_the_same_course_can_be_booked_again_after_it_was_cancelled(desk, site, ana):
    version = Protocol.objects.get(code="iv-ketamine-depression-twice-weekly").current
    wanted = {
        "protocol_version": version,
        "site": site,
        "patient": ana,
        "start_on": date(2026, 5, 5),
        "wishes": {},
        "by": desk,
        "now": NOW,
    }
    first = courses.book(**wanted)
    courses.cancel(course=first.course, by=desk, now=NOW, reason="")
    second = courses.book(**wanted)

    def places(course: Course) -> dict[str, datetime]:
        return dict(course.visits.values_list("key", "appointment__starts_at"))

    assert places(second.course) == places(first.course)


@pytest.mark.parametrize("code", [path.stem for path in catalog.files()])
def test_no_protocol_of_the_catalogue_breaks_the_booking(desk, site, ana, code):
    """This clinic has no gym and no teacher: what cannot be placed is kept on the list, with reasons."""
    version = Protocol.objects.get(code=code).current

    course = courses.book(
        protocol_version=version, site=site, patient=ana, start_on=date(2026, 5, 5), wishes={}, by=desk, now=NOW,
        partial=True,
    ).course  # fmt: skip

    assert course.visits.exists()
    for visit in course.visits.all():
        assert visit.reason
        if visit.status == VisitStatus.TO_PLACE:
            assert visit.unplaced, visit.key
