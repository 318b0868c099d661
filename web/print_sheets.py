"""What is printed: a day by room or by person, the calls for a day, one patient's plan. Reads and arranges; decides nothing."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from clinics.models import Patient, Site
from core import clock
from notifications.channels.languages import language_of, phone
from scheduler.models import Allocation, Appointment, Kind, Status
from treatments.models import Course, VisitStatus
from web import statuses
from web.patient_words import WORDS, PatientWords
from web.statuses import State
from web.visit_lines import who_and_where

NOBODY, NOWHERE = "No one yet", "No room"
_SHEET = (Status.BOOKED, Status.ARRIVED, Status.IN_TREATMENT, Status.DONE, Status.MISSED)
_EXPECTED = (VisitStatus.BOOKED, VisitStatus.TENTATIVE)
TWO_COLUMNS_FROM = 17
"""A plan of so many visits takes two columns to stay on one page."""
SMALLER_FROM = 27
"""And one of so many smaller letters; they are still larger than those of the staff's sheets."""


@dataclass(frozen=True, slots=True)
class Row:
    """One visit on a day sheet. ``starts`` and ``ends`` are local; ``other`` is the place on a sheet by person, and the
    people on one by room.
    """

    starts: datetime
    ends: datetime
    patient: Patient
    code: str
    what: str
    other: str
    state: State


@dataclass(frozen=True, slots=True)
class Block:
    """The visits of one room or person, in order of time."""

    title: str
    rows: tuple[Row, ...]


def day(site: Site, on: date, *, by_person: bool) -> list[Block]:
    """A day of a site, by room or chair, or by person. Two queries.

    Cancelled visits and holds are left out. A visit with two people stands at both.
    """
    zone = ZoneInfo(site.zone)
    blocks: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for appointment in _on(site, on):
        resources = [each.resource for each in appointment.allocations.all()]
        place, people = who_and_where(resources)
        own = [each for each in resources if (each.kind == Kind.PERSON) == by_person and each.kind != Kind.DEVICE]
        visit = getattr(appointment, "visit", None)
        assert appointment.patient is not None  # noqa: S101 - only holds are without
        row = Row(
            starts=appointment.starts_at.astimezone(zone),
            ends=appointment.ends_at.astimezone(zone),
            patient=appointment.patient,
            code=visit.family if visit else "",
            what=appointment.summary,
            other=place if by_person else people,
            state=statuses.of_appointment(appointment),
        )
        titles = {(each.position, each.name) for each in own} or {(10_000, NOBODY if by_person else NOWHERE)}
        for title in titles:
            blocks[title].append(row)
    return [Block(title[1], tuple(rows)) for title, rows in sorted(blocks.items(), key=lambda block: block[0])]


def _on(site: Site, on: date) -> Iterable[Appointment]:
    starts_at, ends_at = clock.day_bounds(on, site.zone)
    taken = Allocation.objects.select_related("resource").order_by("starts_at", "role", "lane")
    return (
        Appointment.objects.filter(site=site, status__in=_SHEET)
        .overlapping(starts_at, ends_at)
        .select_related("patient", "visit")
        .prefetch_related(Prefetch("allocations", queryset=taken))
        .order_by("starts_at", "id")
    )


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to ring about the visits of a day."""

    patient: Patient
    visits: tuple[Row, ...]


def calls(site: Site, on: date) -> list[Call]:
    """Who is expected on a day and has not confirmed, the earliest first. Two queries."""
    zone = ZoneInfo(site.zone)
    of_patient: dict[Patient, list[Row]] = defaultdict(list)
    for appointment in _on(site, on):
        if appointment.status != Status.BOOKED or appointment.confirmed_at is not None or appointment.patient is None:
            continue
        visit = getattr(appointment, "visit", None)
        of_patient[appointment.patient].append(
            Row(
                starts=appointment.starts_at.astimezone(zone),
                ends=appointment.ends_at.astimezone(zone),
                patient=appointment.patient,
                code=visit.family if visit else "",
                what=appointment.summary,
                other="",
                state=statuses.of_appointment(appointment),
            )
        )
    return [Call(patient, tuple(rows)) for patient, rows in of_patient.items()]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One visit in the patient's language: "Thursday 26 November", "9:30am", "until 11:00am". It does not say what it is for."""

    day: str
    begins: str
    until: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The visits still to come of a course, and the words around them in the patient's language."""

    rows: tuple[PlanRow, ...]
    words: PatientWords
    language: str
    printed: str
    call: str

    @property
    def columns(self) -> bool:
        """Whether it takes two columns to stay on one page."""
        return len(self.rows) >= TWO_COLUMNS_FROM

    @property
    def many(self) -> bool:
        """Whether that takes smaller letters."""
        return len(self.rows) >= SMALLER_FROM


def plan(course: Course, *, now: datetime) -> Plan:
    """The plan of a course read with ``treatments.queries.courses.page``, in order of time. No query."""
    language = language_of(course.patient.language)
    words = WORDS[language.code]
    zone = ZoneInfo(course.site.zone)
    coming = [
        (visit.appointment.starts_at.astimezone(zone), visit.appointment.ends_at.astimezone(zone))
        for visit in course.visits.all()
        if visit.status in _EXPECTED and visit.appointment is not None and visit.appointment.ends_at > now
    ]
    at = now.astimezone(zone)
    return Plan(
        rows=tuple(
            PlanRow(language.day_of(starts), language.time_of(starts), words.until.format(ends=language.time_of(ends)))
            for starts, ends in coming
        ),
        words=words,
        language=language.code,
        printed=words.printed.format(day=language.day_of(at), time=language.time_of(at)),
        call=words.call.format(phone=phone(course.site.phone)),
    )
