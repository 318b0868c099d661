"""What needs attention at a site, counted for the chips on every page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.cache import cache
from django.db.models import (
    Count,
    DateField,
    DateTimeField,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce

from clinics.models import Site, User
from clinics.permissions import Permission, allows
from notifications.models import DeskTask, Message
from scheduler.models import Appointment, Status
from treatments.many.waiting import PLACEABLE
from treatments.models import CourseStatus, DecisionHandover, HandoverState, WaitlistEntry, WaitlistStatus
from treatments.queries import alerts, reviews, windows
from web import rail, undoing, words

DECISIONS_KEPT_SECONDS = 60
"""Due decisions are worked out from protocols, not counted by the database: the number is kept so long."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that needs somebody: such as "5 unconfirmed for tomorrow", and where it is seen to."""

    words: str
    address: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class Attention:
    """The chips, and the id of the user's newest change while it is offered to be undone."""

    chips: tuple[Chip, ...] = ()
    latest: UUID | None = None


def of(user: User, *, site: str, now: datetime) -> Attention:
    """What needs attention at the site with this code (the first by name where it is empty), as far as this user sees it.

    One query; three more, at most once a minute, for those who decide about courses.
    """
    row: Any = _counted(site, now).annotate(latest=Subquery(undoing.latest(user, now=now).values("pk")[:1])).first()
    return Attention() if row is None else Attention(tuple(_chips(row, user, site, now)), row.latest)


def _chips(row: Any, user: User, site: str, now: datetime) -> list[Chip]:
    at = {"site": row.code} if site else {}
    found = _of_courses(row, user, at, now)
    if row.unconfirmed:
        day = "tomorrow" if row.next_on == row.today + timedelta(days=1) else words.WEEKDAYS[row.next_on.weekday()]
        found.append(Chip(f"{row.unconfirmed} unconfirmed for {day}", _address("unconfirmed", at, on=f"{row.next_on}")))
    if allows(user, Permission.VIEW_MESSAGES):
        if row.tasks:
            found.append(Chip(f"{words.count(row.tasks, 'answer')} to see to", _address("desk", {})))
        if row.undelivered:
            said = f"{words.count(row.undelivered, 'message')} not delivered"
            found.append(Chip(said, _address("messages", {}, state="attention"), "bad"))
    if row.waiting:
        found.append(Chip(f"{row.waiting} on the waitlist", _address("waitlist", at)))
    return [chip for chip in found if chip.address]


def _of_courses(row: Any, user: User, at: dict[str, str], now: datetime) -> list[Chip]:
    """Alerts, decisions and windows: what is about the treatment."""
    found: list[Chip] = []
    if row.alerts:
        if allows(user, Permission.SEE_ALERTS):
            found.append(Chip(words.count(row.alerts, "alert"), _address("alerts", {}), "bad"))
        else:
            found.append(Chip("Clinician needed", _address("clinician-needed", {}), "bad"))
    if allows(user, Permission.DECIDE_COURSES) and (due := _decisions(row, now)):
        found.append(Chip(f"{words.count(due, 'decision')} due", _address("work-list", at, tab="decisions")))
    if row.closing and allows(user, Permission.DECIDE_COURSES):
        found.append(Chip(f"{words.count(row.closing, 'relief window')} closing", _address("panel", at, off="1")))
    if row.handed and not allows(user, Permission.DECIDE_COURSES) and allows(user, Permission.CARRY_OUT_DECISIONS):
        found.append(
            Chip(f"{words.count(row.handed, 'decision')} to carry out", _address("work-list", at, tab="handed"))
        )
    return found


def _counted(site: str, now: datetime) -> QuerySet[Site]:
    """The site with everything that is counted, in one query."""
    today = Cast(Func(F("zone"), Value(now), function="TIMEZONE", output_field=DateTimeField()), DateField())
    coming = Appointment.objects.filter(
        site=OuterRef("pk"), status=Status.BOOKED, starts_at__gt=now, local_on__gt=OuterRef("today")
    )
    waiting = WaitlistEntry.objects.filter(
        visit__course__site=OuterRef("pk"),
        status=WaitlistStatus.WAITING,
        valid_until__gte=OuterRef("today"),
        visit__status__in=PLACEABLE,
        visit__course__status=CourseStatus.ACTIVE,
    )
    named = Q(code=site) if site else Q()
    return (
        Site.objects.filter(named, is_active=True)
        .annotate(today=today)
        .annotate(next_on=Subquery(coming.order_by("starts_at").values("local_on")[:1]))
        .annotate(
            unconfirmed=_number(coming.filter(confirmed_at=None, local_on=OuterRef("next_on"))),
            waiting=_number(waiting),
            alerts=_number(alerts.waiting().filter(assessment__course__site=OuterRef("pk"))),
            closing=_number(windows.closing(today=OuterRef("today")).filter(site=OuterRef("pk"))),
            handed=_number(DecisionHandover.objects.filter(course__site=OuterRef("pk"), state=HandoverState.OPEN)),
            tasks=_number(DeskTask.objects.filter(done_at=None)),
            undelivered=_number(Message.objects.for_people()),
        )
        .order_by("name", "id")
    )


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many rows, as a part of another query."""
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _decisions(site: Site, now: datetime) -> int:
    """How many decisions about courses are due, at most a minute old."""
    return int(
        cache.get_or_set(
            f"decisions-due-{site.pk}", lambda: len(reviews.reviews(site, now=now)), timeout=DECISIONS_KEPT_SECONDS
        )
        or 0
    )


def _address(name: str, *given: dict[str, str], **more: str) -> str:
    address = rail.address(name)
    query = {key: value for each in (*given, more) for key, value in each.items()}
    return f"{address}?{urlencode(query)}" if query else address
