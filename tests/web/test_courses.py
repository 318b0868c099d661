"""The page of a course; moving, placing and cancelling visits; the work list."""

from datetime import timedelta

import pytest

from core import clock
from scheduler.models import Status
from treatments.models import Course, CourseStatus, Visit, VisitStatus
from web import words

pytestmark = pytest.mark.django_db


def visit(course, key):
    return Visit.objects.select_related("appointment").get(course=course, key=key)


def local(visit):
    return clock.local(visit.appointment.starts_at, visit.course.site.zone)


def test_says_in_one_sentence_how_it_stands(desk, course):
    page = desk.get(f"/courses/{course.pk}/").content.decode()
    first = words.day(local(visit(course, "infusions.1")).date())
    assert f"Running. 0 of 6 visits done. Next: Infusion 1, {first}" in page
    assert "Booked by Flora Desk" in page


def test_messages_are_for_those_who_may_see_them(desk, nurse, course):
    assert "Messages to the patient" in desk.get(f"/courses/{course.pk}/").content.decode()
    assert "Messages to the patient" not in nurse.get(f"/courses/{course.pk}/").content.decode()


def test_a_nurse_sees_no_buttons_that_would_be_refused(nurse, course):
    page = nurse.get(f"/courses/{course.pk}/").content.decode()
    assert "Move…" not in page
    assert "Cancel" not in page


def test_moves_a_visit(desk, course):
    talk = visit(course, "talks.1")
    page = desk.get(f"/visits/{talk.pk}/move").content.decode()
    assert f'value="{local(talk):%H:%M}"' in page
    to = {"on": f"{local(talk):%Y-%m-%d}", "at": "16:00", "reason": "", "version": talk.appointment.version}
    answer = desk.post(f"/visits/{talk.pk}/move", to, follow=True)
    assert answer.redirect_chain == [(f"/courses/{course.pk}/#visit-{talk.pk}", 302)]
    assert "Talk 1 is moved to" in answer.content.decode()
    assert local(visit(course, "talks.1")).hour == 16


def test_a_move_against_the_rules_says_every_reason_and_keeps_the_input(desk, course):
    talk = visit(course, "talks.1")
    late = local(talk) + timedelta(days=6)
    answer = desk.post(
        f"/visits/{talk.pk}/move", {"on": f"{late:%Y-%m-%d}", "at": "10:05", "version": talk.appointment.version}
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "That time does not work" in page
    assert "Talk 1" in page
    assert 'value="10:05"' in page
    assert local(visit(course, "talks.1")) == local(talk)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"on": ""}, "on"),
        ({"on": "31/31"}, "on"),
        ({"at": "soon"}, "at"),
        ({"on": "2020-01-01"}, "at"),
        ({"on": "2199-01-01"}, "at"),
    ],
)
def test_an_impossible_time_is_said_at_its_field(desk, course, change, field):
    talk = visit(course, "talks.1")
    answer = desk.post(
        f"/visits/{talk.pk}/move", {"on": "2026-05-06", "at": "16:00", "version": talk.appointment.version} | change
    )
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in answer.content.decode()


def test_a_move_of_what_somebody_else_moved_is_refused(desk, course):
    talk = visit(course, "talks.1")
    answer = desk.post(f"/visits/{talk.pk}/move", {"on": f"{local(talk):%Y-%m-%d}", "at": "16:00", "version": "0"})
    assert answer.status_code == 409
    assert "changed this visit meanwhile" in answer.content.decode()


def test_cancels_one_visit(desk, course):
    talk = visit(course, "talks.3")
    assert "Only this visit" in desk.get(f"/visits/{talk.pk}/cancel").content.decode()
    answer = desk.post(
        f"/visits/{talk.pk}/cancel", {"why": "patient", "version": talk.appointment.version}, follow=True
    )
    assert "Talk 3 is cancelled" in answer.content.decode()
    talk = visit(course, "talks.3")
    assert (talk.status, talk.appointment.status) == (VisitStatus.CANCELLED, Status.CANCELLED)


def test_cancelling_asks_why(desk, course):
    talk = visit(course, "talks.3")
    answer = desk.post(f"/visits/{talk.pk}/cancel", {"version": talk.appointment.version})
    assert answer.status_code == 422
    assert "Choose why." in answer.content.decode()


def test_cancels_the_course_with_the_numbers(desk, course):
    page = desk.get(f"/courses/{course.pk}/cancel").content.decode()
    assert ">Cancel 6 visits<" in page
    answer = desk.post(f"/courses/{course.pk}/cancel", {"why": "clinic", "version": course.version}, follow=True)
    assert "is cancelled: 6 visits." in answer.content.decode()
    assert Course.objects.get().status == CourseStatus.CANCELLED
    assert "nothing left to cancel" in desk.get(f"/courses/{course.pk}/cancel").content.decode()


def test_a_stale_press_cancels_nothing(desk, course):
    answer = desk.post(f"/courses/{course.pk}/cancel", {"why": "clinic", "version": "99"})
    assert answer.status_code == 409
    assert "Nothing was cancelled" in answer.content.decode()
    assert Course.objects.get().status == CourseStatus.ACTIVE


def test_gives_a_waiting_visit_a_time(desk, asked, clinic, hidden):
    for name in ("Theo", "Tessa"):
        clinic[name].is_active = False
        clinic[name].save()
    page = desk.post("/courses/book", asked).content.decode()
    desk.post("/courses/book", asked | {"do": "book", "plan": hidden(page, "plan"), "key": hidden(page, "key")})
    clinic["Theo"].is_active = True
    clinic["Theo"].save()
    course = Course.objects.get()
    talk, infusion = visit(course, "talks.1"), visit(course, "infusions.1")
    assert f"/visits/{talk.pk}/place" in desk.get("/work-list/").content.decode()
    on = local(infusion) + timedelta(days=1)
    answer = desk.post(f"/visits/{talk.pk}/place", {"on": f"{on:%Y-%m-%d}", "at": "10:00"}, follow=True)
    assert "Talk 1 is booked on" in answer.content.decode()
    assert visit(course, "talks.1").status == VisitStatus.BOOKED


def test_the_work_list_says_when_nothing_waits(desk, course):
    assert "Every visit has a time" in desk.get("/work-list/").content.decode()
