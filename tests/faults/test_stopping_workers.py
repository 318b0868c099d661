"""Workers and beats stopped in every way there is, at random moments, and replaced: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from notifications.engine.states import State
from notifications.models import Message
from tests.faults import outbox
from tests.faults.broker import broker
from tests.faults.processes import environment, running, until
from tests.faults.provider import provider
from tests.faults.smtp_server import smtp_server
from tests.faults.test_dispatchers import doubled
from tests.faults.test_kills import Nursery, finish, nursery  # noqa: F401 - a fixture
from tests.faults.test_redis_away import WORKER
from tests.faults.test_servers import in_background, ticks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

LEASE = {"actions.delivery:LEASE": 12.0}
"""A worker takes more at once than the dispatchers of the other tests."""
WAYS = {
    "warm": [signal.SIGTERM],
    "at once": [signal.SIGTERM, signal.SIGQUIT],
    "cold": [signal.SIGQUIT],
    "killed": [signal.SIGKILL],
}


def stop(nursery: Nursery, pid: int, signals: list[signal.Signals]) -> None:  # noqa: F811
    """Gives these signals, and waits until the worker is gone."""
    for number in signals:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        time.sleep(0.05)  # between the first and the second press of a key

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    until(gone, f"the end of a worker after {signals}", log=nursery.log, seconds=120)
    nursery.alive.discard(pid)


@pytest.mark.parametrize(
    ("times", "due"), [pytest.param(4, 120, id="short"), pytest.param(100, 4000, id="long", marks=pytest.mark.soak)]
)
def test_workers_stopped_in_every_way(nursery: Nursery, site, service, times: int, due: int) -> None:  # noqa: F811
    messages = outbox.fill(site, due, by=service)
    chance = random.Random(7)
    with provider(honours_keys=True, seconds=0.04) as server, broker() as redis, in_background(ticks(redis)):
        nursery.start_one(server, "KeyedSender", sweeps=True)
        workers = [nursery.start_one(server, "KeyedSender", broker=redis.url, **LEASE) for _ in range(2)]
        for number in range(times):
            ready = number + len(workers)
            until(
                lambda: nursery.log.read_text().count(" ready.") >= ready,  # noqa: B023
                "workers that are up",
                log=nursery.log,
                seconds=120,
            )
            time.sleep(chance.uniform(0, 0.3))
            stop(nursery, workers.pop(0), list(WAYS.values())[number % len(WAYS)])
            workers.append(nursery.start_one(server, "KeyedSender", broker=redis.url, **LEASE))
        finish(nursery)
        nursery.end()
    assert sorted(server.ledger.taken) == sorted(str(message.pk) for message in messages), "lost or doubled"
    assert Counter(Message.objects.values_list("state", "possible_duplicates")) == {(State.ACCEPTED, 0): due}


@pytest.mark.soak
@pytest.mark.parametrize("beats", [0, 1, 2, 3])
def test_any_number_of_beats_and_one_killed(site, service, tmp_path: Path, beats: int) -> None:
    """Real ones, each with a file of its own, as after a split; without any, the loop does the work."""
    log = tmp_path / "log"
    made = outbox.fill(site, 40, by=service)
    with smtp_server() as server, broker() as redis, ExitStack() as stack:
        variables = environment(smtp_port=server.port, REDIS_URL=redis.url)
        stack.enter_context(running([*WORKER, "-n", f"beats{beats}@%h"], variables, log=log))
        started = [
            stack.enter_context(
                running(["-m", "celery", "-A", "config", "beat", "-s", str(tmp_path / f"beat{k}")], variables, log=log)
            )
            for k in range(beats)
        ]
        if not beats:
            stack.enter_context(running(["manage.py", "dispatch", "--loop"], variables, log=log))
        until(lambda: len(server.ledger.taken) == 40, "every mail", log=log, seconds=120)
        if beats > 1:
            started[0].kill()
        made += outbox.fill(site, 40, by=service)
        until(lambda: len(server.ledger.taken) >= 80, "every mail", log=log, seconds=120)
        until(lambda: not Message.objects.filter(state=State.SENDING).exists(), "every result", log=log)
    assert (len(server.ledger.taken), doubled(server)) == (len(made), 0)
