"""Every zone and every change of its clocks for six years: a course keeps its wall-clock times, and so do its reminders."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
import time_machine
from django.core.management import CommandError, call_command

from clinics.models import User
from core import clock
from core.clock import Adjustment
from core.errors import NotAllowed
from notifications.actions import delivery, sweeps
from notifications.engine import ladder, quiet_hours
from notifications.engine.ladder import OfType
from notifications.engine.states import WAITING, State, Step
from notifications.models import Attempt, Message
from scheduler.actions import undoing
from scheduler.checks import visits_are_at_their_time_on_the_clock
from scheduler.models import Appointment, ChangeSet, Status
from scheduler.models.change_set import Verb
from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory, ChairFactory
from tests.notifications.booking import book
from tests.notifications.fake_sender import FakeSender

HOUR = timedelta(hours=1)
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
FIRST, LAST = date(2025, 1, 1), date(2030, 12, 31)
EDGES = [date(2028, 2, 29), date(2027, 12, 31), date(2028, 1, 1)]
TIMES = [time(0, 30), time(1, 30), time(2, 30), time(9), time(23, 45)]


@cache
def changes(zone: str) -> list[date]:
    """The local dates around which the zone's clocks change."""
    tz, found, day = ZoneInfo(zone), [], timedelta(days=1)
    at, offset = datetime(2025, 1, 1, tzinfo=UTC), None
    while at.date() <= LAST:
        now = at.astimezone(tz).utcoffset()
        if offset is not None and now != offset:
            found += [(at - day).astimezone(tz).date(), at.astimezone(tz).date()]
        at, offset = at + day, now
    return found


def test_there_are_changes() -> None:
    assert sum(len(changes(zone)) for zone in ZONES) > 3000


@pytest.mark.parametrize("letter", "AEP", ids=["A-D", "E-O", "P-Z"])
def test_a_course_keeps_its_wall_clock_time_across_every_change(letter: str) -> None:
    last = {"A": "D", "E": "O", "P": "~"}[letter]
    for zone in (zone for zone in ZONES if letter <= zone[0] <= last):
        for on in (*changes(zone), *EDGES):
            for at in TIMES:
                for days in (-7, -1, 0, 1, 7):
                    resolved = clock.resolve(on + timedelta(days=days), at, zone)
                    shown = clock.local(resolved.at, zone)
                    wall = datetime.combine(on + timedelta(days=days), at)
                    if resolved.adjustment is Adjustment.GAP:
                        assert timedelta(0) < shown.replace(tzinfo=None) - wall <= timedelta(days=1), (zone, wall)
                    else:
                        assert shown.replace(tzinfo=None) == wall, (zone, wall)
                        assert shown.fold == 0, "of a time that comes twice the first"


def test_every_reminder_around_a_change_is_by_day_and_before_its_visit() -> None:
    for zone in ZONES[::3]:
        for on in changes(zone):
            for days in (0, 1, 3, 7):
                starts_at = clock.resolve(on + timedelta(days=days), time(14), zone).at
                planned = ladder.reminders(
                    starts_at=starts_at,
                    zone=zone,
                    booked_at=starts_at - timedelta(days=30),
                    of_type=OfType(prepares=True),
                )
                assert [each.step for each in planned] == [
                    Step.SEVEN_DAYS,
                    Step.THREE_DAYS,
                    Step.ONE_DAY,
                    Step.DAY_OF,
                ]
                for each in planned:
                    assert each.due_at < each.not_after <= starts_at
                    assert not quiet_hours.is_quiet(each.due_at, zone)


# --- rules that change under a running clinic -------------------------------------------------------------------

OLD = Path(__file__).parent / "tzdata_2025b"
"""Five zones as release 2025b of the time zone database has them (public domain, compiled with ``zic -b slim``). The package
``tzdata``, of 2026f or later, has other rules for them from the autumn of 2026.
"""
CHANGED = ["Africa/Casablanca", "America/Edmonton", "America/Havana", "America/Vancouver", "America/Winnipeg"]
SAME = ["America/New_York", "Europe/Madrid"]


def use(*folders: Path) -> None:
    """From now on zones are read from these folders, and what is not there from the package ``tzdata``."""
    zoneinfo.reset_tzpath(folders)
    ZoneInfo.clear_cache()


@pytest.fixture
def old_rules() -> Iterator[None]:
    """The machine has the old release."""
    use(OLD)
    yield
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


def due_times(zone: str) -> list[str]:
    waiting = Message.objects.filter(patient__zone=zone, state=State.SCHEDULED, appointment__isnull=False)
    return [f"{clock.local(each.due_at, zone):%d %H:%M}" for each in waiting.order_by("due_at")]


@pytest.mark.django_db
def test_after_a_change_of_rules_reminders_keep_their_wall_clock_times_and_move_once(site, old_rules) -> None:
    booked_at = datetime(2026, 10, 20, 12, tzinfo=UTC)
    starts_at = datetime(2026, 12, 18, 18, tzinfo=UTC)  # in winter, when the rules differ
    for zone in (*CHANGED, *SAME):
        book(PatientFactory(site=site, zone=zone), starts_at, now=booked_at)
    wall = {zone: due_times(zone)[:3] for zone in (*CHANGED, *SAME)}
    assert set(map(len, wall.values())) == {3}
    before = dict(Message.objects.values_list("pk", "due_at"))

    use()
    for zone in (*CHANGED, *SAME):
        assert (due_times(zone)[:3] != wall[zone]) == (zone in CHANGED), "the rules did change"
    done = sweeps.repair(now=booked_at, afresh=True)
    assert {zone: due_times(zone)[:3] for zone in (*CHANGED, *SAME)} == wall
    moved = [key for key, due_at in Message.objects.values_list("pk", "due_at") if before[key] != due_at]
    assert len(moved) == done.retimed > 0
    assert set(Message.objects.filter(pk__in=moved).values_list("patient__zone", flat=True)) == set(CHANGED)
    assert (done.written, done.withdrawn, done.stranded) == (0, 0, 0)
    assert not sweeps.repair(now=booked_at, afresh=True), "once"


