"""Patients saying that they will come."""

from datetime import datetime

from django.db import transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict
from scheduler.actions import lines
from scheduler.announcements import appointments_changed
from scheduler.models import Appointment, ChangeSet, Status
from scheduler.models.change_set import Verb


class NotConfirmable(Conflict):
    """The visit is not waiting for the patient at the time that was confirmed. ``detail["current"]`` says how it stands."""

    code = "not_confirmable"


def confirm(*, appointment: Appointment, schedule_epoch: int, by: User, now: datetime, reason: str = "") -> Appointment:
    """Notes that the patient comes at the time of this epoch, as a change set that can be undone. Again: nothing changes.

    Announces ``appointments_changed``. ``reason`` is kept with the change: how they said it.

    Raises ``NotConfirmable`` when the visit was moved, cancelled or has begun; ``NotAllowed``.
    """
    require(by, Permission.SET_VISIT_STATUS)
    with transaction.atomic(), audit.acting(by):
        row = (
            Appointment.objects.select_for_update(of=("self",))
            .select_related("site", "patient", "change_set")
            .get(pk=appointment.pk)
        )
        if row.status != Status.BOOKED or row.schedule_epoch != schedule_epoch or row.starts_at <= now:
            raise NotConfirmable(
                "This visit cannot be confirmed any more. Look at how it stands now.",
                detail={"current": {"version": row.version, "status": row.status}},
            )
        if row.confirmed_at is None:
            taken = lines.taken_by([row.pk])
            before = lines.states([row], taken)
            row.confirmed_at = now
            row.version += 1
            row.change_set = ChangeSet.objects.create(
                verb=Verb.STATUS, by=by, site=row.site, patient=row.patient, reason=reason
            )
            row.save(update_fields=["confirmed_at", "version", "change_set", "updated_at"])
            lines.write(row.change_set, before, lines.states([row], taken))
            appointments_changed.announce(change_set=row.change_set, appointments=[row])
    return row
