"""Calendar files, read back by a parser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from clinics import red_words
from notifications.channels import calendar
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.notifications.booking import book, cancel, move

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)  # 9:30 in New York


@pytest.fixture
def visits(settings) -> list[Appointment]:
    settings.DEFAULT_FROM_EMAIL = "appointments@clinic.example"
    site = SiteFactory(name="Ketamine Clinic", public_name="Alder", address="1 River Street; Suite 2, Albany\nNY")
    made = book(PatientFactory(site=site, given_name="Ana;CN=x"), THURSDAY, THURSDAY + timedelta(days=7), now=MONDAY)
    for visit in made:
        visit.summary = "Ketamine infusion 3, depression"
        visit.save()
    return list(Appointment.objects.select_related("site", "patient").order_by("starts_at"))


def events(content: bytes) -> list:
    return list(Calendar.from_ical(content).walk("VEVENT"))


def test_a_request_holds_each_visit_as_its_own_event(visits) -> None:
    content = calendar.request(visits, visits[0].patient)
    parsed = Calendar.from_ical(content)
    assert parsed["METHOD"] == "REQUEST"
    first, second = events(content)
    assert (first["UID"], second["UID"]) == tuple(f"{visit.pk}@clinic.example" for visit in visits)
    assert first["DTSTART"].params["TZID"] == "America/New_York"
    assert first["DTSTART"].dt == THURSDAY
    assert first["DTSTART"].dt.hour == 9
    assert first["DTEND"].dt - first["DTSTART"].dt == timedelta(hours=1)
    assert (first["STATUS"], first["CLASS"]) == ("CONFIRMED", "PRIVATE")
    assert str(first["LOCATION"]) == "1 River Street; Suite 2, Albany NY"
    assert str(first["ATTENDEE"]) == f"mailto:{visits[0].patient.email}"
    assert first["ATTENDEE"].params["CN"] == "Ana;CN=x"
    assert str(first["ORGANIZER"]) == "mailto:appointments@clinic.example"


def test_nothing_in_it_tells_what_the_visit_is_for(visits) -> None:
    for content in (
        calendar.request(visits, visits[0].patient),
        calendar.cancellation(visits, visits[0].patient),
        calendar.published(visits, "es", name="Cita"),
    ):
        unfolded = content.decode().replace("\r\n ", "")
        assert red_words.found(unfolded.replace("VTIMEZONE", "")) == []
    assert str(events(content)[0]["SUMMARY"]) == "Cita, Alder"


def test_lines_are_folded_and_end_as_the_standard_says(visits) -> None:
    content = calendar.request(visits, visits[0].patient)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_the_zone_is_defined_in_the_file_and_right_on_both_sides_of_the_change(visits) -> None:
    book(visits[0].patient, datetime(2026, 7, 1, 13, 30, tzinfo=UTC), now=MONDAY)
    summer = Appointment.objects.select_related("site").earliest("starts_at")
    parsed = Calendar.from_ical(calendar.published([summer, *visits], "en", name="x"))
    [zone] = parsed.walk("VTIMEZONE")
    defined = zone.to_tz()
    for visit in (summer, *visits):
        wall = visit.starts_at.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
        assert defined.utcoffset(wall) == ZoneInfo("America/New_York").utcoffset(wall)


def test_after_a_move_the_same_event_has_a_higher_sequence(visits) -> None:
    patient = visits[0].patient
    before = events(calendar.request(visits[:1], patient))[0]
    move(visits[0], THURSDAY + timedelta(days=1), now=MONDAY)
    Appointment.objects.filter(pk=visits[0].pk).update(version=2)
    moved = Appointment.objects.select_related("site").get(pk=visits[0].pk)
    after = events(calendar.request([moved], patient))[0]
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTART"].dt == before["DTSTART"].dt + timedelta(days=1)


def test_a_cancellation_takes_the_same_event_out(visits) -> None:
    cancel(visits[0], now=MONDAY)
    gone = Appointment.objects.select_related("site").get(pk=visits[0].pk)
    content = calendar.cancellation([gone], visits[0].patient)
    assert Calendar.from_ical(content)["METHOD"] == "CANCEL"
    [event] = events(content)
    assert (event["UID"], event["STATUS"]) == (f"{visits[0].pk}@clinic.example", "CANCELLED")
    assert event.walk("VALARM") == []


def test_an_empty_feed_is_a_calendar(db) -> None:
    assert Calendar.from_ical(calendar.published([], "en", name="Appointment"))["METHOD"] == "PUBLISH"
