"""No Redis at all: dispatchers do not need it, bookings go on, and workers take up their work when it is back."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from notifications.engine.states import State
from notifications.models import Attempt, Message
from notifications.queries import gaps
from notifications.queries.database_clock import database_now
from tests.factories.clinics import PatientFactory
from tests.faults import outbox
from tests.faults.broker import broker
from tests.faults.processes import environment, running, until
from tests.faults.smtp_server import smtp_server
from tests.faults.test_dispatchers import doubled
from tests.faults.test_servers import in_background, ticks
from tests.notifications.booking import book

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

LOOP = ["manage.py", "dispatch", "--loop", "--every", "1"]
WORKER = ["-m", "celery", "-A", "config", "worker", "-Q", "default,delivery", "-c", "1", "--without-mingle"]


def lateness() -> list[float]:
    """Seconds between when each message was due and when it was handed over, shortest first."""
    tried = Attempt.objects.filter(message__step="one_day").select_related("message")
    return sorted((attempt.created_at - attempt.message.due_at).total_seconds() for attempt in tried)


def test_without_redis_worker_and_beat_the_loop_alone_sends_everything(site, service, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with smtp_server() as server:
        variables = environment(smtp_port=server.port, REDIS_URL=f"redis+socket://{tmp_path}/none?virtual_host=0")
        with running(LOOP, variables, log=log):
            for batch in range(3):
                outbox.fill(site, 10, by=service)
                until(lambda: len(server.ledger.taken) == 10 * (batch + 1), "every mail", log=log)  # noqa: B023
            now = database_now()
            visit = book(PatientFactory(site=site), now + timedelta(days=9), now=now)[0]
            assert gaps.compare([visit], now=now).missing == [], "bookings go on, with their rows"
            until(lambda: not Message.objects.filter(state=State.SENDING).exists(), "every result", log=log)
    assert doubled(server) == 0
    assert Message.objects.filter(state=State.ACCEPTED).count() == 30


@pytest.mark.soak
@pytest.mark.parametrize("away_seconds", [600])
def test_away_for_ten_minutes(site, service, tmp_path: Path, away_seconds: float) -> None:
    """A worker with its ticks, and a loop beside it; Redis goes, and comes back after ten minutes."""
    log = tmp_path / "log"
    made: list[Message] = []

    def bookings(stop: Event) -> None:
        """Somebody books all the time; what is due is due at once."""
        while not stop.wait(1.0):
            made.extend(outbox.fill(site, 2, by=service))
            now = database_now()
            visit = book(PatientFactory(site=site), now + timedelta(days=9), now=now)[0]
            assert gaps.compare([visit], now=now).missing == []

    with smtp_server() as server, broker() as redis:
        variables = environment(smtp_port=server.port, REDIS_URL=redis.url)
        with (
            in_background(ticks(redis)),
            running([*WORKER, "-n", "away@%h"], variables, log=log),
            running(LOOP, variables, log=tmp_path / "loop") as loop,
        ):
            with in_background(bookings):
                until(lambda: len(server.ledger.taken) > 10, "mails", log=log)
                redis.kill()
                before = len(server.ledger.taken)
                time.sleep(away_seconds)
                assert len(server.ledger.taken) - before > away_seconds / 2, "the loop goes on"
                redis.start()
            loop.terminate()
            loop.wait()
            made.extend(outbox.fill(site, 20, by=service))
            expected = {f"<{message.pk}@clinic.example>" for message in made}  # the plans of the bookings go out, too
            until(lambda: expected <= set(server.ledger.taken), "the worker to take up its work", log=log, seconds=180)
            until(lambda: not Message.objects.filter(state=State.SENDING).exists(), "every result", log=log)
    assert doubled(server) == 0
    late = lateness()
    assert late[int(len(late) * 0.95)] < 10, "one poll interval, on a machine that has other work"
