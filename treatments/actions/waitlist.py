"""The waitlist: joining it, leaving it, and taking a place."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, clock, locks
from core.errors import Conflict, InvalidInput
from scheduler.actions.taking import check_text
from scheduler.models import ChangeSet
from treatments.actions import visits
from treatments.many.waiting import PLACEABLE
from treatments.models import CourseStatus, Visit, VisitStatus, WaitlistEntry, WaitlistStatus
from treatments.planning import AHEAD, read_wishes

LONGEST_NOTICE_HOURS = 14 * 24
"""Whoever needs more notice than two weeks does not wait for a place that has become free."""


class CannotWait(Conflict):
    """The visit is over or cancelled, or waits already."""

    code = "cannot_wait"


class NotWaiting(Conflict):
    """The entry has taken a place already, or was taken off the list. ``detail["status"]`` says which."""

    code = "not_waiting"


def join(
    *,
    visit: Visit,
    valid_until: date,
    by: User,
    now: datetime,
    wishes: dict[str, object] | None = None,
    sooner: bool = True,
    notice_hours: int = 24,
    urgent: bool = False,
    note: str = "",
) -> WaitlistEntry:
    """Puts a visit on the waitlist. A visit that has no place yet waits for any; another for an earlier one, or any other.

    ``wishes`` are limits: days, hours, people. ``valid_until`` is the last local date of the site on which a place is of use.
    Raises ``CannotWait``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    wanted = read_wishes(wishes or {})
    check_text(note, longest=500, pointer="note")
    if not 0 <= notice_hours <= LONGEST_NOTICE_HOURS:
        raise InvalidInput(f"Choose 0 to {LONGEST_NOTICE_HOURS} hours.", pointer="notice_hours")
    today = clock.local(now, visit.course.site.zone).date()
    if not today <= valid_until <= today + AHEAD:
        raise InvalidInput("Choose a date between today and two years ahead.", pointer="valid_until")

    def attempt() -> WaitlistEntry:
        current = Visit.objects.select_related("course").select_for_update(of=("self",)).get(pk=visit.pk)
        if current.status not in PLACEABLE or current.course.status != CourseStatus.ACTIVE:
            raise CannotWait(f"{current.label} is {current.get_status_display().lower()} and cannot wait for a place.")
        entry = WaitlistEntry(
            visit=current,
            wishes=wanted.to_json(),
            sooner=sooner and current.status != VisitStatus.TO_PLACE,
            notice_hours=notice_hours,
            urgent=urgent,
            note=note,
            valid_until=valid_until,
            joined_at=now,
            joined_by=by,
        )
        try:
            with transaction.atomic():
                entry.save(force_insert=True)
        except IntegrityError as error:
            if "treatments_waitlistentry_waits_once" not in str(error):
                raise
            raise CannotWait(f"{current.label} is on the waitlist already.") from None
        return entry

    with audit.acting(by):
        return locks.retrying(attempt)


def leave(*, entry: WaitlistEntry, by: User, now: datetime) -> WaitlistEntry:
    """Takes an entry off the list. Raises ``NotWaiting``, ``NotAllowed``, ``Busy``."""
    require(by, Permission.BOOK_COURSES)

    def attempt() -> WaitlistEntry:
        row = _locked(entry)
        row.status = WaitlistStatus.LEFT
        row.updated_at = now
        row.save(update_fields=["status", "updated_at"])
        return row

    with audit.acting(by):
        return locks.retrying(attempt)


def take(
    *,
    entry: WaitlistEntry,
    starts_at: datetime,
    by: User,
    now: datetime,
    resources: dict[str, str] | None = None,
    version: int | None = None,
    agreed: bool = False,
) -> ChangeSet:
    """Gives the waiting visit a place, by the same move or placing as for any visit, and takes it off the list.

    ``version`` is that of its present appointment, where it has one. ``agreed``: the patient took it, so a move counts as confirmed.
    Raises ``NotWaiting`` and whatever ``visits.move`` and ``visits.place`` raise; then it waits on.
    """
    require(by, Permission.MOVE_VISITS)

    def attempt() -> ChangeSet:
        row = _locked(entry)
        visit = Visit.objects.select_related("course").get(pk=row.visit_id)
        if visit.status == VisitStatus.TO_PLACE:
            made = visits.place(visit=visit, starts_at=starts_at, by=by, now=now, resources=resources)
        else:
            made = visits.move(
                visit=visit,
                starts_at=starts_at,
                by=by,
                now=now,
                version=version,
                resources=resources,
                reason="From the waitlist",
                agreed=agreed,
            )
        WaitlistEntry.objects.filter(pk=row.pk).update(status=WaitlistStatus.TAKEN, change_set=made, updated_at=Now())
        return made

    with audit.acting(by):
        return locks.retrying(attempt)


def _locked(entry: WaitlistEntry) -> WaitlistEntry:
    """The entry as it is now, locked. Raises ``NotWaiting``."""
    row = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    if row.status != WaitlistStatus.WAITING:
        raise NotWaiting("This visit is not waiting any more.", detail={"status": row.status})
    return row
