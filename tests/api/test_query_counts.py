"""Lists cost the same number of queries for one row as for three. One of them is the token's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.factories.clinics import PatientFactory, SiteFactory
from tests.factories.scheduler import AllocationFactory, ChairFactory, ChangeLineFactory, PersonFactory
from tests.factories.treatments import (
    BookedVisitFactory,
    CourseChangeFactory,
    CourseFactory,
    ProtocolVersionFactory,
    WaitlistEntryFactory,
)
from treatments.models import DecisionHandover

pytestmark = pytest.mark.django_db


def booked() -> Any:
    visit = BookedVisitFactory()
    for role in ("chair", "nurse"):
        AllocationFactory(appointment=visit.appointment, resource=ChairFactory(site=visit.course.site), role=role)
    return visit


def changed() -> Any:
    line = ChangeLineFactory()
    return CourseChangeFactory(change_set=line.change_set)


def handed_over() -> Any:
    course = CourseFactory()
    return DecisionHandover.objects.create(
        course=course, choice="hold", reason="Infection", by=course.booked_by, handed_at=course.created_at
    )


MAKE: dict[str, Callable[[], Any]] = {
    "sites/": SiteFactory,
    "patients/": PatientFactory,
    "protocols/": ProtocolVersionFactory,
    "resources/": lambda: PersonFactory(skills=["infusion_nurse", "prescriber"]),
    "courses/": CourseFactory,
    "visits/": booked,
    "waitlist/": lambda: WaitlistEntryFactory(visit=booked()),
    "appointments/": booked,
    "handovers/": handed_over,
    "change-sets/": changed,
}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("sites/", 2),
        ("patients/", 2),
        ("protocols/", 2),
        ("resources/", 3),  # and the skills
        ("courses/", 2),
        ("visits/", 3),  # and the allocations with their resources
        ("waitlist/", 3),  # and the allocations with their resources
        ("handovers/", 2),
        ("appointments/", 3),  # and the allocations with their resources
        ("change-sets/", 4),  # and their lines and courses
    ],
)
def test_lists(desk, path, queries, rows, django_assert_num_queries):
    for _ in range(rows):
        MAKE[path]()
    with django_assert_num_queries(queries):
        answer = desk.get(path)
    assert len(answer.json()["results"]) == rows


@pytest.mark.parametrize("visits", [1, 3])
def test_a_course_costs_the_same_with_more_visits(desk, visits, django_assert_num_queries):
    course = CourseFactory()
    for number in range(visits):
        visit = BookedVisitFactory(course=course, appointment__starts_at=course.created_at + timedelta(days=number + 1))
        AllocationFactory(appointment=visit.appointment)
    with django_assert_num_queries(4):
        answer = desk.get(f"courses/{course.pk}/")
    assert len(answer.json()["visits"]) == visits


@pytest.mark.parametrize("chairs", [1, 3])
def test_free_times_cost_the_same_with_more_chairs(desk, site, chairs, django_assert_num_queries):
    for _ in range(chairs):
        ChairFactory(site=site)
    with django_assert_num_queries(10):
        answer = desk.get(
            "availability/", site=site.pk, kind="chair", minutes=60, from_on="2026-05-05", to_on="2026-05-05"
        )
    assert len({each["resource"]["id"] for each in answer.json()["results"]}) == chairs


@pytest.mark.parametrize("chairs", [1, 3])
def test_why_not_costs_the_same_with_more_chairs(desk, plan, clinic, site, course, chairs, django_assert_num_queries):
    for _ in range(chairs):
        ChairFactory(site=site, skills=["monitored"])
    at = {"starts_at": "2026-05-08T12:00:00Z"}
    with django_assert_num_queries(10):
        assert desk.post("courses/why-not", plan | at | {"visit": "infusions.2"}).status_code == 200
    visit = course.visits.get(key="talks.2")
    with django_assert_num_queries(13):
        assert desk.post(f"visits/{visit.pk}/why-not", at).status_code == 200
