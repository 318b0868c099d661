"""The course page and the work list, in a fixed number of queries."""

from uuid import uuid4

import pytest

from core.errors import NotFound
from scheduler.models import Resource
from tests.factories.clinics import PatientFactory
from treatments.queries import courses, work_list

pytestmark = pytest.mark.django_db


def test_the_page_of_a_course(book, django_assert_num_queries):
    course = book().course

    with django_assert_num_queries(3):
        page = courses.page(course.pk)
        shown = [
            (
                visit.label,
                visit.appointment.starts_at,
                [each.resource.name for each in visit.appointment.allocations.all()],
            )
            for visit in page.visits.all()
        ]
        assert page.patient.home_zone
        assert page.protocol_version.protocol.title

    assert len(shown) == 6
    assert [start for _, start, _ in shown] == sorted(start for _, start, _ in shown)


def test_visits_without_a_time_come_last(book):
    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)
    page = courses.page(book(partial=True).course.pk)
    assert [visit.status for visit in page.visits.all()] == ["booked"] * 3 + ["to_place"] * 3


def test_there_is_no_page_of_nothing():
    with pytest.raises(NotFound):
        courses.page(uuid4())


def test_the_work_list_names_neighbours(book, site, django_assert_num_queries, clinic):
    names = ["Theo", "Tessa"]
    Resource.objects.filter(name__in=names).update(is_active=False)
    book(partial=True)
    with django_assert_num_queries(2):
        waiting = work_list.waiting(site)
    assert [(each.visit.key, each.previous, each.next) for each in waiting] == [
        (f"talks.{n}", None, None) for n in (1, 2, 3)
    ]

    book(partial=True, patient=PatientFactory(site=site))
    with django_assert_num_queries(2):
        assert len(work_list.waiting(site)) == 6


def test_the_neighbours_are_those_of_the_same_block(book, site, flora, now):
    from treatments.models import Visit, VisitStatus

    course = book().course
    talk = course.visits.get(key="talks.2")
    Visit.objects.filter(pk=talk.pk).update(status=VisitStatus.TO_PLACE, appointment=None)

    [waiting] = work_list.waiting(site)
    assert (waiting.previous.key, waiting.next.key) == ("talks.1", "talks.3")
    with_page = courses.page(course.pk)
    assert with_page.visits.all()[5].key == "talks.2"


def test_cancelled_courses_are_not_on_the_list(book, site, flora, now):
    from treatments.actions import courses as actions

    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)
    actions.cancel(course=book(partial=True).course, by=flora, now=now, reason="")
    assert work_list.waiting(site) == []
