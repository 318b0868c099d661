"""Writing the messages that forms are ready: some hours before each opens, by whoever sweeps."""

from datetime import datetime

from django.db import transaction

from notifications.actions import unwanted, wakers
from notifications.engine.ladder import Policy
from notifications.engine.states import UNSENT
from notifications.models import Message
from notifications.queries import forms
from notifications.queries.forms import Differing


def write(*, policy: Policy, now: datetime) -> tuple[int, int]:
    """Makes the messages about the forms of all running courses what they should be. How many were written or given another
    time, and how many taken away. Safe to repeat.
    """
    written = taken_away = 0
    for page in forms.pages():
        with transaction.atomic():
            found = forms.compare(page, now=now, policy=policy)
            written += _write(found, now=now)
            taken_away += unwanted.drop(found.unwanted, now=now)
    return written, taken_away


def _write(found: Differing, *, now: datetime) -> int:
    Message.objects.bulk_create([each.message for each in found.ready if each.is_new], ignore_conflicts=True)
    keys = [each.message.pk for each in found.ready]
    # another sweep may have written the same meanwhile; then ours are not there
    there = set(Message.objects.filter(pk__in=keys, state__in=UNSENT).values_list("pk", flat=True))
    mine = [each for each in found.ready if each.message.pk in there]
    for each in mine:
        each.message.visits.set(each.visits)
        if not each.is_new:
            row = each.message
            Message.objects.filter(pk=row.pk, state__in=UNSENT, attempts=0).update(
                due_at=row.due_at, not_after=row.not_after, next_try_at=row.due_at, updated_at=now
            )
    for soonest in sorted(each.message.due_at for each in mine)[:1]:
        wakers.wake(due_at=soonest, now=now)
    return len(mine)
