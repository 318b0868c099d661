"""A patient who comes late: until when the visit can begin, what an arrival does, and taking it back."""

from datetime import date, datetime, time

import pytest

from core import clock
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from treatments.models import Visit

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 5, 4)


@pytest.fixture
def infusion(clinic, series, site, patient, flora, now):
    """Pat's first infusion, today; at 12:30 all chairs are taken."""
    from treatments.actions import courses

    course = courses.book(
        protocol_version=series, site=site, patient=patient, start_on=MONDAY, wishes={}, by=flora, now=now
    ).course
    half_past = clock.resolve(MONDAY, time(12, 30), site.zone).at
    for number in (1, 2, 3):
        taken = AppointmentFactory(
            site=site, starts_at=half_past, ends_at=clock.resolve(MONDAY, time(18), site.zone).at
        )
        AllocationFactory(appointment=taken, resource=clinic[f"Chair {number}"])
    visit = Visit.objects.select_related("appointment", "course__site").get(course=course, key="infusions.1")
    assert clock.local(visit.appointment.starts_at, site.zone).date() == MONDAY
    return visit


def starts(visit):
    visit.appointment.refresh_from_db()
    return clock.local(visit.appointment.starts_at, visit.course.site.zone).time()


def test_until_when_it_can_begin_and_why_not_later(desk, infusion):
    page = desk.get(f"/visits/{infusion.pk}/late").content.decode()
    assert "A start by 11:15am works" in page  # an hour, and a quarter for the turnover
    assert "Chair 1, Chair 2 and Chair 3 are taken then." in page


def test_an_arrival_is_shown_done_and_taken_back(desk, infusion, hidden):
    planned = starts(infusion)
    path = f"/visits/{infusion.pk}/late"
    page = desk.get(f"{path}?at=10:20").content.decode()
    assert "10:30am" in page
    assert starts(infusion) == planned
    sent = {name: hidden(page, name) for name in ("key", "digest", "seen", "at", "version")}
    answer = desk.post(path, sent)
    assert answer["Location"] == f"/?visit={infusion.appointment_id}"
    assert starts(infusion) == time(10, 30)
    board = desk.get("/").content.decode()
    assert "Undo: late arrival of Pat E." in board
    desk.post(f"/changes/{infusion.appointment.change_set_id}/undo", {})
    assert starts(infusion) == planned


def test_too_late_says_so_and_offers_a_move(desk, infusion):
    answer = desk.get(f"/visits/{infusion.pk}/late?at=14:00")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "That is too late" in page
    assert f"/visits/{infusion.pk}/move" in page


def test_in_time_changes_nothing(desk, infusion):
    early = datetime.combine(MONDAY, starts(infusion))
    page = desk.get(f"/visits/{infusion.pk}/late?at={early:%H:%M}").content.decode()
    assert "That is in time; nothing changes." in page
    assert "data-main>Move" not in page


@pytest.mark.parametrize("at", ["soon", "25:00", "%00", ""])
def test_what_is_no_time_is_asked_again(desk, infusion, at):
    assert desk.get(f"/visits/{infusion.pk}/late?at={at}").status_code == 422


def test_a_visit_of_another_day_has_nobody_late(desk, infusion):
    other = infusion.course.visits.get(key="infusions.2")
    assert "Nobody is late for this" in desk.get(f"/visits/{other.pk}/late").content.decode()
