"""Taking back a change set: every appointment gets the state it had before, or nothing happens and the reason is said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clinics.models import Site, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict
from scheduler.actions import lines, taking
from scheduler.actions.lines import State
from scheduler.actions.rearranging import PLACE_FIELDS, locked, place
from scheduler.actions.terms import Asked, Booking, Made, Take, Use
from scheduler.announcements import appointments_changed
from scheduler.engine.request import HANDS_LANE
from scheduler.models import Allocation, Appointment, ChangeLine, ChangeSet, Resource, Status
from scheduler.models.appointment import TAKING
from scheduler.models.change_set import Verb

RESTORED_FIELDS = (
    *PLACE_FIELDS,
    "status",
    "previous_status",
    "confirmed_at",
    "hold_expires_at",
    "schedule_epoch",
    "change_set",
    "version",
    "updated_at",
)
MAY_UNDO: Mapping[str, Permission] = {
    Verb.MOVE: Permission.MOVE_VISITS,
    Verb.CANCEL: Permission.CANCEL_VISITS,
    Verb.STATUS: Permission.SET_VISIT_STATUS,
    Verb.LATE: Permission.MOVE_VISITS,
    Verb.DECIDE: Permission.DECIDE_COURSES,
    Verb.RETIME: Permission.RUN_SYSTEM,
}
"""Whoever may do it may take it back; the verbs that are not here are as far-reaching as booking."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that stands in the way. ``code``: changed, over, undone, rules_broken."""

    code: str
    message: str
    appointment: UUID | None = None

    def as_detail(self) -> dict[str, str | None]:
        """As it stands in ``CannotUndo.detail``."""
        key = None if self.appointment is None else str(self.appointment)
        return {"code": self.code, "message": self.message, "appointment": key}


class CannotUndo(Conflict):
    """Something happened since. ``detail["obstacles"]``: list of {code, message, appointment}."""

    code = "cannot_undo"

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        more = f" There are {len(obstacles)} reasons altogether." if len(obstacles) > 1 else ""
        super().__init__(
            f"{obstacles[0].message}{more}", detail={"obstacles": [each.as_detail() for each in obstacles]}
        )


@dataclass(frozen=True, slots=True)
class _Restored:
    """One appointment and the state it gets back."""

    row: Appointment
    to: State
    was: State

    @property
    def is_taking(self) -> bool:
        return self.to["status"] in TAKING


def permission(change_set: ChangeSet) -> Permission:
    """What it takes to undo it; for an undo, what its original takes."""
    original = change_set
    while original.undoes is not None:
        original = original.undoes
    return MAY_UNDO.get(original.verb, Permission.BOOK_COURSES)


