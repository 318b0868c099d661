"""Writing the messages that forms are ready: some hours before each opens, by whoever sweeps."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from notifications.actions import unwanted, wakers
from notifications.actions.messages import Reconciled
from notifications.engine.ladder import Policy
from notifications.engine.states import UNSENT
from notifications.models import Message
from notifications.queries import forms
from notifications.queries.forms import Differing
from treatments.models import Course

log = structlog.get_logger(__name__)


def write(*, policy: Policy, now: datetime) -> Reconciled:
    """Makes the messages about the forms of all running courses what they should be. Safe to repeat."""
    return sum((write_each(page, policy=policy, now=now) for page in forms.pages()), Reconciled())


def write_each(courses: Sequence[Course], *, policy: Policy, now: datetime) -> Reconciled:
    """The same for these courses at once, a page of ``forms.pages``; where something spoils that, patient by patient
    without it.
    """
    try:
        with transaction.atomic():
            found = forms.compare(courses, now=now, policy=policy)
            return _write(found, now=now) + Reconciled(withdrawn=unwanted.drop(found.unwanted, now=now))
    except Exception as failure:  # noqa: BLE001 - one bad record must not stop the others
        by_patient: dict[UUID, list[Course]] = {}
        for course in courses:
            by_patient.setdefault(course.patient_id, []).append(course)
        if len(by_patient) == 1:
            for course in courses:
                log.error("course_without_form_messages", course=str(course.pk), failure=type(failure).__name__)  # noqa: TRY400
            return Reconciled()
    return sum((write_each(each, policy=policy, now=now) for each in by_patient.values()), Reconciled())


def _write(found: Differing, *, now: datetime) -> Reconciled:
    Message.objects.bulk_create([each.message for each in found.ready if each.is_new], ignore_conflicts=True)
    keys = [each.message.pk for each in found.ready]
    # another sweep may have written the same meanwhile; then ours are not there
    there = set(Message.objects.filter(pk__in=keys, state__in=UNSENT).values_list("pk", flat=True))
    mine = [each for each in found.ready if each.message.pk in there]
    retimed = 0
    for each in mine:
        each.message.visits.set(each.visits)
        if not each.is_new:
            row = each.message
            retimed += Message.objects.filter(pk=row.pk, state__in=UNSENT, attempts=0).update(
                due_at=row.due_at, not_after=row.not_after, next_try_at=row.due_at, updated_at=now
            )
    for soonest in sorted(each.message.due_at for each in mine)[:1]:
        wakers.wake(due_at=soonest, now=now)
    return Reconciled(written=sum(each.is_new for each in mine), retimed=retimed)
