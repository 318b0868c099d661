"""Booking for tests about messages: appointments as the booking actions leave them, announced as they announce them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import time_machine
from django.db import transaction

from clinics.models import Patient, User
from core import clock
from notifications.engine.ladder import STANDARD
from notifications.engine.states import Channel, Step
from notifications.models import Message, ReminderPolicy
from scheduler.actions import lines
from scheduler.announcements import appointments_changed
from scheduler.models import Appointment, Status
from scheduler.models.change_set import Verb
from tests.factories.scheduler import AppointmentFactory, ChangeSetFactory


def book(patient: Patient, *starts: datetime, now: datetime) -> list[Appointment]:
    """Books one-hour visits of a patient in one go."""
    with time_machine.travel(now, tick=False), transaction.atomic():
        change_set = ChangeSetFactory(verb=Verb.BOOK, site=patient.site, patient=patient)
        made = [
            AppointmentFactory(site=patient.site, patient=patient, change_set=change_set, starts_at=start)
            for start in starts
        ]
        lines.write(change_set, {}, lines.states(made, {}))
        appointments_changed.announce(change_set=change_set, appointments=made)
    return made


def send(**policy: Any) -> None:
    """The clinic's next edition of its policy: the shipped one, but for this."""
    ReminderPolicy.objects.create(
        version=ReminderPolicy.objects.count() + 1,
        by=User.objects.service(),
        **{field.name: getattr(STANDARD, field.name) for field in fields(STANDARD)} | policy,
    )


def tell_of_form(patient: Patient, visits: Sequence[Appointment], **fields: Any) -> Message:
    """The message that a form is ready, counted from these visits."""
    at = visits[0].starts_at
    given = {"due_at": at, "not_after": at + timedelta(days=2), "next_try_at": at, "channel": Channel.EMAIL}
    row = Message.objects.create(patient=patient, step=Step.FORM, form_on=visits[0].local_on, **given | fields)
    row.visits.set(visits)
    return row


def tell_of_offer(patient: Patient, at: datetime) -> Message:
    """The message that an hour which is held has become free."""
    hold = AppointmentFactory(
        site=patient.site,
        patient=None,
        status=Status.HELD,
        starts_at=at,
        hold_expires_at=at - timedelta(days=1),
        summary="Ketamine infusion 3, depression",
    )
    given = {"due_at": at - timedelta(days=2), "not_after": at - timedelta(days=1), "next_try_at": at}
    return Message.objects.create(patient=patient, appointment=hold, step=Step.OFFER, channel=Channel.EMAIL, **given)


def move(appointment: Appointment, to: datetime, *, now: datetime) -> None:
    """Moves a visit, one hour long."""
    row = Appointment.objects.get(pk=appointment.pk)
    row.starts_at, row.ends_at = to, to + timedelta(hours=1)
    local = clock.local(to, row.zone)
    row.local_on, row.local_time = local.date(), local.time()
    row.schedule_epoch += 1
    _change(row, Verb.MOVE, now)


def cancel(appointment: Appointment, *, now: datetime) -> None:
    """Cancels a visit."""
    row = Appointment.objects.get(pk=appointment.pk)
    row.status = Status.CANCELLED
    _change(row, Verb.CANCEL, now)


def set_status(appointment: Appointment, status: Status, *, now: datetime) -> None:
    """Gives a visit another status."""
    row = Appointment.objects.get(pk=appointment.pk)
    row.status = status
    _change(row, Verb.STATUS, now)


def mails(files: Sequence[Path]) -> list[EmailMessage]:
    """What a sink caught, parsed."""
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def _change(row: Appointment, verb: Verb, now: datetime) -> None:
    with time_machine.travel(now, tick=False), transaction.atomic():
        change_set = ChangeSetFactory(verb=verb, site=row.site, patient=row.patient)
        before = lines.states([Appointment.objects.get(pk=row.pk)], {})
        row.change_set = change_set
        row.save()
        lines.write(change_set, before, lines.states([row], {}))
        appointments_changed.announce(change_set=change_set, appointments=[row])
