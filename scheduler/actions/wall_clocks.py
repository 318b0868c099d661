"""Keeping visits at the wall-clock time the clinic meant, after the rules of a zone changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics.models import Site, User
from clinics.permissions import Permission, require
from core import audit, locks
from core.locks import Space
from scheduler.actions import lines, rearranging
from scheduler.announcements import appointments_changed
from scheduler.models import Allocation, Appointment, ChangeSet, Status
from scheduler.models.change_set import Verb
from scheduler.queries import wall_clocks
from scheduler.queries.wall_clocks import Shifted

REASON = "The rules of the time zone changed. Every visit stays at the time on the clock it was booked for."
PERIOD = ("starts_at", "ends_at", "updated_at")
FIELDS = (*PERIOD, "change_set_id", "version")


@dataclass(slots=True)
class Retimed:
    """What was done: a change set for each site, what was put right, and what could not be as its place is taken."""

    change_sets: list[ChangeSet] = field(default_factory=list)
    done: list[Shifted] = field(default_factory=list)
    clashing: list[Shifted] = field(default_factory=list)


def retime(*, by: User, now: datetime) -> Retimed:
    """Puts every coming appointment at the instant its wall-clock time is by the present rules, with all that it takes.

    To the patient nothing changes: confirmations stand, nobody is told, and reminders follow in the same transaction. One
    change set for each site, which nobody can undo: with the former rules in place, the same takes it back. What would then
    overlap is left as it is. Safe to repeat.
    Raises ``NotAllowed``.
    """
    require(by, Permission.RUN_SYSTEM)
    found = Retimed()
    by_site: dict[UUID, list[Shifted]] = {}
    for each in wall_clocks.shifted(now=now):
        by_site.setdefault(each.appointment.site_id, []).append(each)
    for wanted in by_site.values():
        with transaction.atomic(), audit.acting(by):
            _retime(wanted[0].appointment.site, wanted, found, by=by, now=now)
    return found


def _retime(site: Site, wanted: Sequence[Shifted], found: Retimed, *, by: User, now: datetime) -> None:
    locks.acquire(Space.SITE, [str(site.pk)])  # bookings at the site wait
    rows = {row.pk: row for row in rearranging.locked([each.appointment for each in wanted])}
    # what somebody moved or cancelled meanwhile is right already
    current = [each for each in wanted if rows[each.appointment.pk].version == each.appointment.version]
    taken = lines.taken_by(rows)
    before = lines.states(rows.values(), taken)
    change_set = ChangeSet.objects.create(verb=Verb.RETIME, by=by, site=site, reason=REASON)
    done = _move(current, rows, taken, change_set, now=now)
    if not done:
        transaction.set_rollback(True)
        found.clashing += current
        return
    moved = {each.appointment.pk for each in done}
    found.clashing += [each for each in current if each.appointment.pk not in moved]
    found.done += done
    found.change_sets.append(change_set)
    changed = [rows[each.appointment.pk] for each in done]
    lines.write(change_set, before, lines.states(changed, taken))
    announced = [row for row in changed if row.status != Status.HELD]
    if announced:
        appointments_changed.announce(change_set=change_set, appointments=announced)


def _move(
    wanted: Sequence[Shifted],
    rows: Mapping[UUID, Appointment],
    taken: Mapping[UUID, Sequence[Allocation]],
    change_set: ChangeSet,
    *,
    now: datetime,
) -> list[Shifted]:
    """All at once, as neighbours take each other's places; where that clashes, one by one those that find theirs free.

    Gives those that were moved.
    """
    if not wanted:
        return []
    try:
        with transaction.atomic():
            _write(wanted, rows, taken, change_set, now=now)
    except IntegrityError:
        _undo(wanted, rows, taken)
    else:
        return list(wanted)
    done = []
    # away from each other: what goes later begins with the last, what goes earlier with the first
    for each in sorted(wanted, key=lambda one: one.starts_at, reverse=wanted[0].by > timedelta(0)):
        try:
            with transaction.atomic():
                _write([each], rows, taken, change_set, now=now)
        except IntegrityError:
            _undo([each], rows, taken)
        else:
            done.append(each)
    return done


def _write(
    wanted: Sequence[Shifted],
    rows: Mapping[UUID, Appointment],
    taken: Mapping[UUID, Sequence[Allocation]],
    change_set: ChangeSet,
    *,
    now: datetime,
) -> None:
    allocations = []
    for each in wanted:
        row = rows[each.appointment.pk]
        row.starts_at, row.ends_at = row.starts_at + each.by, row.ends_at + each.by
        row.change_set, row.version, row.updated_at = change_set, row.version + 1, now
        for allocation in taken[row.pk]:
            allocation.starts_at, allocation.ends_at = allocation.starts_at + each.by, allocation.ends_at + each.by
            allocation.updated_at = now
            allocations.append(allocation)
    # one statement each: the constraints look at the end of it
    Appointment.objects.bulk_update([rows[each.appointment.pk] for each in wanted], FIELDS)
    Allocation.objects.bulk_update(allocations, PERIOD)


def _undo(
    wanted: Sequence[Shifted], rows: Mapping[UUID, Appointment], taken: Mapping[UUID, Sequence[Allocation]]
) -> None:
    """The rows in hand as the database has them again. Two queries."""
    keys = [each.appointment.pk for each in wanted]
    allocations = {allocation.pk: allocation for key in keys for allocation in taken[key]}
    for row in Appointment.objects.filter(pk__in=keys).values("pk", *FIELDS):
        _set(rows[row.pop("pk")], row)
    for row in Allocation.objects.filter(pk__in=list(allocations)).values("pk", *PERIOD):
        _set(allocations[row.pop("pk")], row)


def _set(row: Appointment | Allocation, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
