"""What can be taken back: the offer after each change, and the changes of the last 24 hours in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from clinics.models import Site, User
from clinics.permissions import allows
from core import clock
from notifications.models import Message
from scheduler.actions import undoing
from scheduler.actions.lines import State
from scheduler.models import ChangeLine, ChangeSet, Status
from scheduler.models.change_set import Verb
from treatments.models import CourseChange
from web import words

OFFERED = timedelta(seconds=60)
"""So long after a change its undo is offered on the page, unless something else is done before."""
RECENT = timedelta(hours=24)
"""So far back changes are listed."""

_DID = {
    Verb.BOOK: "book",
    Verb.MOVE: "move",
    Verb.CANCEL: "cancel",
    Verb.NO_SHOW: "not come,",
    Verb.LATE: "late arrival of",
    Verb.DECIDE: "decision about",
    Verb.EXTEND: "extend the course of",
    Verb.CLOSE: "closure,",
    Verb.LEVEL: "even out,",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change set in words."""

    change_set: ChangeSet
    visits: int
    told: bool
    """Whether anybody has been told of it outside: then undoing it is told as well."""
    undone: bool
    status: str = ""
    """What somebody was marked as, in words; empty for other changes."""
    obstacles: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """Such as "move Ana R., 3 visits"."""
        original = self.change_set
        while original.undoes is not None:
            original = original.undoes
        who = original.patient.short_name if original.patient else "several patients"
        if original.verb == Verb.STATUS and self.status:
            return f"confirm {who}" if self.status == "confirmed" else f"mark {who} as {self.status}"
        many = f", {words.count(self.visits, 'visit')}" if self.visits else ""
        return f"{_DID.get(Verb(original.verb), 'change')} {who}{many}"

    @property
    def title(self) -> str:
        """The same as a line of a list: such as "Move Ana R., 3 visits"."""
        said = f"taken back: {self.what}" if self.is_undo else self.what
        return f"{said[:1].upper()}{said[1:]}"

    @property
    def is_undo(self) -> bool:
        """Whether it took another one back; taking it back does that one again."""
        return self.change_set.verb == Verb.UNDO

    @property
    def press(self) -> str:
        """The words of its button."""
        return "Do it again" if self.is_undo else "Undo"


def latest(user: User, *, now: datetime) -> "QuerySet[ChangeSet]":
    """The changes of this user whose undo is offered as long as nothing else is done, the newest first."""
    recent = ChangeSet.objects.filter(
        site__in=Site.objects.filter(is_active=True), by=user, created_at__gt=now - OFFERED, created_at__lte=now
    )
    return recent.order_by("-created_at", "-id")


def offer(user: User, key: UUID) -> Change | None:
    """The change with this id, if this user can take it back. One query."""
    made: Any = _described(ChangeSet.objects.filter(pk=key)).first()
    if made is None or made.verb == Verb.HOLD or not (made.changed_lines or made.changed_courses):
        return None
    change = _change(made)
    return change if not change.undone and allows(user, undoing.permission(made)) else None


def recent(site: Site, *, by: User, now: datetime, at_most: int) -> list[Change]:
    """What was changed at a site in the last 24 hours, the newest first, with what keeps ``by`` from undoing it.

    Three queries.
    """
    rows = list(
        _described(ChangeSet.objects.filter(site=site, created_at__gt=now - RECENT))
        .exclude(verb=Verb.HOLD)
        .filter(Q(changed_lines__gt=0) | Q(changed_courses=True))[:at_most]
    )
    against = undoing.obstacles(rows, now=now)
    return [_change(row, (*_not_by(row, by), *(each.message for each in against[row.pk]))) for row in rows]


def found(key: UUID) -> Change | None:
    """The change set with this id, if there is one. One query."""
    row = _described(ChangeSet.objects.filter(pk=key)).first()
    return None if row is None else _change(row)


def stood(state: State | None, zone: str) -> str:
    """How an appointment stands in a state of a change line: such as "Thursday 26 November, 9:30am, here"."""
    if state is None or state["status"] == Status.CANCELLED:
        return "Not in the calendar"
    starts = clock.local(datetime.fromisoformat(state["starts_at"]), zone)
    status = "" if state["status"] == Status.BOOKED else f", {Status(state['status']).label.lower()}"
    confirmed = ", confirmed" if state["status"] == Status.BOOKED and state["confirmed_at"] else ""
    return f"{words.day(starts.date())}, {words.clock(starts.time())}{status}{confirmed}"


def _not_by(row: ChangeSet, user: User) -> list[str]:
    return [] if allows(user, undoing.permission(row)) else ["Your role does not allow this."]


def _described(rows: "QuerySet[ChangeSet]") -> "QuerySet[ChangeSet]":
    lines = ChangeLine.objects.filter(change_set=OuterRef("pk")).order_by("pk")
    told = Message.objects.filter(change_set=OuterRef("pk"), first_tried_at__isnull=False)
    return (
        rows.select_related("patient", "by", "site", "undoes__patient", "undoes__undoes__undoes__patient")
        .annotate(
            changed_lines=Count("lines"),
            changed_courses=Exists(CourseChange.objects.filter(change_set=OuterRef("pk"))),
            before=Subquery(lines.values("before")[:1]),
            after=Subquery(lines.values("after")[:1]),
            was_told=Exists(told),
            was_undone=Exists(ChangeSet.objects.filter(undoes=OuterRef("pk"))),
        )
        .order_by("-created_at", "-id")
    )


def _change(row: ChangeSet, obstacles: tuple[str, ...] = ()) -> Change:
    made: Any = row
    return Change(row, made.changed_lines, made.was_told, made.was_undone, _marked(made), obstacles)


def _marked(made: Any) -> str:
    """What the only visit of a change of status was marked as."""
    if made.after is None or made.changed_lines != 1:
        return ""
    after, before = made.after, made.before or {}
    if made.verb == Verb.UNDO:  # what it took back is what its words are about
        after, before = before, after
    if after.get("status") == Status.BOOKED and after.get("confirmed_at") and not before.get("confirmed_at"):
        return "confirmed"
    return Status(after["status"]).label.lower() if after.get("status") else ""
