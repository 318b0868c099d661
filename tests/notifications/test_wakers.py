"""Beat, Celery and the plain command: three ways of waking the same dispatcher."""

from __future__ import annotations

import importlib
import re
import signal
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from celery import Celery
from django.apps import apps
from django.conf import settings as configured
from django.core.management import call_command

from config.beat import TIMETABLE
from config.celery import app
from notifications.actions import wakers
from notifications.actions.requests import Delivered
from notifications.engine.states import State, Step
from notifications.management.commands import dispatch
from notifications.models import Message
from notifications.queries.database_clock import database_now
from tests.faults.processes import environment, running, until
from tests.notifications.booking import book

QUEUES = {"default", "delivery"}


@pytest.mark.parametrize("name", sorted(TIMETABLE))
def test_every_periodic_job_is_a_fixed_interval_of_a_task_that_exists_on_a_queue_that_is_worked(name: str) -> None:
    entry = TIMETABLE[name]
    for config in apps.get_app_configs():
        if importlib.util.find_spec(f"{config.name}.tasks"):
            importlib.import_module(f"{config.name}.tasks")
    app.finalize()
    assert isinstance(entry["schedule"], timedelta), "no wall clock in beat"
    assert entry["options"]["queue"] in QUEUES
    assert entry["options"]["expires"] <= entry["schedule"].total_seconds()
    assert entry["task"] in app.tasks


def test_what_celery_must_never_be_set_to() -> None:
    conf = app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_ignore_result
    assert conf.accept_content == ["json"] == [conf.task_serializer]
    assert conf.task_soft_time_limit < conf.task_time_limit <= 60
    assert 120 <= conf.broker_transport_options["visibility_timeout"] <= 300
    assert conf.broker_transport_options["visibility_timeout"] > 2 * conf.task_time_limit
    assert conf.broker_transport_options["socket_connect_timeout"] <= 2
    assert conf.worker_enable_soft_shutdown_on_idle
    assert conf.worker_soft_shutdown_timeout
    assert not conf.task_publish_retry
    assert conf.timezone == "UTC"


def test_a_dispatcher_ends_before_its_soft_time_limit() -> None:
    from notifications import tasks

    assert app.conf.task_soft_time_limit >= tasks.DISPATCH_SECONDS + configured.EMAIL_TIMEOUT


@pytest.mark.django_db
def test_tasks_do_not_mind_arguments_of_a_newer_version(patient, sink, settings) -> None:
    from notifications import tasks

    settings.PLAN_HOLD_SECONDS = 0
    now = database_now()
    book(patient, now + timedelta(days=10), now=now - timedelta(minutes=1))
    tasks.dispatch(whatever=1)
    tasks.sweep(whatever=1)
    assert len(sink.caught()) == 1


@pytest.mark.django_db
def test_the_command_sends_what_is_due_and_says_so(patient, sink) -> None:
    now = database_now()
    book(patient, now + timedelta(days=10), now=now - timedelta(minutes=5))
    said = StringIO()
    call_command("dispatch", stdout=said)
    assert said.getvalue() == "1 due: 1 sent\n"
    assert len(sink.caught()) == 1


