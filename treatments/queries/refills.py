"""What becomes of chairs and rooms that a cancelled visit gives up: taken again or not, and how soon."""

from dataclasses import dataclass

from scheduler.models import Kind, Status
from treatments.queries.scopes import CANCELLED_AT, Scope, rows_of

NOTICE_HOURS = (24, 72, 168)
"""Where the bands of notice part, in hours of elapsed time: one day, three days, a week."""

# Allocations of a cancelled visit stay, inactive. What takes the place afterwards was written later than that; a visit
# that was moved there has new allocations, so theirs is the time that counts, not the appointment's.
_REFILLS = f"""
    WITH given_up AS (
        SELECT a.id, a.starts_at, c.cancelled_at
        FROM scheduler_appointment AS a
        LEFT JOIN treatments_visit AS v ON v.appointment_id = a.id
        {CANCELLED_AT}
        WHERE a.site_id = %(site)s AND a.starts_at >= %(from)s AND a.starts_at < %(until)s
            AND a.status = %(cancelled)s AND c.cancelled_at < a.starts_at
            AND %(family)s IN ('', v.family, g.family)
    ), place AS (
        SELECT g.id, g.starts_at, g.cancelled_at, min(n.taken_at) AS taken_at
        FROM given_up AS g
        JOIN scheduler_allocation AS l ON l.appointment_id = g.id
        JOIN scheduler_resource AS r ON r.id = l.resource_id AND r.kind = ANY(%(places)s)
        LEFT JOIN LATERAL (
            SELECT min(o.created_at) AS taken_at
            FROM scheduler_allocation AS o JOIN scheduler_appointment AS p ON p.id = o.appointment_id
            WHERE o.resource_id = l.resource_id AND o.is_active AND p.status <> %(held)s
                AND o.ends_at > l.starts_at AND o.ends_at < l.ends_at + interval '1 day' AND o.starts_at < l.ends_at
                AND o.created_at >= g.cancelled_at
        ) AS n ON true
        GROUP BY g.id, g.starts_at, g.cancelled_at
    ), counted AS (
        SELECT (starts_at - cancelled_at >= %(notice_0)s * interval '1 hour')::int
                + (starts_at - cancelled_at >= %(notice_1)s * interval '1 hour')::int
                + (starts_at - cancelled_at >= %(notice_2)s * interval '1 hour')::int AS band,
            extract(epoch FROM taken_at - cancelled_at)::float / 3600 AS hours
        FROM place
    )
    SELECT band, count(*), count(hours), percentile_cont(0.5) WITHIN GROUP (ORDER BY hours)
    FROM counted GROUP BY GROUPING SETS ((band), ()) ORDER BY band NULLS LAST
"""  # noqa: S608 - the one inserted part is a constant


@dataclass(frozen=True, slots=True)
class Refill:
    """Of one band of notice: how many times in a chair or room were given up, and how many of these were taken again.

    ``band`` is the number of those of ``NOTICE_HOURS`` that the notice reached, from 0; None for all bands.
    ``median_hours`` is elapsed time from the cancellation until the place was taken; None where none was.
    """

    band: int | None
    given_up: int
    taken_again: int
    median_hours: float | None


def refills(scope: Scope) -> list[Refill]:
    """What became of the chairs and rooms of visits of the period that were cancelled before they began. One query.

    The bands in which there were any, the shortest notice first, and all of them last.
    """
    parameters = {
        "cancelled": Status.CANCELLED.value,
        "held": Status.HELD.value,
        "places": [Kind.CHAIR.value, Kind.ROOM.value],
        **{f"notice_{number}": hours for number, hours in enumerate(NOTICE_HOURS)},
    }
    return [Refill(*row) for row in rows_of(_REFILLS, scope.as_parameters | parameters)]
