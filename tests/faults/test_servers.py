"""Redis and PostgreSQL taken away while messages are being sent and visits booked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery
from django.db import InterfaceError, OperationalError, connection, transaction

from core import clock
from notifications.actions import messages
from notifications.engine import ladder
from notifications.engine.states import State
from notifications.models import Message
from notifications.queries import gaps, policies, reach
from notifications.queries.database_clock import database_now
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Take
from scheduler.actions.terms import NotWorking
from scheduler.models import Appointment, ChangeSet
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import ChairFactory
from tests.faults import outbox
from tests.faults.broker import Broker, broker
from tests.faults.processes import environment, running, until
from tests.faults.provider import provider
from tests.faults.smtp_server import smtp_server
from tests.faults.test_dispatchers import doubled, slow
from tests.faults.test_kills import Nursery, nursery  # noqa: F401 - a fixture
from tests.notifications.booking import book

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@contextmanager
def in_background(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Runs ``work`` beside the block, which tells it to stop at the end. Its failure is raised here."""
    stop, failures = threading.Event(), []

    def run() -> None:
        try:
            work(stop)
        except BaseException as failure:  # noqa: BLE001 - raised again below
            failures.append(failure)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        connection.close()  # it may have been cut off
        connection.close()  # it may have been cut off
    if failures:
        raise failures[0]


def ticks(redis: Broker) -> Callable[[threading.Event], None]:
    """As beat does, only more often; a tick that cannot be published is lost."""

    def tick(stop: threading.Event) -> None:
        while not stop.wait(0.25):
            with suppress(Exception), Celery(broker=redis.url, set_as_current=False) as producer:
                producer.conf.task_publish_retry = False
                producer.send_task("notifications.dispatch", queue="delivery", expires=5)

    return tick


def test_redis_flushed_full_killed_and_away_costs_nothing(site, patient, service, tmp_path: Path) -> None:
    outbox.fill(site, 60, by=service)
    log = tmp_path / "log"
    worker = ["-m", "celery", "-A", "config", "worker", "-Q", "default,delivery", "-c", "1", "--without-mingle"]
    with smtp_server(slow(0.03)) as server, broker() as redis:
        variables = environment(smtp_port=server.port, REDIS_URL=redis.url)

        def sent(number: int) -> None:
            until(lambda: len(server.ledger.taken) >= number, f"{number} mails", log=log)

        with in_background(ticks(redis)), running([*worker, "-n", "redis@%h"], variables, log=log):
            sent(10)
            redis.do("FLUSHALL")
            sent(20)
            redis.do("CONFIG", "SET", "maxmemory", "1")
            sent(30)
            redis.do("CONFIG", "SET", "maxmemory", "0")
            redis.kill()
            now = database_now()
            visit = book(patient, now + timedelta(days=9), now=now)[0]
            assert gaps.compare([visit], now=now).missing == [], "bookings go on, with their rows"
            until(
                lambda: not Message.objects.filter(state=State.SENDING).exists(), "the worker's batch, without Redis",
                log=log,
            )  # fmt: skip
            redis.start()
            outbox.fill(site, 10, by=service)
            until(lambda: Message.objects.filter(state=State.ACCEPTED).count() == 70, "every row", log=log)
    assert len(server.ledger.taken) == 70
    assert doubled(server) == 0


def test_control_what_lives_in_redis_alone_is_lost() -> None:
    """The same loss of Redis, for reminders put there as tasks with a time."""
    with broker() as redis:
        with Celery(broker=redis.url, set_as_current=False) as producer:
            for number in range(20):
                producer.send_task("remind", args=[number], countdown=60, queue="reminders")
        assert redis.do("LLEN", "reminders") == 20
        redis.kill()
        redis.start()
        assert redis.do("LLEN", "reminders") == 0


def cut(times: int, *, every: float) -> Callable[[threading.Event], None]:
    """Ends every session of this database but its own, again and again: what an immediate stop is to those connected."""

    def work(stop: threading.Event) -> None:
        for _ in range(times):
            time.sleep(every)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
        stop.wait()

    return work


def test_postgresql_cut_off_under_load(nursery: Nursery, site, flora, service) -> None:  # noqa: F811 - the fixture
    """No acknowledged booking is lost, none is without its rows, and no message is lost or doubled."""
    chair = ChairFactory(site=site)
    patients = [PatientFactory(site=site) for _ in range(60)]
    due = outbox.fill(site, 150, by=service)
    ten = clock.local(database_now(), site.zone).replace(hour=10, minute=0, second=0, microsecond=0)
    slots = [ten + timedelta(days=day, hours=hour) for day in range(20, 30) for hour in range(6)]
    acknowledged = []

    def book_all(_stop: threading.Event) -> None:
        for patient, start in zip(patients, slots, strict=False):
            take = Take(chair, "chair", start, start + timedelta(hours=1))
            wanted = [Booking(start, start + timedelta(hours=1), "Visit", (take,))]
            try:
                made = appointments.book(site=site, patient=patient, bookings=wanted, by=flora, now=database_now())
                acknowledged.append(made.appointments[0].pk)
            except NotWorking:
                pass  # a weekend
            except (OperationalError, InterfaceError):
                connection.close()  # whoever asked sees an error, and may ask again
            time.sleep(0.02)

    with provider(seconds=0.02) as server:
        nursery.start(server, "HttpSender", 2)
        until(lambda: len(server.ledger.taken) > 5, "a dispatcher at work", log=nursery.log)
        with in_background(book_all), in_background(cut(8, every=0.25)):
            until(lambda: len(server.ledger.taken) >= len(due), "every message", log=nursery.log, seconds=120)
        keys = [message.pk for message in due]
        until(
            lambda: Message.objects.filter(pk__in=keys, state=State.ACCEPTED).count() == len(keys),
            "every result written down",
            log=nursery.log,
        )
        nursery.end()
    assert set(server.ledger.taken) == {str(message.pk) for message in due}
    assert server.ledger.doubled == 0, "results that cannot be written down are kept in hand until they can"
    stored = Appointment.objects.filter(patient__in=patients)
    assert set(acknowledged) <= set(stored.values_list("pk", flat=True))
    assert len(acknowledged) >= 10
    found = gaps.compare(stored, now=database_now())
    assert (found.missing, found.mistimed, found.stranded, found.void) == ([], [], [], {})
    assert not ChangeSet.objects.filter(patient__in=patients, messages=None).exists()


def test_control_rows_written_after_the_commit_are_lost(patient, monkeypatch) -> None:
    """The same cut, with the rows in a transaction of their own after the booking's."""
    real = messages.reconcile

    def late(**how: object) -> None:
        def write() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            real(**how)

        transaction.on_commit(write)

    monkeypatch.setattr(messages, "reconcile", late)
    now = database_now()
    with pytest.raises((OperationalError, InterfaceError)):
        book(patient, now + timedelta(days=9), now=now)
    connection.close()
    (visit,) = Appointment.objects.all()
    due = ladder.still_to_come(
        starts_at=visit.starts_at, zone=patient.home_zone, now=now, booked_at=now, policy=policies.in_force()
    )
    assert len(due) >= 2
    missing = [(row.step, row.channel) for row in gaps.compare([visit], now=now).missing]
    assert missing == [(each.step, channel) for each in due for channel in reach.channels_of(patient, each.step)]
