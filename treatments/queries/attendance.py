"""Whether patients come: missed visits and late cancellations, by kind of visit, by lead time, and first or later."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from scheduler.models import Status
from treatments.queries.scopes import CANCELLED_AT, Scope, rows_of

LATE_HOURS = 24
"""A cancellation with less notice is late. Clinics draw the line at 24, 48 or 72 hours; 24 is the notice that patients on
the waitlist need by default, so that a place given up later is mostly lost.
"""
LEADS = (0, 3, 8, 29)
"""The first day of each band of lead time, in local dates from booking to visit. The last begins after four weeks:
beyond it no-shows were 5.5 times as likely as on the day (Marshfield 2021, PMC11149957).
"""


class Outcome(StrEnum):
    """What became of a visit that stood in the calendar."""

    CAME = "came"
    MISSED = "missed"
    LATE = "late"
    """Cancelled with less notice than ``LATE_HOURS``, by whomever."""
    IN_TIME = "in_time"
    """Cancelled with more notice."""
    OPEN = "open"
    """Its time is over and nobody recorded what became of it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What visits are counted by. ``family`` is empty for one that belongs to no course; ``lead`` is a place in ``LEADS``."""

    family: str
    lead: int
    first: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of which outcome."""

    counts: Counter[Outcome]

    @property
    def expected(self) -> int:
        """The visits that somebody waited for: those that took place, were missed, or cancelled late."""
        return self.counts[Outcome.CAME] + self.lost

    @property
    def missed(self) -> int:
        """Those missed."""
        return self.counts[Outcome.MISSED]

    @property
    def late(self) -> int:
        """Those cancelled late."""
        return self.counts[Outcome.LATE]

    @property
    def lost(self) -> int:
        """Both."""
        return self.missed + self.late


_COUNTS = f"""
    WITH begun AS (
        SELECT v.course_id, min(a.starts_at) AS first_at
        FROM treatments_visit AS v JOIN scheduler_appointment AS a ON a.id = v.appointment_id
        WHERE a.site_id = %(site)s AND a.status <> %(cancelled)s AND a.starts_at < %(until)s
        GROUP BY v.course_id
    ), standing AS (
        SELECT coalesce(v.family, g.family, '') AS family,
            a.local_on - (a.created_at AT TIME ZONE %(zone)s)::date AS lead,
            a.starts_at <= coalesce(b.first_at, a.starts_at) AS first,
            CASE
                WHEN a.status = ANY(%(came)s) THEN 'came'
                WHEN a.status = %(missed)s THEN 'missed'
                WHEN a.status = %(booked)s THEN 'open'
                WHEN c.cancelled_at > a.starts_at - %(late_hours)s * interval '1 hour' THEN 'late'
                WHEN c.cancelled_at IS NOT NULL THEN 'in_time'
            END AS outcome
        FROM scheduler_appointment AS a
        LEFT JOIN treatments_visit AS v ON v.appointment_id = a.id
        {CANCELLED_AT}
        LEFT JOIN begun AS b ON b.course_id = coalesce(v.course_id, g.course_id)
        WHERE a.site_id = %(site)s AND a.starts_at >= %(from)s AND a.starts_at < %(until)s
            AND a.patient_id IS NOT NULL AND %(family)s IN ('', v.family, g.family)
    )
    SELECT family, (lead >= %(lead_1)s)::int + (lead >= %(lead_2)s)::int + (lead >= %(lead_3)s)::int, first, outcome,
        count(*)
    FROM standing WHERE outcome IS NOT NULL
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - the one inserted part is a constant


def attendance(scope: Scope) -> dict[Kind, Tally]:
    """The visits that were to begin in the period, counted. One query."""
    found: dict[Kind, Tally] = {}
    parameters = {
        "came": [Status.ARRIVED.value, Status.IN_TREATMENT.value, Status.DONE.value],
        "missed": Status.MISSED.value,
        "booked": Status.BOOKED.value,
        "held": Status.HELD.value,
        "cancelled": Status.CANCELLED.value,
        "late_hours": LATE_HOURS,
        **{f"lead_{number}": days for number, days in enumerate(LEADS) if number},
    }
    for family, lead, first, outcome, count in rows_of(_COUNTS, scope.as_parameters | parameters):
        kind = Kind(family, lead, first)
        found.setdefault(kind, Tally(Counter())).counts[Outcome(outcome)] += count
    return found
