"""Calendar files (RFC 5545, RFC 5546): one event for each visit, which every later file about it replaces.

The identifier is the visit's own and never changes; the sequence is the visit's version and rises with every change. Titles
are neutral: a calendar is often shared, and shown on a locked screen.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from email.utils import parseaddr
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Alarm, Calendar, Event, Timezone, vCalAddress

from clinics.models import Patient
from notifications.channels.languages import Language, language_of, one_line, phone
from scheduler.models import Appointment, Status

PRODUCT = "-//Appointments//EN"
"""Neutral as well: some calendars show it."""
ALARM_BEFORE = timedelta(hours=16)
"""The evening before a visit in the morning."""
FEED_REFRESH = timedelta(hours=1)
ENDED = (Status.CANCELLED, Status.MISSED)


def request(visits: Iterable[Appointment], patient: Patient) -> bytes:
    """An invitation by mail: the visits as they are now. Needs ``site`` of each loaded."""
    return _file(visits, language_of(patient.language), method="REQUEST", patient=patient)


def cancellation(visits: Iterable[Appointment], patient: Patient) -> bytes:
    """A mail that takes the visits out of the calendar again."""
    return _file(visits, language_of(patient.language), method="CANCEL", patient=patient)


def published(visits: Iterable[Appointment], language: str, *, name: str) -> bytes:
    """A file to download or to subscribe to, called ``name``."""
    return _file(visits, language_of(language), method="PUBLISH", name=name)


def uid(visit: Appointment) -> str:
    """The identifier of a visit in every calendar."""
    return f"{visit.pk}@{_domain()}"


def _file(
    visits: Iterable[Appointment], language: Language, *, method: str, patient: Patient | None = None, name: str = ""
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", FEED_REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", FEED_REFRESH)
    listed = sorted(visits, key=lambda visit: (visit.starts_at, str(visit.pk)))
    for zone in sorted({visit.zone for visit in listed}):
        years = [visit.starts_at.year for visit in listed if visit.zone == zone]
        calendar.add_component(_zone(zone, min(years), max(years)))
    for visit in listed:
        calendar.add_component(_event(visit, language, method=method, patient=patient))
    return calendar.to_ical()  # type: ignore[no-any-return]


def _event(visit: Appointment, language: Language, *, method: str, patient: Patient | None) -> Event:
    ended = method == "CANCEL" or visit.status in ENDED
    event = Event()
    event.add("uid", uid(visit))
    event.add("sequence", visit.version)
    event.add("dtstamp", visit.updated_at)
    event.add("last-modified", visit.updated_at)
    event.add("dtstart", visit.starts_at.astimezone(ZoneInfo(visit.zone)))
    event.add("dtend", visit.ends_at.astimezone(ZoneInfo(visit.zone)))
    sender = one_line(visit.site.public_name)
    event.add("summary", f"{language.calendar_title}, {sender}")
    event.add("location", one_line(visit.site.address))
    event.add("description", f"{sender}, {phone(visit.site.phone)}")
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if ended else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if ended else "OPAQUE")
    if patient is not None:
        event.add("organizer", _person(parseaddr(settings.DEFAULT_FROM_EMAIL)[1], sender))
        attendee = _person(patient.email, one_line(patient.given_name))
        attendee.params["partstat"] = "NEEDS-ACTION"
        attendee.params["rsvp"] = "FALSE"
        event.add("attendee", attendee, encode=False)
    if not ended:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", language.calendar_title)
        alarm.add("trigger", -ALARM_BEFORE)
        event.add_component(alarm)
    return event


def _person(address: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    person.params["cn"] = name
    return person


@lru_cache(maxsize=256)
def _zone(zone: str, first_year: int, last_year: int) -> Timezone:
    """The definition of a zone, with every change of its clocks in these years and one around them."""
    return Timezone.from_tzinfo(ZoneInfo(zone), zone, date(first_year - 1, 1, 1), date(last_year + 1, 12, 31))


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
