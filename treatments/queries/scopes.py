"""What a report counts: a site, a period, and perhaps only visits of one kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from clinics.models import Site
from core import clock
from scheduler.models import Appointment, Status

CANCELLED_AT = """
    LEFT JOIN LATERAL (
        SELECT s.id AS change_set_id, s.created_at AS cancelled_at
        FROM scheduler_changeline AS l JOIN scheduler_changeset AS s ON s.id = l.change_set_id
        WHERE l.appointment_id = a.id AND a.status = %(cancelled)s
            AND l.after ->> 'status' = %(cancelled)s AND l.before ->> 'status' <> %(held)s
        ORDER BY s.created_at DESC LIMIT 1
    ) AS c ON true
    LEFT JOIN LATERAL (
        SELECT h.course_id, gone.visit ->> 'family' AS family
        FROM treatments_coursechange AS h, jsonb_each(h.before -> 'visits') AS gone (key, visit)
        WHERE v.id IS NULL AND h.change_set_id = c.change_set_id AND gone.visit ->> 'appointment_id' = a.id::text
        LIMIT 1
    ) AS g ON true
"""
"""For appointments ``a`` and their visits ``v``: when ``a`` was cancelled (``c.cancelled_at``), and whose it was until then
where the cancellation left the visit without a time, or took it away (``g.course_id``, ``g.family``).

A cancellation that was taken back leaves its line, so the status decides and the newest line says when.
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """The local dates of a site from ``first_on`` to ``last_on``, both included. ``family`` is that of the visits that
    count, such as "infusion"; empty: all.
    """

    site: Site
    first_on: date
    last_on: date
    family: str = ""

    @property
    def days(self) -> int:
        """How many local dates."""
        return (self.last_on - self.first_on).days + 1

    @property
    def starts_at(self) -> datetime:
        """The instant at which the period begins."""
        return clock.first_instant(self.first_on, self.site.zone)

    @property
    def ends_at(self) -> datetime:
        """The instant at which it is over."""
        return clock.first_instant(self.last_on + timedelta(days=1), self.site.zone)

    @property
    def as_parameters(self) -> dict[str, Any]:
        """For SQL."""
        return {
            "site": self.site.pk,
            "zone": self.site.zone,
            "from": self.starts_at,
            "until": self.ends_at,
            "family": self.family,
        }


def first_visit_on(site: Site) -> date | None:
    """The local date of the first visit that ever stood in the site's calendar; None before. One query."""
    rows = Appointment.objects.filter(site=site).exclude(status__in=(Status.HELD, Status.CANCELLED))
    return rows.order_by("starts_at").values_list("local_on", flat=True).first()


def rows_of(sql: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        yield from cursor.fetchall()
