"""Receivers of announcements: they write rows in the announcing transaction, nothing else."""

from collections.abc import Sequence
from datetime import datetime

from clinics.announcements import patient_changed, patients_merged
from clinics.models import Patient, User
from core import clock
from notifications.actions import consents, escalations, merges, messages, staff_notices
from scheduler.announcements import appointments_changed
from scheduler.models import Appointment, ChangeSet
from treatments.announcements import staff_asked
from treatments.models import AlertCall


@appointments_changed.receive
def reminders_follow(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
    """Whatever became of these appointments, what is to be said about them follows, and what the desk has to ask."""
    now = clock.now()
    messages.reconcile(appointments=appointments, change_set=change_set, now=now)
    escalations.settle(appointments=appointments, by=change_set.by, now=now)


@patient_changed.receive
def consents_follow(*, patient: Patient, by: User, now: datetime, agreed_to: str) -> None:
    """What staff noted about how a patient may be reached is kept as a fact."""
    consents.follow(patient=patient, by=by, now=now, agreed_to=agreed_to)


@patients_merged.receive
def messages_move(*, kept: Patient, duplicate: Patient, by: User, now: datetime) -> None:
    """The duplicate's messages, links and tasks become the other's, and what the duplicate stopped stays stopped."""
    merges.follow(kept=kept, duplicate=duplicate, by=by, now=now)


@staff_asked.receive
def notices_follow(*, calls: Sequence[AlertCall]) -> None:
    """Whoever is asked to look at an alert is told outside the pages that a clinician is needed."""
    staff_notices.write(calls=calls)
