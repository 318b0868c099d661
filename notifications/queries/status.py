"""How the pipeline is doing, in numbers: what an operator looks at and an alarm goes by. Nothing about any patient."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Sum

from core import ids
from notifications.engine.states import WAITING, State
from notifications.models import Attempt, Message, Sign
from notifications.queries import pauses

WINDOW = timedelta(hours=1)
"""Attempts are counted over the last hour."""
COPIES_WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Status:
    """``open`` counts messages that are not settled, or wait for a person, by state and channel.

    ``overdue_seconds`` is the age of the oldest message that is due and not held back; ``uncertain_seconds`` of the oldest
    nobody is sure of. ``signs`` are the seconds since each part last did its work.
    """

    at: datetime
    open: Mapping[tuple[str, str], int]
    overdue_seconds: float
    uncertain_seconds: float
    lapsed: int
    paused: list[str]
    attempts: Mapping[tuple[str, str], int]
    possible_duplicates: int
    signs: Mapping[str, float]


def take(*, now: datetime) -> Status:
    """The status at ``now``. Nine queries, each on an index of what is open or recent."""
    held = pauses.in_force()
    unsettled = Message.objects.filter(state__in=[*WAITING, State.SENDING])
    for_people = Message.objects.for_people().filter(due_at__gt=now - timedelta(days=7))
    counts: dict[tuple[str, str], int] = {}
    for rows in (unsettled, for_people.exclude(state=State.UNCERTAIN)):
        for state, channel, number in rows.order_by().values_list("state", "channel").annotate(number=Count("pk")):
            counts[state, channel] = number
    due = Message.objects.due(now=now)
    if held:
        due = due.exclude(pauses.held_back(held))
    recent = Attempt.objects.filter(pk__gte=ids.first_at(now - WINDOW))
    copies = Message.objects.filter(tries__pk__gte=ids.first_at(now - COPIES_WINDOW), possible_duplicates__gt=0)
    return Status(
        at=now,
        open=counts,
        overdue_seconds=_age(due.aggregate(at=Min("next_try_at"))["at"], now),
        uncertain_seconds=_age(
            Message.objects.filter(state=State.UNCERTAIN, handling=None).aggregate(at=Min("first_tried_at"))["at"], now
        ),
        lapsed=Message.objects.lapsed(now=now).count(),
        paused=[str(pause) for pause in held],
        attempts={
            (channel, outcome or "open"): number
            for channel, outcome, number in recent.order_by()
            .values_list("message__channel", "outcome")
            .annotate(number=Count("pk"))
        },
        possible_duplicates=Message.objects.filter(pk__in=copies.values("pk")).aggregate(
            number=Sum("possible_duplicates")
        )["number"]
        or 0,
        signs={sign.part: _age(sign.at, now) for sign in Sign.objects.order_by("part")},
    )


def _age(at: datetime | None, now: datetime) -> float:
    return max((now - at).total_seconds(), 0.0) if at else 0.0
