"""Dispatchers that run together, die, freeze, or race those who change the calendar. Real processes and threads."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from notifications.actions import delivery, outcomes, requests, sweeps
from notifications.actions.outcomes import Ended
from notifications.channels import open_sender
from notifications.engine.states import Outcome, State, Step
from notifications.models import Attempt, Message
from notifications.queries import verdicts
from notifications.queries.database_clock import database_now
from notifications.queries.verdicts import Verdict
from tests.faults.processes import environment, running, until
from tests.faults.smtp_server import FaultyServer, smtp_server
from tests.notifications.booking import book, cancel, move

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


A_MOMENT = timedelta(seconds=1)


def slow(seconds: float) -> Callable[[str, int], str]:
    """A server that takes its time after it has taken a message, so that kills fall into that moment."""

    def fault(moment: str, _bodies: int) -> str:
        if moment == "taken":
            time.sleep(seconds)
        return ""

    return fault


@pytest.fixture
def due(site) -> Callable[[int], list[Message]]:
    """Makes messages that are due now, one a patient."""
    from tests.factories.clinics import PatientFactory

    def make(number: int) -> list[Message]:
        now = database_now()
        for _ in range(number):
            book(PatientFactory(site=site), now + timedelta(days=10), now=now - timedelta(minutes=5))
        Message.objects.exclude(step=Step.PLAN).delete()
        return list(Message.objects.all())

    return make


@pytest.fixture
def mail_to(settings) -> Callable[[FaultyServer], None]:
    def point(server: FaultyServer) -> None:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.DEFAULT_FROM_EMAIL = "appointments@clinic.example"

    return point


def together(*works: Callable[[], object]) -> None:
    """Runs these at the same time, each with a database connection of its own. The first failure is raised."""
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - raised again below
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def doubled(server: FaultyServer) -> int:
    return sum(count - 1 for count in Counter(server.ledger.taken).values())


def test_not_sent_twice_when_dispatchers_run_together(due, service, mail_to) -> None:
    due(60)
    with smtp_server() as server:
        mail_to(server)
        together(*[lambda: delivery.deliver_due(by=service, batch=5)] * 4)
    assert (len(server.ledger.taken), doubled(server)) == (60, 0)
    assert Attempt.objects.count() == 60


def test_control_without_the_claim_they_do_send_twice(due, service, mail_to, monkeypatch) -> None:
    """The same, with a plain select in place of the claim and no second look: the test above can fail."""
    due(60)
    barrier = threading.Barrier(4)

    def naive_claim(*, clock, batch, done):
        taken = list(Message.objects.due(now=clock()).order_by("next_try_at", "id")[:batch])
        with suppress(threading.BrokenBarrierError):
            barrier.wait(1)
        keys = [message.pk for message in taken]
        Message.objects.filter(pk__in=keys, state=State.SCHEDULED).update(state=State.SENDING, lease_until=clock())
        return taken

    def naive_begin(messages, sender, *, clock, done):
        begun = []
        for message in messages:
            current = Message.objects.select_related("patient__site").get(pk=message.pk)
            attempt = Attempt(message=current, token=current.token, created_at=clock())
            begun.append(requests.Begun(current, attempt, sender.compose(current, verdicts.about(current))))
        return begun

    monkeypatch.setattr(delivery, "claim", naive_claim)
    monkeypatch.setattr(requests, "begin", naive_begin)
    with smtp_server() as server:
        mail_to(server)
        together(*[lambda: delivery.deliver_due(by=service, batch=5)] * 4)
    assert doubled(server) > 0


@pytest.mark.processes
def test_killed_in_the_middle_of_sending_nothing_is_lost_and_every_copy_is_counted(
    due, service, mail_to, tmp_path: Path
) -> None:
    messages = due(60)
    with smtp_server(slow(0.05)) as server:
        kill_dispatchers(server, ["manage.py", "dispatch", "--loop", "--batch", "6"], times=5, log=tmp_path / "log")
        assert Attempt.objects.filter(outcome="").exists(), "no kill fell into a request: the test shows nothing"
        mail_to(server)
        for passed in (delivery.LEASE, delivery.LEASE + timedelta(minutes=2)):
            sweeps.recover(clock=lambda: database_now() + passed)  # noqa: B023 - called at once
            delivery.deliver_due(by=service, clock=lambda: database_now() + passed)  # noqa: B023
    sent = {f"<{message.pk}@clinic.example>" for message in messages}
    counted = sum(Message.objects.values_list("possible_duplicates", flat=True))
    assert set(server.ledger.taken) == sent, "lost"
    assert doubled(server) <= counted <= 5 * 2, "two in a group at most, with a server that takes 50 ms"
    keys = [message.pk for message in messages]
    assert set(Message.objects.filter(pk__in=keys).values_list("state", flat=True)) == {State.ACCEPTED}


@pytest.mark.processes
def test_control_marked_before_sending_messages_are_lost(due, tmp_path: Path) -> None:
    """The same kills on a dispatcher that marks first and sends then: the test above can fail."""
    messages = due(60)
    with smtp_server(slow(0.0)) as server:
        server.fault = lambda moment, _bodies: time.sleep(0.02) or "" if moment == "mail" else ""
        kill_dispatchers(server, ["-m", "tests.faults.naive_dispatcher"], times=3, log=tmp_path / "log")
    marked = Message.objects.filter(state=State.ACCEPTED).count()
    assert len(set(server.ledger.taken)) < marked <= len(messages)


def kill_dispatchers(server: FaultyServer, arguments: list[str], *, times: int, log: Path) -> None:
    """Kills one dispatcher after another while each is at work."""
    variables = environment(smtp_port=server.port)
    for _ in range(times):
        before = len(server.ledger.taken)
        with running(arguments, variables, log=log) as process:
            until(
                lambda: len(server.ledger.taken) >= before + 3 or process.poll() is not None,  # noqa: B023
                "a dispatcher at work",
                log=log,
            )
            assert process.poll() is None, log.read_text()
            time.sleep(random.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_a_frozen_dispatcher_that_wakes_up_changes_nothing(due, service, mail_to) -> None:
    due(1)
    with smtp_server() as server:
        mail_to(server)
        (message,) = delivery.claim(clock=database_now, batch=1, done=delivery.Delivered())
        sender = open_sender("email")
        [begun] = requests.begin([message], sender, clock=database_now, done=delivery.Delivered())

        def later(minutes: int) -> Callable[[], datetime]:
            return lambda: database_now() + delivery.LEASE + timedelta(minutes=minutes)

        sweeps.recover(clock=later(0))
        delivery.deliver_due(by=service, clock=later(2))
        before = Message.objects.values().get()
        tries = list(Attempt.objects.order_by("id").values())
        # it wakes up, finishes its request, and wants to write that down
        sender.send(begun.composed, str(message.pk))
        sender.close()
        written = outcomes.record([Ended(begun.message, begun.attempt, Outcome.ACCEPTED, "250")], now=database_now())
    assert written == {}
    assert Message.objects.values().get() == before
    assert list(Attempt.objects.order_by("id").values()) == tries
    assert doubled(server) == 1 == before["possible_duplicates"]


def race(messages: list[Message], service, change: Callable[[Message], None]) -> dict[object, datetime]:
    """Somebody changes every visit, last ones first; dispatchers begin once the first change stands. When each did."""
    changed: dict[object, datetime] = {}
    begun = threading.Event()

    def change_all() -> None:
        try:
            for message in reversed(messages):
                change(message)
                changed[message.pk] = database_now()
                begun.set()
        finally:
            begun.set()

    def deliver() -> None:
        begun.wait()
        delivery.deliver_due(by=service, batch=40)

    together(change_all, deliver, deliver)
    return changed


def begun_after(changed: dict[object, datetime]) -> list[object]:
    """Requests begun long after their visit was changed. Between the last look and the request are milliseconds."""
    return [
        attempt.message_id
        for attempt in Attempt.objects.all()
        if attempt.message_id in changed and attempt.created_at > changed[attempt.message_id] + A_MOMENT
    ]


@pytest.fixture
def reminders_due(site) -> Callable[[int], list[Message]]:
    """Makes one-day reminders that are due now."""
    from tests.factories.clinics import PatientFactory

    def make(number: int) -> list[Message]:
        # the patients live where it is evening now, so that the reminder of a visit tomorrow is due at once
        now = database_now()
        zone = next(
            name
            for name in (f"Etc/GMT{offset:+d}" for offset in range(-14, 13))
            if 17 <= now.astimezone(ZoneInfo(name)).hour <= 19
        )
        for _ in range(number):
            book(PatientFactory(site=site, zone=zone), now + timedelta(hours=14), now=now - timedelta(minutes=1))
        Message.objects.exclude(step=Step.ONE_DAY).delete()
        messages = list(Message.objects.select_related("appointment").order_by("next_try_at", "id"))
        assert len(messages) == number
        return messages

    return make


@pytest.mark.parametrize("number", [50, pytest.param(1000, marks=pytest.mark.soak)])
def test_cancelling_beats_the_dispatcher_or_comes_too_late_but_never_ends_with_a_later_mail(
    reminders_due, service, mail_to, number: int
) -> None:
    messages = reminders_due(number)
    with smtp_server(slow(0.004)) as server:
        mail_to(server)
        changed = race(messages, service, lambda message: cancel(message.appointment, now=database_now()))
    assert begun_after(changed) == []
    states = Counter(Message.objects.filter(step=Step.ONE_DAY).values_list("state", flat=True))
    assert set(states) <= {State.ACCEPTED, State.WITHDRAWN}
    assert states[State.WITHDRAWN] > 0
    assert states[State.ACCEPTED] == len(server.ledger.taken)


def test_control_without_the_last_look_mails_do_go_out_after_cancelling(
    reminders_due, service, mail_to, monkeypatch
) -> None:
    messages = reminders_due(50)
    monkeypatch.setattr(verdicts, "judge", lambda *_, **__: Verdict(State.SENDING))
    monkeypatch.setattr(verdicts, "still_expected", lambda _, visits: list(visits))
    with smtp_server(slow(0.15)) as server:
        mail_to(server)
        changed = race(messages, service, lambda message: cancel(message.appointment, now=database_now()))
    assert begun_after(changed) != []


@pytest.mark.parametrize("number", [25, pytest.param(1000, marks=pytest.mark.soak)])
def test_moving_leaves_exactly_one_reminder_that_can_still_go_out(reminders_due, service, mail_to, number: int) -> None:
    messages = reminders_due(number)

    def a_week_later(message: Message) -> None:
        move(message.appointment, message.appointment.starts_at + timedelta(days=7), now=database_now())

    with smtp_server(slow(0.004)) as server:
        mail_to(server)
        changed = race(messages, service, a_week_later)
    assert begun_after(changed) == []
    for message in messages:
        waiting = Message.objects.filter(appointment=message.appointment, step=Step.ONE_DAY, state=State.SCHEDULED)
        assert [each.schedule_epoch for each in waiting] == [2]
