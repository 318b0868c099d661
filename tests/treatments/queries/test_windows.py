"""The window for follow-ups closing, boosters due, and the chip that counts the same."""

from datetime import timedelta

import pytest

from core import clock
from scheduler.models import Appointment, Status
from tests.treatments.clinic import equip
from tests.treatments.documents import branching, series
from treatments.actions import courses, protocols
from treatments.models import Visit, VisitStatus
from treatments.queries import panel, windows

pytestmark = pytest.mark.django_db


def booked(document, site, patient, flora, mona, now):
    equip(site)
    version = protocols.publish(document=document, by=mona, now=now)
    start = clock.local(now, site.zone).date() + timedelta(days=1)
    return courses.book(
        protocol_version=version, site=site, patient=patient, start_on=start, wishes={}, by=flora, now=now
    ).course


def done(visit, days_ago, now):
    """The visit took place so many days ago."""
    row = visit.appointment
    starts_at = now - timedelta(days=days_ago)
    Appointment.objects.filter(pk=row.pk).update(
        starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), local_on=starts_at.date(), status=Status.DONE
    )
    Visit.objects.filter(pk=visit.pk).update(status=VisitStatus.DONE)


@pytest.mark.parametrize(
    ("days_ago", "closes"), [(76, False), (77, True), (84, True), (91, True), (92, False)], ids=str
)
def test_a_closing_window_is_told_a_week_before_and_after(site, patient, flora, mona, now, days_ago, closes):
    course = booked(series(), site, patient, flora, mona, now)
    for number in (1, 2, 3):
        done(course.visits.select_related("appointment").get(key=f"infusions.{number}"), days_ago + 3 - number, now)
        done(course.visits.select_related("appointment").get(key=f"talks.{number}"), days_ago - number, now)
    [standing] = panel.standings(site, now=now)
    assert panel.Off.CLOSING not in [reason.off for reason in standing.reasons], "all were used"
    course.visits.filter(key="talks.3").update(status=VisitStatus.MISSED)
    course.visits.filter(key="talks.2").update(status=VisitStatus.TO_PLACE, appointment=None)
    [standing] = panel.standings(site, now=now)
    told = [reason.words for reason in standing.reasons if reason.off is panel.Off.CLOSING]
    assert bool(told) is closes
    assert all("1 without a time, 1 not used" in each for each in told)
    assert windows.closing(today=clock.local(now, site.zone).date()).exists() is closes, "the chip and the list agree"


def test_a_booster_that_nobody_booked_is_told(site, patient, flora, mona, now):
    course = booked(branching(), site, patient, flora, mona, now)
    course.visits.filter(key__startswith="maintenance").exclude(key="maintenance.1").update(status=VisitStatus.RELEASED)
    first = course.visits.select_related("appointment").get(key="maintenance.1")
    dated = [(first, clock.local(now, site.zone).date())]
    today = dated[0][1]
    [booster] = windows.overdue(course, dated, today=today)
    assert booster.on == today, "tentative: it waits for a decision"
    first.status = VisitStatus.BOOKED
    assert windows.overdue(course, dated, today=today) == []
    done(first, 2, now)
    first.refresh_from_db()
    dated = [(first, today - timedelta(days=2))]
    [due] = windows.overdue(course, dated, today=today)
    assert due.on == today + timedelta(days=12), "two weeks after the last one"
    assert windows.overdue(course, [(first, today)], today=today - timedelta(days=1)) == []
    course.on_hold = True
    assert windows.overdue(course, dated, today=today) == []
