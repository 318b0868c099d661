"""What patients answer: by text message, or on the page behind their link.

Each answer is kept word for word, counts once however often it arrives, and has all its effects in the same transaction. No
answer moves or cancels a visit: a wish for that is a task for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput
from core.text import storable
from notifications.actions import consents
from notifications.channels.sms.text import about_sender, about_visit, economical
from notifications.channels.words import Editions, fill
from notifications.engine.answers import Meaning, understand
from notifications.engine.states import Channel, State
from notifications.engine.visit_numbers import number_of
from notifications.models import Answer, DeskTask, Link, Message
from notifications.models.consent import Source
from notifications.models.inbound import Matter
from notifications.queries import inbound, offers
from scheduler.actions import confirmations
from scheduler.models import Appointment, Status

log = structlog.get_logger(__name__)

NEAR = timedelta(days=14)
"""An answer without a number is about a visit no further ahead."""
LAST_ASKED = timedelta(days=7)
"""Or about the one that was last spoken of, no longer ago."""
LONGEST = 1600
SILENT_AFTER, WITHIN = 6, timedelta(minutes=10)
"""So many texts from one number in that time get no reply: two machines could answer each other for ever."""
PRESSES = (Meaning.CONFIRM, Meaning.CHANGE, Meaning.CANNOT_COME)
"""What can be answered on a patient's page."""
FOR_A_PERSON = {
    Meaning.CHANGE: Matter.CHANGE,
    Meaning.CANNOT_COME: Matter.CANNOT_COME,
    Meaning.WORDS: Matter.WORDS,
}


@dataclass(frozen=True, slots=True)
class _Heard:
    """A text as it is understood: who may have written it, and which visit it is about, if that is sure."""

    meaning: Meaning
    patients: Sequence[Patient]
    visit: Appointment | None = None
    upcoming: Sequence[Appointment] = field(default_factory=tuple)

    @property
    def patient(self) -> Patient | None:
        """The one patient it is from; None when several share the phone and no visit tells them apart."""
        if self.visit is not None:
            return self.visit.patient
        return self.patients[0] if len(self.patients) == 1 else None


def take_text(
    *, provider: str, event_id: str, sender: str, text: str, replies: bool = True, by: User, now: datetime
) -> Answer:
    """Takes a text message from ``sender`` (E.164), and says in ``said_back`` what to reply, if anything.

    The same event again gives what was said the first time. With ``replies`` False the network replies by itself.
    Raises ``NotAllowed``.
    """
    require(by, Permission.RUN_SYSTEM)
    with transaction.atomic(), audit.acting(by):
        heard = _hear(sender, text, now=now)
        answer = Answer(
            patient=heard.patient,
            appointment=heard.visit,
            provider=provider,
            event_id=event_id[:64],
            sender=sender[:20],
            text=_kept(text),
            meaning=heard.meaning,
            received_at=now,
        )
        if replies and not _too_many(sender, now=now):
            answer.said_back = _reply(heard)
        Answer.objects.bulk_create([answer], ignore_conflicts=True)
        first = Answer.objects.filter(pk=answer.pk).exists()
        if first:
            _carry_out(heard, answer, by=by, now=now)
    if not first:
        return Answer.objects.get(provider=provider, event_id=event_id[:64])
    log.info("answer", answer=str(answer.pk), meaning=answer.meaning)
    return answer


def take_press(
    *,
    link: Link,
    appointment: Appointment,
    schedule_epoch: int,
    meaning: Meaning,
    by: User,
    now: datetime,
    words: str = "",
) -> Answer:
    """Takes what a patient pressed about one visit, as it stood in ``schedule_epoch``. ``words``: what that means, for the desk.

    The same again, with nothing else in between, counts once.

    Raises ``confirmations.NotConfirmable``, ``InvalidInput``, ``NotAllowed``.
    """
    require(by, Permission.RUN_SYSTEM)
    if meaning not in PRESSES:
        raise InvalidInput("There is no such answer.", pointer="answer")
    with transaction.atomic(), audit.acting(by):
        visit = Appointment.objects.select_for_update(of=("self",)).select_related("patient").get(pk=appointment.pk)
        waiting = visit.status == Status.BOOKED and visit.starts_at > now and visit.schedule_epoch == schedule_epoch
        if not waiting or visit.patient_id != link.patient_id:
            raise confirmations.NotConfirmable("This visit is not waiting for an answer any more.")
        newest = inbound.newest_answer(visit)
        if newest is not None and (newest.link_id, newest.meaning, newest.text) == (link.pk, meaning, _kept(words)):
            return newest
        answer = Answer(
            patient=visit.patient,
            appointment=visit,
            link=link,
            provider="link",
            text=_kept(words),
            meaning=meaning,
            received_at=now,
        )
        answer.event_id = str(answer.pk)
        answer.save(force_insert=True)
        _carry_out(_Heard(meaning, [visit.patient] if visit.patient else [], visit), answer, by=by, now=now)
    log.info("answer", answer=str(answer.pk), meaning=answer.meaning)
    return answer


