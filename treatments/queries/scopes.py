"""What a report counts: a site, a period, and perhaps only visits of one kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from clinics.models import Site
from core import clock
from scheduler.models import Appointment, Status


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