@pytest.mark.django_db
def test_after_a_change_of_rules_visits_keep_their_wall_clock_times_too(site, service, old_rules) -> None:
    now, day = datetime(2026, 10, 20, 12, tzinfo=UTC), timedelta(days=1)
    start = datetime(2026, 12, 18, 18, tzinfo=UTC)  # 10:00 in Vancouver, 13:00 in New York
    west = SiteFactory(zone="America/Vancouver")
    chair, nobody = ChairFactory(site=west), PatientFactory(site=west, zone="America/Vancouver")
    visits = [book(PatientFactory(site=west, zone=west.zone), start + k * HOUR, now=now)[0] for k in range(2)]
    for visit in visits:  # one after the other in one chair
        AllocationFactory(appointment=visit, resource=chair, starts_at=visit.starts_at, ends_at=visit.ends_at)
    (twice,) = book(nobody, start + day, now=now)  # as the rules will be, this person would be in two places
    with time_machine.travel(now, tick=False):  # whenever this runs: what is booked afterwards is not reminded of
        there = AppointmentFactory(site=site, patient=nobody, starts_at=start + day - HOUR, status=Status.BOOKED)
    for zone in {*CHANGED, "Europe/Madrid"} - {west.zone}:
        at = clock.resolve(date(2026, 12, 18), time(10), zone).at
        visits += book(PatientFactory(site=SiteFactory(zone=zone), zone=zone), at, now=now)
    visits += book(PatientFactory(site=site), start, now=now)
    were = {each.pk: each.starts_at for each in (*visits, twice, there)}
    changed = {each.pk for each in visits if each.zone in CHANGED}
    delivery.deliver_due(by=service, clock=lambda: now + HOUR, open_sender=lambda _: FakeSender())
    sweeps.repair(now=now + HOUR, afresh=True)
    rows = set(Message.objects.values_list("pk", "state", "schedule_epoch"))
    assert call("retime") == "every visit is at its time on the clock\n"
    assert visits_are_at_their_time_on_the_clock(databases=["default"]) == []

    use()
    with time_machine.travel(now + 2 * HOUR, tick=False):
        shown = call("retime")
        assert {line.partition(":")[0] for line in shown.splitlines()[:-1]} == {
            str(key) for key in {*changed, twice.pk}
        }
        assert shown.endswith("7 visits to put right\n")
        (alarm,) = visits_are_at_their_time_on_the_clock(databases=["default"])
        assert alarm.msg.startswith("7 coming visits")
        assert times() == were, "shown only"
        with pytest.raises(CommandError, match="1 visits were left"):
            call("retime", "--apply")
        assert {key for key, at in times().items() if at != were[key]} == changed
        for visit in visits:
            visit.refresh_from_db()
            assert clock.local(visit.starts_at, visit.zone).time() == visit.local_time
            assert visit.schedule_epoch == 1
        assert all(visit.allocations.get().starts_at == visit.starts_at for visit in visits[:2])
        made = ChangeSet.objects.filter(verb=Verb.RETIME)
        assert set(made.values_list("site__zone", flat=True)) == set(CHANGED)
        assert set(made.values_list("lines__appointment", flat=True)) == changed
        assert not Message.objects.filter(change_set__in=made).exists(), "nothing changed for the patients"
        # a clock's time of their own zone: what was due at 10:00 still is; and the same rows, none beside them
        assert set(Message.objects.values_list("pk", "state", "schedule_epoch")) == rows
        done = sweeps.repair(now=now + 2 * HOUR, afresh=True)
        assert (done.written, done.retimed, done.withdrawn) == (0, 7, 0), (
            "of who lives by the clocks that changed, and was left"
        )
        assert not sweeps.repair(now=now + 2 * HOUR, afresh=True), "moved once"
        with pytest.raises(NotAllowed):
            undoing.restore(change_set=made[0], by=UserFactory(role="manager"), now=now + 2 * HOUR)
        with pytest.raises(CommandError):
            call("retime", "--apply")
        assert made.count() == len(CHANGED)
        use(OLD)
        assert call("retime", "--apply").endswith("6 visits put right\n"), "taken back by the former release"
        assert times() == were
        use()
        with pytest.raises(CommandError):
            call("retime", "--apply")

    deliver_until(start + 2 * day, service)
    tries = Attempt.objects.filter(message__appointment__in=visits)
    told = sorted(
        (
            str(each.message.appointment_id),
            f"{clock.local(each.created_at, each.message.patient.zone or site.zone):%d %H:%M}",
        )
        for each in tries.select_related("message__patient")
    )
    assert told == sorted((str(each.pk), at) for each in visits for at in ("11 10:00", "15 10:00", "17 16:00")), (
        "each once, at its time on the clock"
    )


def times() -> dict[UUID, datetime]:
    return dict(Appointment.objects.values_list("pk", "starts_at"))


def deliver_until(end: datetime, service: User) -> None:
    """Sends all that is due until then, each when it is due."""
    waiting = Message.objects.filter(state__in=WAITING, next_try_at__lt=end).order_by("next_try_at")
    while due := waiting.first():
        at = due.next_try_at
        delivery.deliver_due(by=service, clock=lambda at=at: at, open_sender=lambda _: FakeSender())


def call(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()
