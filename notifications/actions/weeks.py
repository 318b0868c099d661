"""Writing the messages about weeks with several visits, in the transaction of whatever changed the week."""

from collections.abc import Sequence
from datetime import datetime

from notifications.engine.states import UNSENT
from notifications.models import Message
from notifications.queries.weeks import Week


def write(weeks: Sequence[Week], *, now: datetime) -> tuple[int, int]:
    """Makes these messages what they should be. How many were new, and how many got another time. Safe to repeat."""
    new = [week for week in weeks if week.is_new]
    for week in new:
        week.message.knew, week.message.not_after = week.knew, week.not_after
    Message.objects.bulk_create([week.message for week in new], ignore_conflicts=True)
    waiting = Message.objects.filter(pk__in=[week.message.pk for week in weeks], state__in=UNSENT)
    there = set(waiting.values_list("pk", flat=True))
    retimed = 0
    for week in weeks:
        if week.message.pk not in there:
            continue
        week.message.visits.set(week.visits)
        if not week.is_new:
            time = {"due_at": week.due_at, "next_try_at": week.due_at} if week.due_at else {}
            done = Message.objects.filter(pk=week.message.pk, state__in=UNSENT).update(
                knew=week.knew, not_after=week.not_after, updated_at=now, **time
            )
            retimed += done if time else 0
    return len(new), retimed
