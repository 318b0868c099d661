"""The numbers of reports about whole courses: how they ended, what was filled in, who responded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import Unprocessable
from scheduler.models import Status
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory, PersonFactory
from tests.factories.treatments import (
    AssessmentFactory,
    BookedVisitFactory,
    CourseFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    VisitFactory,
)
from tests.treatments.documents import series
from treatments.life import finishing
from treatments.life.finishing import Ended
from treatments.models import Course, CourseStatus, Mode, VisitStatus
from treatments.queries import completion, response
from treatments.queries.response import quarters
from treatments.queries.scopes import Scope

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 3, 15, tzinfo=UTC)
MARCH = date(2026, 3, 1), date(2026, 3, 31)
INFUSIONS, TALKS = (0, 3, 6), (1, 4, 7)
"""Local dates after the first, as the test series wants them: three to five days apart, a talk one or two days after each."""
ENDS = {Status.DONE: VisitStatus.DONE, Status.MISSED: VisitStatus.MISSED, Status.CANCELLED: VisitStatus.CANCELLED}


@pytest.fixture
def version(db):
    return ProtocolVersionFactory(protocol=ProtocolFactory(title="Series"))


@pytest.fixture
def ended(site, version):
    """A course of the series that ended; days and statuses can be told for each key."""
    therapist, other = PersonFactory(site=site), PersonFactory(site=site)

    def ended(*, start=START, status=CourseStatus.COMPLETED, days=None, became=None, therapists=(), **more) -> Course:
        course = CourseFactory(patient=PatientFactory(site=site), protocol_version=version, status=status, **more)
        planned = {f"infusions.{n}": on for n, on in enumerate(INFUSIONS, 1)}
        planned |= {f"talks.{n}": on for n, on in enumerate(TALKS, 1)}
        for key, on in (planned | (days or {})).items():
            what = (became or {}).get(key, Status.DONE)
            if what is None:
                VisitFactory(course=course, key=key, status=VisitStatus.RELEASED)
                continue
            visit = BookedVisitFactory(
                course=course,
                key=key,
                family="infusion" if key.startswith("inf") else "psychotherapy",
                appointment__starts_at=start + timedelta(days=on, hours=2 if key.startswith("talks") else 0),
                appointment__status=what,
                status=ENDS[what],
            )
            if key.startswith("talks"):
                # not active: here one therapist may be with many at once
                who = other if key in therapists else therapist
                AllocationFactory(appointment=visit.appointment, resource=who, role="therapist", is_active=False)
        return course

    return ended


def test_courses_as_counted_by_hand(site, ended):
    ended()
    ended(days={"infusions.3": 8, "talks.3": 9})  # five days apart at most
    ended(days={"infusions.3": 9, "talks.3": 10})  # six days: outside
    ended(days={"talks.3": 6})  # on the day of its infusion: outside
    ended(therapists=("talks.2",))  # not the same person: outside
    ended(became={"talks.2": Status.MISSED})
    ended(became={"infusions.2": Status.CANCELLED})
    ended(became={"talks.3": None})  # released by a decision
    made_up = {"key": "infusions.4", "where": "instead", "makes_up": "infusions.3", "followed_by": [], "again": None}
    ended(became={"infusions.3": Status.MISSED}, days={"infusions.4": 7, "talks.3": 8}, extra=[made_up])
    ended(status=CourseStatus.CANCELLED, became={"talks.3": Status.CANCELLED})
    ended(status=CourseStatus.ACTIVE)  # not over
    ended(start=START + timedelta(days=26))  # its last visit is in April
    ended(start=START - timedelta(days=30))  # ended before
    found = finishing.ended(Scope(site, *MARCH))
    assert found == {"Series": {Ended.INSIDE: 4, Ended.OUTSIDE: 3, Ended.NOT_IN_FULL: 2, Ended.BROKEN_OFF: 1}}


def test_too_many_courses_are_refused_in_words(site, ended, monkeypatch):
    ended()
    ended()
    monkeypatch.setattr(finishing, "MOST", 1)
    with pytest.raises(Unprocessable, match="Choose a shorter one"):
        finishing.ended(Scope(site, *MARCH))
    monkeypatch.setattr(completion, "MOST", 1)
    with pytest.raises(Unprocessable, match="Choose a shorter one"):
        completion.completion(Scope(site, *MARCH))


@pytest.mark.parametrize("rows", [1, 3])
def test_courses_cost_the_same_for_one_as_for_three(site, ended, rows, django_assert_num_queries):
    for _ in range(rows):
        ended()
    with django_assert_num_queries(6):
        finishing.ended(Scope(site, *MARCH))
    with django_assert_num_queries(4):
        completion.completion(Scope(site, *MARCH))


# --- questionnaires -----------------------------------------------------------------------------------------------


def test_questionnaires_as_counted_by_hand(site, version, ended):
    rule = {"title": "x", "filled_by": "patient", "source": "T"}
    asked = ProtocolVersionFactory(
        protocol=version.protocol,
        number=2,
        document=series(
            assessments=[
                {**rule, "measure": "phq9", "moments": [{"before": "infusions.first", "max_days": 14, "source": "T"}]},
                {**rule, "measure": "peg", "moments": [{"after": "talks.each", "max_days": 2, "source": "T"}]},
            ]
        ),
    )

    def course(**more) -> Course:
        made = ended(**more)
        Course.objects.filter(pk=made.pk).update(protocol_version=asked)
        return made

    one = course()
    AssessmentFactory(course=one, taken_at=START - timedelta(days=1))
    AssessmentFactory(course=one, measure="peg", taken_at=START + timedelta(days=2), mode=Mode.LINK, by=None)
    wrong = AssessmentFactory(course=one, measure="peg", taken_at=START + timedelta(days=5))
    AssessmentFactory(course=one, measure="peg", taken_at=START + timedelta(days=5), replaces=wrong)
    two = course(became={"talks.3": Status.CANCELLED})  # two moments of the pain form; none was taken
    AssessmentFactory(course=two, taken_at=START - timedelta(days=20))  # too early
    course(start=START + timedelta(days=40))  # due later than the period
    found = {each.title: (each.due, each.taken, each.by_link) for each in completion.completion(Scope(site, *MARCH))}
    assert found == {"PHQ-9": (2, 1, 0), "PEG": (5, 2, 1)}
    talks = completion.completion(Scope(site, *MARCH, family="psychotherapy"))
    assert [(each.title, each.due) for each in talks] == [("PEG", 5)]


# --- response -----------------------------------------------------------------------------------------------------


def answers(total: int) -> dict[str, int]:
    return {str(number): min(3, max(0, total - 3 * (number - 1))) for number in range(1, 10)}


@pytest.fixture
def begun(site):
    """A course that began, with a score before and after."""
    versions = {}

    def begun(protocol: str, on: datetime, first: int | None, *later: int) -> None:
        if protocol not in versions:
            versions[protocol] = ProtocolVersionFactory(protocol=ProtocolFactory(title=protocol))
        course = CourseFactory(patient=PatientFactory(site=site), protocol_version=versions[protocol])
        BookedVisitFactory(
            course=course, appointment__starts_at=on, appointment__status=Status.DONE, status=VisitStatus.DONE
        )
        if first is not None:
            AssessmentFactory(course=course, answers=answers(27), taken_at=on - timedelta(days=9))
            AssessmentFactory(course=course, answers=answers(first), taken_at=on - timedelta(days=1))
        for number, total in enumerate(later, 1):
            AssessmentFactory(course=course, answers=answers(total), taken_at=on + timedelta(days=7 * number))

    return begun


def test_response_as_counted_by_hand(site, begun):
    for first, *later in ((20, 15, 10), (20, 8, 11), (10, 4), (9, 4), (12, 6), (0, 0)):
        begun("Large", START, first, *later)  # responded: 10 of 20, 4 of 10, 4 of 9, 6 of 12; remitted: 4, 4, 0
    begun("Large", START, None, 3)  # no score before
    begun("Large", START, 20)  # none after
    for _ in range(4):
        begun("Small", START, 20, 5)
    found = response.response(Scope(site, date(2026, 2, 1), date(2026, 4, 15)))
    assert (found.first_on, found.last_on) == (date(2026, 1, 1), date(2026, 3, 31))
    [large] = found.groups
    assert (large.protocol, large.scale, large.courses, large.responded, large.remitted) == ("Large", "PHQ-9", 6, 4, 3)
    assert found.too_few == (("Small", "PHQ-9"),)


def test_no_two_answers_differ_by_fewer_than_five(site, begun):
    sizes = {date(2025, 2, 10): 5, date(2025, 5, 10): 4, date(2025, 8, 10): 7, date(2025, 11, 10): 1}
    for on, size in sizes.items():
        for _ in range(size):
            begun("Series", datetime(on.year, on.month, on.day, 15, tzinfo=UTC), 20, 5)
    seen = set()
    days = [date(2025, 1, 1) + timedelta(days=20 * n) for n in range(20)]
    for first_on in days:
        for last_on in days:
            if first_on <= last_on:
                found = response.response(Scope(site, first_on, last_on))
                seen.add(sum(group.courses for group in found.groups))
    assert seen == {0, 5, 7, 12}, "four and one are in no sum"


@pytest.mark.parametrize(
    ("first_on", "last_on", "whole"),
    [
        (date(2026, 1, 1), date(2026, 3, 31), (date(2026, 1, 1), date(2026, 3, 31))),
        (date(2026, 1, 1), date(2026, 3, 30), (date(2025, 10, 1), date(2025, 12, 31))),
        (date(2025, 9, 7), date(2026, 2, 1), (date(2025, 7, 1), date(2025, 12, 31))),
    ],
)
def test_only_whole_quarters_that_are_over_count(first_on, last_on, whole):
    assert quarters(first_on, last_on) == whole
