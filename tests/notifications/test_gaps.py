"""The gap detector: whatever happens to the rows, it is found, and put right or shown."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection

from notifications.actions import delivery, sweeps
from notifications.engine.ladder import STANDARD, DayOf
from notifications.engine.states import Reason, State, Step
from notifications.models import Message, Sign
from notifications.queries import fingerprints, gaps
from notifications.queries.database_clock import database_now
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book, send
from tests.notifications.fake_sender import FakeSender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)

DAMAGE = {
    "deleted": "DELETE FROM notifications_message WHERE id = %s",
    "due late": "UPDATE notifications_message SET due_at = due_at + interval '2 hours' WHERE id = %s",
    "useless early": "UPDATE notifications_message SET not_after = due_at + interval '1 second' WHERE id = %s",
    "waits late": "UPDATE notifications_message SET next_try_at = next_try_at + interval '5 hours' WHERE id = %s",
    "waits early": "UPDATE notifications_message SET next_try_at = next_try_at - interval '5 hours' WHERE id = %s",
    "another patient's": "UPDATE notifications_message SET patient_id = {other} WHERE id = %s",
    "taken back": "UPDATE notifications_message SET state = 'withdrawn', reason = 'cancelled', next_try_at = NULL,"
    " settled_at = now() WHERE id = %s",
}


def rows() -> set[tuple]:
    return set(
        Message.objects.values_list("appointment", "step", "patient", "state", "due_at", "next_try_at", "not_after")
    )


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_damage_is_found_and_put_right_or_shown(site, service, damage: str) -> None:
    for k in range(4):
        book(PatientFactory(site=site), FRIDAY + k * HOUR, now=MONDAY)
    assert not sweeps.repair(now=MONDAY), "all of it was found right, and is not looked at again"
    right = rows()
    other = PatientFactory(site=site)
    hurt = random.choice(list(Message.objects.exclude(step=Step.PLAN)))
    with connection.cursor() as cursor:
        cursor.execute(DAMAGE[damage].replace("{other}", f"'{other.pk}'"), [hurt.pk])
        assert cursor.rowcount == 1
    if damage == "taken back":
        done = sweeps.repair(now=MONDAY)
        assert (done.stranded, done.written) == (1, 0), "what is final stays: it is shown"
        return
    assert sweeps.repair(now=MONDAY)
    assert right <= rows()
    if damage == "another patient's":
        Message.objects.filter(pk=hurt.pk).update(next_try_at=MONDAY)
        sender = FakeSender()
        delivery.deliver_due(by=service, clock=lambda: MONDAY, open_sender=lambda _: sender)
        assert sender.sent == [], "it is judged, and not sent to somebody who has no such visit"
    else:
        assert not sweeps.repair(now=MONDAY)


@pytest.mark.parametrize("looks", [True, False], ids=["sees changes", "control"])
def test_what_was_found_right_is_looked_at_again_once_anything_was_written(
    site, monkeypatch, django_assert_max_num_queries, looks: bool
) -> None:
    for k in range(4):
        book(PatientFactory(site=site), FRIDAY + k * HOUR, now=MONDAY)
    if not looks:
        seen = fingerprints.of_patients(now=MONDAY)
        monkeypatch.setattr(fingerprints, "of_patients", lambda **_: seen)
    sweeps.repair(now=MONDAY)
    with django_assert_max_num_queries(4):
        assert not sweeps.repair(now=MONDAY)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notifications_message WHERE step = 'one_day'")
    assert sweeps.repair(now=MONDAY).written == (4 if looks else 0)


def test_a_row_put_off_to_the_morning_is_not_taken_for_wrong(patient, service) -> None:
    visit = book(patient, FRIDAY, now=MONDAY)[0]
    night = datetime(2026, 5, 15, 3, tzinfo=UTC)  # 23:00 in New York: found late
    delivery.deliver_due(by=service, clock=lambda: night, open_sender=lambda _: FakeSender())
    row = Message.objects.get(step=Step.ONE_DAY)
    assert (row.state, row.next_try_at) == (State.SCHEDULED, datetime(2026, 5, 15, 12, tzinfo=UTC))
    found = gaps.compare([visit], now=night - 8 * HOUR)
    assert (found.missing, found.mistimed, found.stranded) == ([], [], [])


def test_every_sweep_looks_at_all_coming_visits_and_the_hourly_one_afresh(patient, service) -> None:
    visit = book(patient, FRIDAY + timedelta(days=300), now=MONDAY)[0]
    for _ in range(2):
        assert not sweeps.sweep(by=service, clock=lambda: MONDAY).gaps
        Message.objects.filter(appointment=visit).delete()
        assert sweeps.sweep(by=service, clock=lambda: MONDAY).gaps.written == 4
    assert set(Sign.objects.values_list("part", flat=True)) == {"sweep"}
    assert not sweeps.sweep(by=service, clock=lambda: MONDAY, afresh=True).gaps
    assert set(Sign.objects.values_list("part", flat=True)) == {"sweep", "gaps"}


def test_what_a_sweep_has_no_time_for_has_its_turn_with_the_next(site, monkeypatch) -> None:
    far, near = (book(PatientFactory(site=site), FRIDAY + days * 24 * HOUR, now=MONDAY)[0] for days in (7, 0))
    Message.objects.filter(step=Step.ONE_DAY).delete()
    ticks = count(step=sweeps.LOOK_SECONDS * 0.6)  # time for one look
    monkeypatch.setattr(sweeps, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    monkeypatch.setattr(sweeps, "VISITS", 1)
    for done in ([near], [near], [near, far]):  # what was put right is looked at once more
        sweeps.repair(now=MONDAY)
        written = Message.objects.filter(step=Step.ONE_DAY).order_by("due_at")
        assert [row.appointment for row in written] == done


@pytest.mark.parametrize("day_of", [DayOf.ALWAYS, STANDARD.day_of], ids=["always", "shipped"])
def test_the_queries_do_not_grow_with_the_visits(site, django_assert_num_queries, day_of) -> None:
    send(day_of=day_of)
    for number in (1, 3):
        visits = [book(PatientFactory(site=site), FRIDAY, now=MONDAY)[0] for _ in range(number)]
        with django_assert_num_queries(12):
            gaps.compare(visits, now=MONDAY)


def test_the_command_shows_and_repairs(patient, service) -> None:
    now = database_now()
    visit = book(patient, now.replace(hour=18) + timedelta(days=20), now=now)[0]
    Message.objects.filter(step=Step.ONE_DAY).delete()
    Message.objects.filter(step=Step.DAY_OF).update(next_try_at=now + timedelta(days=30))

    def said(*arguments: str) -> str:
        out = StringIO()
        call_command("reminders", "gaps", *arguments, stdout=out)
        return out.getvalue()

    assert said() == (
        f"{visit.pk}: one_day by email is missing\n{visit.pk}: day_of waits for the wrong time\n2 differences\n"
    )
    assert said("--repair").startswith("1 written, 1 retimed, 0 withdrawn\n")
    assert said() == "every row is as it should be\n"


def test_what_waits_for_a_void_time_is_withdrawn(patient) -> None:
    visit = book(patient, FRIDAY, now=MONDAY)[0]
    type(visit).objects.filter(pk=visit.pk).update(schedule_epoch=2)
    done = sweeps.repair(now=MONDAY, afresh=True)
    assert (done.written, done.withdrawn) == (3, 3)
    assert set(Message.objects.filter(schedule_epoch=1).values_list("reason", flat=True)) == {Reason.MOVED}
