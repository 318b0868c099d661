"""Links that are not part of a message: calendar subscriptions; and taking links back."""

from datetime import datetime, timedelta

from django.db import transaction

from clinics.models import Patient, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import NotAllowed
from notifications.models import Link
from notifications.models.link import Purpose

SUBSCRIPTION = timedelta(days=365)
"""How long a calendar subscription lasts before it has to be set up again."""


def subscribe_patient(*, patient: Patient, by: User, now: datetime) -> Link:
    """A patient's calendar subscription: the one there is, or a new one.

    Raises ``NotAllowed``.
    """
    require(by, Permission.EDIT_PATIENTS)
    with transaction.atomic(), audit.acting(by):
        Patient.objects.select_for_update().get(pk=patient.pk)  # two presses at once make one
        existing = Link.objects.usable(now=now).filter(patient=patient, purpose=Purpose.CALENDAR).first()
        if existing is not None and existing.opens:
            return existing
        return Link.issue(purpose=Purpose.CALENDAR, patient=patient, now=now, lifetime=SUBSCRIPTION)


def subscribe_staff(*, by: User, now: datetime) -> Link:
    """A calendar subscription of one's own visits; the one made before ends.

    Raises ``NotAllowed``.
    """
    require(by, Permission.VIEW_CALENDAR)
    with transaction.atomic(), audit.acting(by):
        revoke_all(user=by, purpose=Purpose.CALENDAR, by=by, now=now)
        return Link.issue(purpose=Purpose.CALENDAR, user=by, now=now, lifetime=SUBSCRIPTION)


def revoke_all(
    *, by: User, now: datetime, patient: Patient | None = None, user: User | None = None, purpose: Purpose | None = None
) -> int:
    """Ends every link of a patient, or one's own; of one purpose, or all. How many ended.

    Raises ``NotAllowed``.
    """
    if user is not None and user != by:
        raise NotAllowed("You can end your own links only.")
    require(by, Permission.EDIT_PATIENTS if patient else Permission.VIEW_CALENDAR)
    of = {"patient": patient} if patient else {"user": user or by}
    links = Link.objects.usable(now=now).filter(**of, **({"purpose": purpose} if purpose else {}))
    with transaction.atomic(), audit.acting(by):
        return links.update(revoked_at=now, revoked_by=by, updated_at=now)
