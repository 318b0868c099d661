"""How much of the open time of chairs and rooms is booked, by weekday and hour of the site's clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from scheduler.models import Kind, Resource, Status
from scheduler.queries import hours
from treatments.queries.scopes import Scope, rows_of

COUNTED = (Kind.CHAIR, Kind.ROOM)

# A place is in use while anybody takes any lane of it: the periods are merged before they are measured. They are cut
# at whole hours of the site's clock; between two cuts an hour of elapsed time passes, so the hour that comes twice
# when the clocks go back is measured twice.
_USE = """
    WITH taken AS (
        SELECT l.resource_id, range_agg(tstzrange(l.starts_at, l.ends_at)) AS periods
        FROM scheduler_allocation AS l
        JOIN scheduler_appointment AS a ON a.id = l.appointment_id AND a.status <> %(held)s
        LEFT JOIN treatments_visit AS v ON v.appointment_id = a.id
        WHERE l.resource_id = ANY(%(resources)s::uuid[]) AND l.is_active
            AND l.ends_at > %(from)s AND l.ends_at < %(until)s + interval '1 day' AND l.starts_at < %(until)s
            AND (%(family)s = '' OR v.family = %(family)s)
        GROUP BY l.resource_id
    ), open AS (
        SELECT resource AS resource_id, range_agg(tstzrange(starts, ends)) AS periods
        FROM unnest(%(of)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS w (resource, starts, ends)
        GROUP BY resource
    ), part AS (
        SELECT resource_id, 'open' AS what, period FROM open, unnest(periods) AS period
        UNION ALL
        SELECT resource_id, 'booked', period
        FROM open JOIN taken USING (resource_id), unnest(open.periods * taken.periods) AS period
        UNION ALL
        SELECT resource_id, 'outside', period
        FROM taken LEFT JOIN open USING (resource_id),
            unnest(taken.periods * tstzmultirange(tstzrange(%(from)s, %(until)s)) - coalesce(open.periods, '{}')) AS period
    )
    SELECT resource_id, what, extract(isodow FROM hour AT TIME ZONE %(zone)s)::int - 1,
        extract(hour FROM hour AT TIME ZONE %(zone)s)::int,
        sum(extract(epoch FROM least(upper(period), hour + interval '1 hour') - greatest(lower(period), hour)))::float / 60
    FROM part, generate_series(date_trunc('hour', lower(period), %(zone)s), upper(period), interval '1 hour') AS hour
    WHERE hour < upper(period)
    GROUP BY 1, 2, 3, 4
"""


@dataclass(slots=True)
class Share:
    """Minutes: open, and booked of these."""

    open: float = 0
    booked: float = 0

    @property
    def of_open(self) -> float | None:
        """The booked share, from 0 to 1; None while never open."""
        return self.booked / self.open if self.open else None


@dataclass(frozen=True, slots=True)
class Use:
    """``places`` are chairs and rooms in the order of the board; ``cells`` go by weekday (Monday is 0) and hour.

    ``outside`` are booked minutes while the place was not open; they count nowhere else.
    """

    places: tuple[tuple[Resource, Share], ...]
    cells: Mapping[tuple[int, int], Share]
    total: Share
    outside: float


def use(scope: Scope) -> Use:
    """The use of the chairs and rooms of a site that are in service now. Six queries."""
    found = Resource.objects.filter(site=scope.site, kind__in=COUNTED, is_active=True)
    places = list(found.order_by("position", "name", "pk"))
    opening = hours.site_days(scope.site, first_on=scope.first_on, days=scope.days)
    working = hours.working(places, scope.site, first_on=scope.first_on, days=scope.days, opening=opening)
    windows = [(key, *window) for key, each in working.items() for window in each]
    shares = {place.pk: Share() for place in places}
    cells: dict[tuple[int, int], Share] = {}
    total, outside = Share(), 0.0
    for key, what, weekday, hour, minutes in rows_of(
        _USE,
        scope.as_parameters
        | {
            "held": Status.HELD.value,
            "resources": list(shares),
            "of": [key for key, _, _ in windows],
            "starts": [starts_at for _, starts_at, _ in windows],
            "ends": [ends_at for _, _, ends_at in windows],
        },
    ):
        if what == "outside":
            outside += minutes
            continue
        for share in (shares[key], cells.setdefault((weekday, hour), Share()), total):
            if what == "open":
                share.open += minutes
            else:
                share.booked += minutes
    return Use(tuple((place, shares[place.pk]) for place in places), cells, total, outside)
