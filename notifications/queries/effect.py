"""Whether patients come, by what became of the reminders of a visit. It shows what goes together, not what causes what."""

from dataclasses import dataclass
from enum import StrEnum

from notifications.engine.states import State, Step
from scheduler.models import Status
from treatments.queries.scopes import Scope, rows_of


class Told(StrEnum):
    """What became of the reminders of a visit: the first that fits."""

    CONFIRMED = "confirmed"
    """The patient said, or somebody for them, that they come."""
    ARRIVED = "arrived"
    """At least one reached the patient's phone, by its provider's receipt."""
    SENT = "sent"
    """At least one was taken by a provider that gives no receipt, or gave none."""
    FAILED = "failed"
    """All that were tried failed, came too late, or nobody knows."""
    NONE = "none"
    """None was to be sent."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Visits of one kind of ``Told``: how many were due, and to how many the patient came."""

    told: Told
    due: int
    came: int


_EFFECT = """
    WITH due AS (
        SELECT a.id, a.schedule_epoch, a.status, a.confirmed_at
        FROM scheduler_appointment AS a
        LEFT JOIN treatments_visit AS v ON v.appointment_id = a.id
        WHERE a.site_id = %(site)s AND a.starts_at >= %(from)s AND a.starts_at < %(until)s
            AND a.status = ANY(%(due)s) AND (%(family)s = '' OR v.family = %(family)s)
    ), told AS (
        SELECT due.id, m.state
        FROM due JOIN notifications_message AS m
            ON m.appointment_id = due.id AND m.schedule_epoch = due.schedule_epoch
        UNION ALL
        SELECT due.id, m.state
        FROM due
        JOIN notifications_message_visits AS t ON t.appointment_id = due.id
        JOIN notifications_message AS m ON m.id = t.message_id AND m.step = %(week)s
    ), best AS (
        SELECT id, max(CASE WHEN state = %(delivered)s THEN 3 WHEN state = %(accepted)s THEN 2
            WHEN state = ANY(%(failed)s) THEN 1 ELSE 0 END) AS reached
        FROM told GROUP BY id
    )
    SELECT CASE WHEN due.confirmed_at IS NOT NULL THEN 'confirmed' WHEN best.reached = 3 THEN 'arrived'
            WHEN best.reached = 2 THEN 'sent' WHEN best.reached = 1 THEN 'failed' ELSE 'none' END,
        count(*), count(*) FILTER (WHERE due.status <> %(missed)s)
    FROM due LEFT JOIN best USING (id)
    GROUP BY 1
"""


def effect(scope: Scope) -> list[Effect]:
    """The visits of the period that took place or were missed, in the order of ``Told``. One query."""
    parameters = {
        "due": [Status.ARRIVED.value, Status.IN_TREATMENT.value, Status.DONE.value, Status.MISSED.value],
        "missed": Status.MISSED.value,
        "week": Step.YOUR_WEEK.value,
        "delivered": State.DELIVERED.value,
        "accepted": State.ACCEPTED.value,
        "failed": [State.DEAD.value, State.UNDELIVERED.value, State.EXPIRED.value, State.UNCERTAIN.value],
    }
    rows = {row[0]: row[1:] for row in rows_of(_EFFECT, scope.as_parameters | parameters)}
    return [Effect(told, *rows[told.value]) for told in Told if told.value in rows]