@pytest.mark.django_db
def test_many_due_at_once_do_not_keep_staff_waiting(service, monkeypatch) -> None:
    """A hundred that take a second each: notices to staff have their turn in between, at once, and none is left over."""
    at, left, looks, pauses = [0.0], [100], [], []
    monkeypatch.setattr(dispatch, "time", SimpleNamespace(monotonic=lambda: at[0]))
    monkeypatch.setattr(dispatch, "signal", Mock())
    monkeypatch.setattr(dispatch, "close_old_connections", Mock())  # it would end the test's transaction
    monkeypatch.setattr(dispatch.sweeps, "sweep", Mock())
    monkeypatch.setattr(dispatch.staff_notices, "send_due", lambda **_: looks.append(at[0]))

    def deliver_due(*, enough, **_) -> Delivered:
        while left[0] and not enough():
            left[0], at[0] = left[0] - 1, at[0] + 1
        return Delivered()

    class Bell:
        def __init__(self, stop) -> None:
            self.stop = stop

        def listen(self) -> None: ...

        def close(self) -> None: ...

        def wait(self, seconds: float) -> None:
            pauses.append(seconds)
            if not left[0]:
                self.stop.set()

    monkeypatch.setattr(dispatch.delivery, "deliver_due", deliver_due)
    monkeypatch.setattr(dispatch, "Bell", Bell)
    call_command("dispatch", "--loop")
    assert looks == [0, 30, 60, 90]
    assert pauses == [0, 0, 0, 5]
    left[0] = 100
    call_command("dispatch")
    assert left == [0], "without --loop it ends when nothing is due"


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_the_command_alone_is_enough_and_stops_when_told(patient, sink, tmp_path: Path) -> None:
    """No Redis, no beat, no worker."""
    now = database_now()
    log = tmp_path / "log"
    variables = environment(smtp_port=sink.port, REDIS_URL="redis://127.0.0.1:1/0", CACHE_URL="")
    with running(["manage.py", "dispatch", "--loop", "--every", "0.1"], variables, log=log) as process:
        book(patient, now + timedelta(days=10), now=now - timedelta(minutes=5))
        until(lambda: len(sink.caught()) == 1, "a mail", log=log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0, log.read_text()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_dispatcher_that_sleeps_is_woken_by_what_is_due_at_once(patient, sink, tmp_path: Path, settings) -> None:
    """It looks once an hour; NOTIFY comes with the booking's commit. Then it knows by itself when the next row is due."""
    now = database_now()
    log = tmp_path / "log"
    book(patient, now + timedelta(days=9), now=now - timedelta(minutes=5))
    with running(
        ["manage.py", "dispatch", "--loop", "--every", "3600"], environment(smtp_port=sink.port), log=log
    ) as process:
        until(lambda: len(sink.caught()) == 1, "the first mail: it has looked, and sleeps now", log=log)
        settings.PLAN_HOLD_SECONDS = 0
        book(patient, now + timedelta(days=10), now=database_now())
        until(lambda: len(sink.caught()) == 2, "a mail without another look", log=log)
        settings.PLAN_HOLD_SECONDS = 2
        book(patient, now + timedelta(days=11), now=database_now())
        until(lambda: len(sink.caught()) == 3, "a mail when its time has come", log=log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0, log.read_text()


def test_what_is_due_later_rings_no_bell(patient, monkeypatch) -> None:
    rung: list[object] = []
    monkeypatch.setattr(wakers, "wake", lambda **how: rung.append(how["due_at"] - how["now"]))
    now = database_now()
    book(patient, now + timedelta(days=10), now=now)
    assert rung
    assert min(rung) > wakers.SOON


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_celery_worker_carries_it_through_the_broker(patient, sink, tmp_path: Path) -> None:
    now = database_now()
    book(patient, now + timedelta(days=10), now=now - timedelta(minutes=5))
    broker = another_database(configured.REDIS_URL)
    log = tmp_path / "log"
    worker = ["-m", "celery", "-A", "config", "worker", "-Q", "default,delivery", "-c", "1", "--without-mingle"]
    variables = environment(smtp_port=sink.port, REDIS_URL=broker)
    with running([*worker, "-n", f"test-{tmp_path.name}@%h"], variables, log=log):
        with Celery(broker=broker, set_as_current=False) as producer:
            producer.send_task("notifications.dispatch", queue="delivery")
        until(lambda: len(sink.caught()) == 1, "a mail", log=log)
        until(lambda: Message.objects.get(step=Step.PLAN).state == State.ACCEPTED, "its row")


def another_database(url: str) -> str:
    """A database of the broker that no other test uses."""
    if url.startswith("redis+socket:"):
        return f"{url.partition('?')[0]}?virtual_host=9"
    return re.sub(r"/\d+$", "/9", url)