def _hear(sender: str, text: str, *, now: datetime) -> _Heard:
    understood = understand(text)
    patients = list(Patient.objects.filter(phone=sender).select_related("site").order_by("id")) if sender else []
    if not patients or understood.meaning in {Meaning.STOP, Meaning.START, Meaning.HELP}:
        return _Heard(understood.meaning, patients)
    if understood.number is None and offers.spoken_of_last([each.pk for each in patients], now=now):
        # "yes" would be about the time that was offered, which is taken on its page only: a person reads it
        return _Heard(Meaning.WORDS, patients)
    upcoming = list(
        Appointment.objects.filter(patient__in=patients, status=Status.BOOKED, starts_at__gt=now)
        .select_related("site", "patient__site")
        .order_by("starts_at", "id")
        .select_for_update(of=("self",))
    )
    visit = _visit_meant(understood.number, upcoming, patients, now=now)
    return _Heard(understood.meaning, patients, visit, upcoming)


def _visit_meant(
    number: int | None, upcoming: Sequence[Appointment], patients: Sequence[Patient], *, now: datetime
) -> Appointment | None:
    if number is not None:
        named = [visit for visit in upcoming if number_of(visit.pk) == number]
        return named[0] if len(named) == 1 else None
    near = [visit for visit in upcoming if visit.starts_at <= now + NEAR]
    if len(near) == 1:
        return near[0]
    asked = (
        Message.objects.filter(
            patient__in=patients,
            appointment__in=[visit.pk for visit in near],
            channel__in=[Channel.SMS, Channel.WEBHOOK],
            state__in=[State.ACCEPTED, State.DELIVERED],
            settled_at__gt=now - LAST_ASKED,
        )
        .order_by("-settled_at", "-id")
        .values_list("appointment", flat=True)
        .first()
    )
    return next((visit for visit in near if visit.pk == asked), None)


def _carry_out(heard: _Heard, answer: Answer, *, by: User, now: datetime) -> None:
    """Everything that follows from an answer."""
    if heard.meaning in {Meaning.STOP, Meaning.START}:
        for patient in heard.patients:
            consents.record(
                patient=patient,
                channel=Channel.SMS,
                given=heard.meaning is Meaning.START,
                source=Source.SMS,
                words=answer.text,
                by=by,
                now=now,
            )
    elif heard.meaning is Meaning.CONFIRM and heard.visit is not None:
        confirmations.confirm(appointment=heard.visit, schedule_epoch=heard.visit.schedule_epoch, by=by, now=now)
    elif heard.meaning in FOR_A_PERSON or (heard.meaning is Meaning.CONFIRM and not heard.upcoming):
        DeskTask.objects.create(
            matter=FOR_A_PERSON.get(heard.meaning, Matter.WORDS),
            patient=heard.patient,
            appointment=heard.visit,
            answer=answer,
            opened_at=now,
        )


def _reply(heard: _Heard) -> str:
    """What is texted back at once; nothing to strangers, nor to who wants no texts, except that this is so."""
    if not heard.patients:
        return ""
    patient = heard.patient or heard.patients[0]
    always = {Meaning.STOP, Meaning.START, Meaning.HELP}
    if heard.meaning not in always and not any(each.may_text for each in heard.patients):
        return ""
    visit = heard.visit
    name = {
        Meaning.STOP: "stopped",
        Meaning.START: "started",
        Meaning.HELP: "help",
        Meaning.CONFIRM: "confirmed" if visit else "which_visit" if heard.upcoming else "passed_on",
        Meaning.CHANGE: "change_noted" if visit else "passed_on",
        Meaning.CANNOT_COME: "cannot_come_noted" if visit else "passed_on",
        Meaning.WORDS: "passed_on",
    }[heard.meaning]
    site: Site = visit.site if visit else patient.site
    values = about_sender(patient.given_name, site)
    about = visit or (heard.upcoming[0] if heard.upcoming else None)
    if about is not None:
        values |= about_visit(about, patient.language)
    return economical(fill(Editions(Channel.SMS).words(name, patient.language).body, values))


def _too_many(sender: str, *, now: datetime) -> bool:
    return Answer.objects.filter(sender=sender[:20], received_at__gt=now - WITHIN).count() >= SILENT_AFTER


def _kept(text: str) -> str:
    """The words as they can be stored, at most ``LONGEST`` characters."""
    if not storable(text):
        text = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    return text[:LONGEST]
