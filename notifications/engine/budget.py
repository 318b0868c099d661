"""How many texts a patient gets: at most so many a day and in seven days, the more important ones first.

Days are those of the patient's zone. One text a day and three a week are what the health-care exemption of US law allows
without consent (47 CFR 64.1200(a)(9)(iv)), and more are a nuisance anyway: a course with three visits a week would send nine.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core import clock
from notifications.engine import quiet_hours
from notifications.engine.states import Step

URGENT = frozenset({Step.CHANGED, Step.CANCELLED, Step.OFFER})
"""Who is not told comes in vain, and who waits for a time asked to be told: these go out whatever else was said, and use up
nothing. Of offers there is a limit of their own."""
RANK = {
    Step.PLAN: 0,
    Step.ONE_DAY: 1,
    Step.DAY_OF: 2,
    Step.YOUR_WEEK: 3,
    Step.THREE_DAYS: 4,
    Step.SEVEN_DAYS: 5,
    Step.FORM: 6,
}
"""The lower goes first: the plan, which brings the link to everything, get ready tomorrow, today, can you come, a form. Room
is kept for what goes before."""
WEEK = 7


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many texts at most on one day and on any seven days in a row."""

    per_day: int
    per_week: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """Another text that waits, and when it is to go out."""

    step: Step
    at: datetime


def allows(
    step: Step, *, at: datetime, zone: str, sent: Collection[datetime], ahead: Collection[Ahead], allowance: Allowance
) -> bool:
    """Whether a text of this step may go out at ``at``: with what was sent, and with room kept for more important ones."""
    on = clock.local(at, zone).date()
    used = [clock.local(each, zone).date() for each in sent]
    kept = [clock.local(max(each.at, at), zone).date() for each in ahead if RANK[each.step] < RANK[step]]
    taken = used + kept
    if taken.count(on) >= allowance.per_day:
        return False
    return all(_in_week_from(on - timedelta(days=back), taken) < allowance.per_week for back in range(WEEK))


def next_allowed(
    step: Step,
    *,
    at: datetime,
    not_after: datetime,
    zone: str,
    sent: Collection[datetime],
    ahead: Sequence[Ahead],
    allowance: Allowance,
) -> datetime | None:
    """``at`` itself, or the first morning after it on which the text may go out and is still useful; None without one."""
    on = clock.local(at, zone).date()
    mornings = [clock.resolve(on + timedelta(days=k), quiet_hours.FIRST, zone).at for k in range(1, WEEK + 1)]
    for each in [at, *mornings]:
        if each >= not_after:
            return None
        if allows(step, at=each, zone=zone, sent=sent, ahead=ahead, allowance=allowance):
            return each
    return None


def _in_week_from(first: date, days: Collection[date]) -> int:
    return sum(first <= day < first + timedelta(days=WEEK) for day in days)
