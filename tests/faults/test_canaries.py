"""One patient with names like no other, sent to, refused and failed for in every way: nobody but the provider hears them."""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
import redis
import yaml
from django.test import Client

import notifications
from devtools.local import data_folder
from notifications.actions import delivery, outcomes, sweeps
from notifications.channels import Accepted, NotSent
from notifications.engine.ladder import DayOf
from notifications.engine.states import Outcome, State, Step
from notifications.models import Attempt, Message
from notifications.queries.database_clock import database_now
from tests.factories.clinics import PatientFactory
from tests.faults.broker import Broker, broker
from tests.faults.cluster import NAME, Cluster
from tests.faults.processes import ROOT, environment, running, until
from tests.faults.smtp_server import smtp_server
from tests.faults.test_redis_away import WORKER
from tests.faults.test_servers import in_background, ticks
from tests.notifications.booking import book, send
from tests.notifications.fake_sender import FakeSender

CANARIES = ("Xerxes", "Canary", "canary@example.org", "2025550142", "1961-07-19", "Beware of Dog")


def canary(site):
    return PatientFactory(
        site=site,
        given_name="Xerxes",
        family_name="Canary",
        email="canary@example.org",
        phone="+12025550142",
        birth_on="1961-07-19",
        desk_note="Beware of Dog",
    )


def heard(said: str) -> list[str]:
    return [each for each in CANARIES if each in said]


@contextmanager
def listening_to(server: Broker) -> Iterator[list[str]]:
    """Everything anybody asks this Redis to do, while the block runs."""
    said: list[str] = []
    client = redis.Redis(unix_socket_path=server.socket)
    with client.monitor() as monitor:

        def listen() -> None:
            with suppress(redis.ConnectionError, ValueError, OSError):
                said.extend(str(each) for each in monitor.listen())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield said
        server.kill()  # ends the conversation
        thread.join()
    client.close()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_end_to_end_neither_log_nor_redis_nor_metrics_name_the_patient(site, settings, tmp_path: Path) -> None:
    settings.OPERATIONS_TOKEN = "t" * 32
    log, now = tmp_path / "log", database_now()
    send(day_of=DayOf.ALWAYS, your_week_at=None)  # three of each visit, on whatever days of the week they are
    patient = canary(site)
    for days in (9, 11, 13):
        book(patient, now + timedelta(days=days), now=now - timedelta(minutes=5))
    Message.objects.exclude(step=Step.PLAN).update(next_try_at=now, heeds_quiet_hours=False)
    replies = iter(["550 no such mailbox canary@example.org", "451 Xerxes Canary is asleep"])

    def repeats_what_it_was_told(moment: str, _bodies: int) -> str:
        return next(replies, "") if moment == "rcpt" else ""

    with smtp_server(repeats_what_it_was_told) as server, broker() as bus, listening_to(bus) as asked_of_redis:
        variables = environment(smtp_port=server.port, REDIS_URL=bus.url)
        with in_background(ticks(bus)), running([*WORKER, "-n", "canary@%h", "-l", "DEBUG"], variables, log=log):
            until(
                lambda: not Attempt.objects.filter(outcome="").exists() and len(server.ledger.taken) >= 5,
                "mails",
                log=log,
            )
        stored = [str(bus.do("DUMP", key)) for key in bus.do("KEYS", "*")]
    operator = Client(headers={"Authorization": f"Bearer {settings.OPERATIONS_TOKEN}"})
    shown = operator.get("/metrics").content.decode() + operator.get("/statusz").content.decode()
    kept = str(list(Attempt.objects.values_list("code", "outcome")))
    assert "message_tried" in log.read_text(), "the log was listened to"
    assert "notifications.dispatch" in " ".join(asked_of_redis), "so was Redis"
    assert "reminder_messages" in shown
    for said in (log.read_text(), " ".join([*asked_of_redis, *stored]), shown, kept):
        assert heard(said) == []


@pytest.mark.processes
def test_postgresql_names_nobody_in_its_own_log_as_the_container_starts_it() -> None:
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["db"]
    given = tuple(word for word in service["command"].split()[1:] if word != "-c")
    with data_folder.throw_away() as folder:
        server = Cluster(folder)
        server.make()
        for server.settings, names in (((), list(CANARIES)), (given, [])):
            (folder / "log").unlink(missing_ok=True)
            server.start()
            line = psycopg.connect(
                host=str(folder), user=NAME, dbname="postgres", autocommit=True, cursor_factory=psycopg.ClientCursor
            )  # as Django does: what is asked holds the values
            with line:
                line.execute("CREATE TABLE IF NOT EXISTS people (name text CHECK (name = ''))")
                with suppress(psycopg.errors.CheckViolation):
                    line.execute("INSERT INTO people VALUES (%s)", [", ".join(CANARIES)])
            server.stop_at_once()
            said = (folder / "log").read_text()
            assert "people_name_check" in said, "it was told that it failed"
            assert heard(said) == names


# A few of these points are tried on every run, in tests/notifications/test_privacy.py.


def points() -> list[tuple[ModuleType, str]]:
    """Every function of the pipeline in which something may go wrong."""
    found = []
    for each in pkgutil.walk_packages(notifications.__path__, "notifications."):
        if each.name.startswith(("notifications.actions.", "notifications.queries.", "notifications.channels.email.")):
            module = importlib.import_module(each.name)
            found += [
                (module, name)
                for name, value in vars(module).items()
                if inspect.isfunction(value) and value.__module__ == each.name
            ]
    return found


def fail(*_: object, **__: object) -> None:
    raise RuntimeError(f"about {' '.join(CANARIES)}")


def refuse(_key: str) -> Accepted:
    raise NotSent(Outcome.REJECTED_PERMANENT, "550")


def everything_said(site, service, caplog, capsys, monkeypatch, where: tuple[ModuleType, str]) -> str:
    """What the pipeline logs of a refused mail, a defect of the channel, and a failure in this function."""
    caplog.set_level(logging.DEBUG, logger="notifications")
    book(canary(site), database_now() + timedelta(days=10), now=database_now())
    at = database_now() + timedelta(minutes=3)
    monkeypatch.setattr(*where, fail)
    for answer in (refuse, fail):
        Message.objects.filter(step=Step.ONE_DAY, state=State.SCHEDULED).update(due_at=at, next_try_at=at)
        with suppress(RuntimeError):  # what a worker would log of it is held by tests/config/test_logging.py
            delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: FakeSender(answer=answer))  # noqa: B023
        with suppress(RuntimeError):
            sweeps.sweep(by=service, clock=lambda: at + timedelta(hours=1))
    return caplog.text + "".join(capsys.readouterr())


def test_there_are_fifty_points() -> None:
    assert len(points()) >= 50


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.parametrize("where", points(), ids=lambda where: f"{where[0].__name__}.{where[1]}")
def test_a_failure_everywhere_names_nobody(site, service, caplog, capsys, monkeypatch, where) -> None:
    assert heard(everything_said(site, service, caplog, capsys, monkeypatch, where)) == []


@pytest.mark.django_db
def test_control_a_log_that_repeats_the_failure_is_heard(site, service, caplog, capsys, monkeypatch) -> None:
    def talkative(*, message: Message, failure: Exception, now: object) -> State:
        logging.getLogger("notifications").error("failed: %s", failure)
        return State.DEAD

    monkeypatch.setattr(outcomes, "unwritable", talkative)
    said = everything_said(site, service, caplog, capsys, monkeypatch, (FakeSender, "compose"))
    assert heard(said) == list(CANARIES)
