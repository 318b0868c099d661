"""An outbox full of reminders that are due, made in a few statements."""

from __future__ import annotations

from datetime import date, timedelta

from clinics.models import Patient, Site, User
from core import clock
from notifications.models import Message
from notifications.queries.database_clock import database_now
from scheduler.models import Appointment, ChangeSet, Status


def fill(site: Site, number: int, *, by: User) -> list[Message]:
    """One reminder a patient, due now whatever the hour."""
    now = database_now()
    starts = now + timedelta(days=2)
    local = clock.local(starts, site.zone)
    change_set = ChangeSet.objects.create(verb="book", by=by, site=site)
    patients = Patient.objects.bulk_create(
        Patient(
            site=site,
            given_name=f"Ana {n}",
            family_name="Example",
            birth_on=date(1980, 1, 1),
            email=f"ana{n}@example.org",
            may_email=True,
        )
        for n in range(number)
    )
    visits = Appointment.objects.bulk_create(
        Appointment(
            patient=patient,
            site=site,
            status=Status.BOOKED,
            starts_at=starts,
            ends_at=starts + timedelta(hours=1),
            local_on=local.date(),
            local_time=local.time(),
            zone=site.zone,
            summary="Visit",
            change_set=change_set,
        )
        for patient in patients
    )
    return Message.objects.bulk_create(
        Message(
            patient=visit.patient,
            appointment=visit,
            schedule_epoch=1,
            step="one_day",
            channel="email",
            due_at=now,
            next_try_at=now,
            not_after=starts,
            heeds_quiet_hours=False,
        )
        for visit in visits
    )
