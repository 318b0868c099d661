"""The visits whose patients have not said that they come, those first whose loss would cost most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from clinics.models import Site
from notifications.engine.answers import Meaning
from notifications.engine.states import State
from notifications.models import Answer, Message, Outcome, PhoneCall
from scheduler.models import Appointment, Status
from treatments.many.waiting import BY_PHONE_FAMILY
from treatments.models import Visit
from treatments.models.course import HAPPENS

WORKING_DAYS = 3
"""So many of the next days on which there are visits."""
ANSWERS_COUNT = timedelta(days=14)
"""An answer that named no visit is taken to be about this one for so long."""
TO_READ = (Meaning.WORDS, Meaning.CHANGE, Meaning.CANNOT_COME)
"""Answers that do not settle whether the patient comes."""
FAILED = (State.DEAD, State.UNDELIVERED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Day:
    """How far one date is. ``confirmed`` of ``visits`` are."""

    on: date
    visits: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """One visit that waits for an answer. ``message`` is the last that was said about it, or else the next to be."""

    appointment: Appointment
    message: Message | None
    words: str
    """What the patient wrote and no rule understood; empty if nothing."""
    meaning: str
    attempts: int
    """Calls that reached nobody."""
    last_attempt: Any
    """The id of the newest of them."""
    caller: str
    """Who is calling right now; empty if nobody."""
    missed_before: int
    is_first: bool
    """The first infusion of a course: missing it puts off everything after it."""

    @property
    def minutes(self) -> int:
        """How long its chair or room would stand empty."""
        return int((self.appointment.ends_at - self.appointment.starts_at).total_seconds() // 60)

    @property
    def failed(self) -> bool:
        """Whether the last message did not arrive."""
        return self.message is not None and self.message.state in FAILED

    @property
    def harm(self) -> tuple[bool, int, int, bool]:
        """What missing it would cost, to be compared: a first infusion, time of a chair, missed before, not reached."""
        return (self.is_first, self.minutes, self.missed_before, self.failed)


def days(site: Site, *, now: datetime, at_most: int = WORKING_DAYS) -> list[Day]:
    """The next days on which there are visits still to begin, and how many of these are confirmed. One query."""
    rows = (
        _coming(site, now)
        .values("local_on")
        .annotate(visits=Count("pk"), confirmed=Count("confirmed_at"))
        .order_by("local_on")[:at_most]
    )
    return [Day(row["local_on"], row["visits"], row["confirmed"]) for row in rows]


def unconfirmed(
    site: Site, on: Sequence[date], *, now: datetime, marked_since: datetime, at_most: int
) -> list[Unconfirmed]:
    """The visits of these dates that wait for an answer, those first whose loss would cost most. Two queries.

    ``marked_since``: somebody who said later than this that they call counts as calling.
    """
    rows = list(_described(_coming(site, now).filter(local_on__in=list(on), confirmed_at=None), now, marked_since))
    said = _last_messages(rows)
    found = [
        Unconfirmed(
            appointment=row,
            message=said.get(row.pk),
            words=row.words or "",  # type: ignore[attr-defined]
            meaning=row.meaning or "",  # type: ignore[attr-defined]
            attempts=row.attempts,  # type: ignore[attr-defined]
            last_attempt=row.last_attempt,  # type: ignore[attr-defined]
            caller=row.caller or "",  # type: ignore[attr-defined]
            missed_before=row.missed_before,  # type: ignore[attr-defined]
            is_first=bool(row.is_first),  # type: ignore[attr-defined]
        )
        for row in rows
    ]
    found.sort(key=lambda each: (*(-int(part) for part in each.harm), each.appointment.starts_at, each.appointment.pk))
    return found[:at_most]


def _coming(site: Site, now: datetime) -> QuerySet[Appointment]:
    return Appointment.objects.filter(site=site, status=Status.BOOKED, starts_at__gt=now)


def _described(rows: QuerySet[Appointment], now: datetime, marked_since: datetime) -> QuerySet[Appointment]:
    """With everything a row says, by parts of the same query."""
    answers = Answer.objects.filter(
        Q(appointment=OuterRef("pk")) | Q(appointment=None, patient=OuterRef("patient")),
        meaning__in=TO_READ,
        received_at__gt=now - ANSWERS_COUNT,
    ).order_by("-received_at", "-id")
    calls = PhoneCall.objects.filter(appointment=OuterRef("pk"), schedule_epoch=OuterRef("schedule_epoch"))
    attempts = calls.filter(outcome=Outcome.LEFT_MESSAGE)
    marks = calls.filter(outcome=Outcome.CALLING, called_at__gt=marked_since)
    missed = Appointment.objects.filter(patient=OuterRef("patient"), status=Status.MISSED)
    earlier = Visit.objects.filter(
        course=OuterRef("visit__course"),
        family=BY_PHONE_FAMILY,
        position__lt=OuterRef("visit__position"),
        status__in=HAPPENS,
    )
    return rows.select_related("patient", "visit__course").annotate(
        words=Subquery(answers.values("text")[:1]),
        meaning=Subquery(answers.values("meaning")[:1]),
        attempts=_count(attempts),
        last_attempt=Subquery(attempts.order_by("-called_at").values("pk")[:1]),
        caller=Subquery(marks.values("by__name")[:1]),
        missed_before=_count(missed),
        is_first=Q(visit__family=BY_PHONE_FAMILY) & ~Exists(earlier),
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many rows, as a part of another query."""
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _last_messages(rows: Sequence[Appointment]) -> dict[Any, Message]:
    """For each visit the last message that a provider may have heard of, else the next. One query."""
    found = (
        Message.objects.filter(appointment__in=[row.pk for row in rows])
        .select_related("patient__site", "appointment", "handling")
        .order_by("appointment", F("first_tried_at").desc(nulls_last=True), "due_at", "id")
        .distinct("appointment")
    )
    return {message.appointment_id: message for message in found}
