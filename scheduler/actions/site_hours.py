"""When a site is open, changed without losing sight of what is booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Q

from clinics.models import OpeningHours, Site, SiteDay, User
from clinics.permissions import Permission, require
from core.errors import InvalidInput
from scheduler.actions import timetables
from scheduler.actions.consequences import weighed
from scheduler.actions.taking import check_text
from scheduler.actions.timetables import Week
from scheduler.models import Appointment


@dataclass(frozen=True, slots=True)
class Outcome:
    """The site, and the booked appointments that do not stand any more (only when that was accepted)."""

    site: Site
    affected: tuple[Appointment, ...]


def set_opening_hours(
    *, site: Site, hours: Week, valid_from: date, by: User, now: datetime, accept_consequences: bool = False
) -> Outcome:
    """The weekly opening hours from ``valid_from`` on; what was planned for later is replaced.

    Raises ``HasBookings``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_SITES)
    timetables.check(hours)

    def change() -> None:
        current = OpeningHours.objects.filter(site=site)
        current.filter(valid_from__gte=valid_from).delete()
        current.filter(Q(valid_until=None) | Q(valid_until__gt=valid_from)).update(
            valid_until=valid_from, updated_at=now
        )
        OpeningHours.objects.bulk_create(
            OpeningHours(site=site, weekday=weekday, opens=opens, closes=closes, valid_from=valid_from)
            for weekday, windows in sorted(hours.items())
            for opens, closes in windows
        )

    _, affected = weighed(change, site=site, by=by, now=now, accept=accept_consequences)
    return Outcome(site, affected)


def set_day(
    *,
    site: Site,
    on: date,
    reason: str,
    by: User,
    now: datetime,
    open_from: time | None = None,
    open_until: time | None = None,
    accept_consequences: bool = False,
) -> Outcome:
    """One date unlike its weekday: closed, or open from ``open_from`` to ``open_until``, holiday or not.

    Raises ``HasBookings``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_SITES)
    check_text(reason, longest=100, pointer="reason")
    if (open_from is None) != (open_until is None):
        raise InvalidInput("Give both the opening and the closing time, or neither.", pointer="open_until")
    if open_from is not None and open_until is not None and open_until <= open_from:
        raise InvalidInput("The end is not after the start.", pointer="open_until")

    def change() -> None:
        SiteDay.objects.update_or_create(
            site=site, on=on, defaults={"opens": open_from, "closes": open_until, "reason": reason}
        )

    _, affected = weighed(change, site=site, by=by, now=now, accept=accept_consequences)
    return Outcome(site, affected)


def clear_days(
    *, site: Site, dates: Sequence[date], by: User, now: datetime, accept_consequences: bool = False
) -> Outcome:
    """These dates are like their weekdays again; where they were open specially, that is a closure.

    Raises ``HasBookings``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_SITES)
    _, affected = weighed(
        lambda: SiteDay.objects.filter(site=site, on__in=dates).delete(),
        site=site,
        by=by,
        now=now,
        accept=accept_consequences,
    )
    return Outcome(site, affected)