def restore(*, change_set: ChangeSet, by: User, now: datetime, reason: str = "") -> Made:
    """Puts every appointment of the change set back, all or none, as a change set that ``undoes`` it.

    A booking is taken back by cancelling it. What the patient confirmed before counts again; reminders are written anew.
    An undo can be undone.

    Raises ``CannotUndo`` when one was changed meanwhile, its time is over or it is undone already; ``Taken``,
    ``NotWorking`` when the place has gone; ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, permission(change_set))
    taking.check_text(reason, longest=500, pointer="reason")
    change_lines = list(change_set.lines.select_related("appointment").order_by("appointment_id"))
    asked = _asked(change_set.site, change_lines, now=now)

    def do() -> Made:
        return _restore(change_set, change_lines, asked, by=by, reason=reason)

    with audit.acting(by):
        return taking.settled(do, asked)


def _restore(change_set: ChangeSet, change_lines: Sequence[ChangeLine], asked: Asked, *, by: User, reason: str) -> Made:
    # whoever undoes the same change set waits here for the first to finish
    ChangeSet.objects.select_for_update(of=("self",)).get(pk=change_set.pk)
    if ChangeSet.objects.filter(undoes=change_set).exists():
        raise CannotUndo([Obstacle("undone", "This has been undone already.")])
    resources = taking.lock(asked) if asked.bookings else {}
    rows = locked([line.appointment for line in change_lines]) if change_lines else []
    taken = lines.taken_by(row.pk for row in rows)
    before = lines.states(rows, taken)
    _check(change_lines, before, now=asked.now)
    lanes = taking.recheck(asked, resources) if asked.bookings else []
    made = ChangeSet.objects.create(
        verb=Verb.UNDO, by=by, site=change_set.site, patient=change_set.patient, reason=reason, undoes=change_set
    )
    restored = [_Restored(row, _wanted(line), line.after) for row, line in zip(rows, change_lines, strict=True)]
    for each in restored:
        _set_back(each, made, now=asked.now)
    Allocation.objects.filter(appointment__in=[row.pk for row in rows]).delete()
    Appointment.objects.bulk_update(rows, RESTORED_FIELDS)
    coming_back = [each for each in restored if each.is_taking]
    written = taking.write_allocations([each.row for each in coming_back], asked.bookings, lanes)
    written += Allocation.objects.bulk_create(
        _idle(each.row, values) for each in restored if not each.is_taking for values in each.to["allocations"]
    )
    now_takes: dict[UUID, list[Allocation]] = {row.pk: [] for row in rows}
    for allocation in written:
        now_takes[allocation.appointment_id].append(allocation)
    lines.write(made, before, lines.states(rows, now_takes))
    if rows:
        appointments_changed.announce(change_set=made, appointments=rows)
    return Made(made, tuple(rows))


def _wanted(line: ChangeLine) -> State:
    """The state an appointment gets back. What did not exist, or was only held, is cancelled."""
    before: State | None = line.before
    if before is None or before["status"] == Status.HELD:
        return {**line.after, "status": str(Status.CANCELLED), "previous_status": line.after["status"]}
    return before


def _asked(site: Site, change_lines: Sequence[ChangeLine], *, now: datetime) -> Asked:
    """The places that have to be there again."""
    coming_back = [(line, wanted) for line in change_lines if (wanted := _wanted(line))["status"] in TAKING]
    ids = {values[0] for _, wanted in coming_back for values in wanted["allocations"]}
    resources = {str(key): resource for key, resource in Resource.objects.in_bulk(ids).items()}
    return Asked(
        site,
        [line.appointment.patient_id for line, _ in coming_back],
        [booking(wanted, resources) for _, wanted in coming_back],
        now,
        giving_up=frozenset(line.appointment_id for line in change_lines),
    )


def booking(state: State, resources: Mapping[str, Resource]) -> Booking:
    """What has to be asked for to get a state again, on the same lanes where they are free."""
    takes: dict[tuple[Any, ...], list[int]] = {}
    for resource, role, lane, is_shared, starts_at, ends_at in state["allocations"]:
        takes.setdefault((resource, role, is_shared, starts_at, ends_at), []).append(lane)
    return Booking(
        datetime.fromisoformat(state["starts_at"]),
        datetime.fromisoformat(state["ends_at"]),
        state["summary"],
        tuple(
            Take(
                resources[resource],
                role,
                datetime.fromisoformat(starts_at),
                datetime.fromisoformat(ends_at),
                _use(lanes) if is_shared else Use.EXCLUSIVE,
                tuple(sorted(lanes)),
            )
            for (resource, role, is_shared, starts_at, ends_at), lanes in takes.items()
        ),
    )


def _use(lanes: Sequence[int]) -> Use:
    return Use.HANDS_ON if HANDS_LANE in lanes else Use.SHARED


def obstacles(change_sets: Iterable[ChangeSet], *, now: datetime) -> dict[UUID, list[Obstacle]]:
    """What stands against undoing each of these, by id, as far as their appointments show it. Reads only; two queries.

    An empty list does not promise that it works: the place may have gone, or a course changed.
    """
    found: dict[UUID, list[Obstacle]] = {each.pk: [] for each in change_sets}
    by_set: dict[UUID, list[ChangeLine]] = {}
    for line in ChangeLine.objects.filter(change_set__in=list(found)).select_related("appointment"):
        by_set.setdefault(line.change_set_id, []).append(line)
    rows = {line.appointment_id: line.appointment for each in by_set.values() for line in each}
    now_is = lines.states(rows.values(), lines.taken_by(rows))
    return {key: _against(by_set.get(key, []), now_is, now=now) for key in found}


def _check(change_lines: Sequence[ChangeLine], now_is: Mapping[UUID, State], *, now: datetime) -> None:
    against = _against(change_lines, now_is, now=now)
    if against:
        raise CannotUndo(against)


def _against(change_lines: Sequence[ChangeLine], now_is: Mapping[UUID, State], *, now: datetime) -> list[Obstacle]:
    found = []
    for line in change_lines:
        after, wanted = line.after, _wanted(line)
        key = line.appointment_id
        name = f"{line.appointment.summary} on {line.appointment.local_on:%-d %B %Y}"
        if _lasting(now_is[key]) != _lasting(after):
            found.append(Obstacle("changed", f"{name} was changed meanwhile.", key))
        elif wanted["status"] in TAKING and _gone(wanted, after) and datetime.fromisoformat(wanted["ends_at"]) <= now:
            found.append(Obstacle("over", f"The time that {name} had is over.", key))
    return found


def _lasting(state: State) -> State:
    """What nobody else may have changed. That the patient confirmed meanwhile does not stand in the way."""
    return {name: value for name, value in state.items() if name not in {"confirmed_at", "previous_status"}}


def _gone(wanted: State, after: State) -> bool:
    """Whether the place was given up: the patient was not expected there any more."""
    return bool(after["status"] == Status.CANCELLED or wanted["starts_at"] != after["starts_at"])


def _set_back(each: _Restored, change_set: ChangeSet, *, now: datetime) -> None:
    row, to = each.row, each.to
    period = (datetime.fromisoformat(to["starts_at"]), datetime.fromisoformat(to["ends_at"]))
    if (row.starts_at, row.ends_at) != period or (each.is_taking and each.was["status"] == Status.CANCELLED):
        # what was said about the time in between is void, and what was withdrawn has to be said again
        row.schedule_epoch += 1
    place(row, Booking(*period, to["summary"], ()), row.site)
    row.status, row.previous_status = to["status"], to["previous_status"]
    row.confirmed_at = None if to["confirmed_at"] is None else datetime.fromisoformat(to["confirmed_at"])
    row.hold_expires_at = None
    row.change_set = change_set
    row.version += 1
    row.updated_at = now


def _idle(row: Appointment, values: Sequence[Any]) -> Allocation:
    resource, role, lane, is_shared, starts_at, ends_at = values
    return Allocation(
        appointment=row,
        resource_id=UUID(resource),
        role=role,
        lane=lane,
        is_shared=is_shared,
        starts_at=datetime.fromisoformat(starts_at),
        ends_at=datetime.fromisoformat(ends_at),
        is_active=False,
    )
