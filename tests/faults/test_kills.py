"""Dispatchers killed with a request in flight, with a provider that knows keys, one that can be asked, and one that can neither.

Leases and waits are shortened to seconds; everything else is as it runs: real processes, SIGKILL, a real HTTP server.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from notifications.engine.states import State
from notifications.models import Attempt, Message
from tests.faults import outbox
from tests.faults.processes import ROOT, environment, until
from tests.faults.provider import Provider, provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

SHORTENED = {
    "actions.delivery:LEASE": 6.0,
    "actions.requests:LONGEST_REQUEST": 2.0,
    "actions.requests:LOOK_HOLDS": 1.0,
    "engine.retries:ASK_AFTER": 1.0,
    "engine.retries:REPEAT_AFTER": 1.0,
    "engine.retries:FIRST_DELAY": 1.0,
}
SOONER = {
    "actions.delivery:LEASE": 3.0,
    "actions.requests:LONGEST_REQUEST": 0.5,
    "actions.requests:LOOK_HOLDS": 0.5,
}
"""For the controls, where nothing has to hold."""
SIZES = [
    pytest.param(160, 12, id="short"),
    pytest.param(3000, 60, id="long", marks=pytest.mark.soak),
]


class Nursery:
    """Starts dispatchers in no time."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self.log = process, log
        self.alive: set[int] = set()
        self.started: list[int] = []

    def start(self, server: Provider, sender: str, number: int, **otherwise: object) -> None:
        for _ in range(number):
            self.start_one(server, sender, **otherwise)

    def start_one(
        self, server: Provider, sender: str, *, broker: str = "", sweeps: bool = False, **otherwise: object
    ) -> int:
        """A dispatcher, or a worker of a broker, or one that only sweeps; its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"sender": sender, "url": server.url, "batch": 6, "set": {**SHORTENED, **otherwise}}
        self._process.stdin.write(json.dumps({**order, "broker": broker, "sweeps": sweeps}) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self.alive.add(pid)
        self.started.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.alive.discard(pid)

    def end(self) -> None:
        """Kills what is left, with what it has started."""
        for pid in self.started:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self.alive.clear()


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    with nursery_of(tmp_path / "log") as made:
        yield made


@contextmanager
def nursery_of(log: Path) -> Iterator[Nursery]:
    """One on this test's database; the dispatchers end with the block."""
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            env=environment(smtp_port=1),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        ) as process,
    ):
        made = Nursery(process, log)
        try:
            yield made
        finally:
            made.end()
            process.stdin.close()


def kill_in_flight(nursery: Nursery, server: Provider, sender: str, times: int, **otherwise: object) -> None:
    """Kills dispatchers while the provider is serving them, each replaced by a new one."""
    nursery.start(server, sender, 2, **otherwise)
    for _ in range(times):
        until(lambda: bool(server.ledger.busy & nursery.alive), "a request in flight", log=nursery.log)
        time.sleep(random.uniform(0, server.seconds))
        busy = server.ledger.busy & nursery.alive
        nursery.kill(random.choice(sorted(busy or nursery.alive)))
        nursery.start(server, sender, 1, **otherwise)


def finish(nursery: Nursery) -> None:
    """Waits until every message is settled, or left to a person."""
    until(
        lambda: (
            not Message.objects.exclude(state__in=[State.ACCEPTED, State.DEAD])
            .exclude(state=State.UNCERTAIN, next_try_at=None)
            .exists()
        ),
        "every message settled",
        log=nursery.log,
        seconds=240,
    )


@contextmanager
def killed(nursery: Nursery, site, service, *, sender: str, number: int, kills: int, keys: bool, **otherwise: object):
    """The provider and the messages, after all kills and after everything is settled."""
    messages = outbox.fill(site, number, by=service)
    with provider(honours_keys=keys) as server:
        kill_in_flight(nursery, server, sender, kills, **otherwise)
        assert Attempt.objects.filter(outcome="").exists(), "no kill fell into a request: the test shows nothing"
        finish(nursery)
        nursery.end()
        yield server, {str(message.pk) for message in messages}


@pytest.mark.parametrize(("number", "kills"), SIZES)
def test_with_a_key_nothing_is_lost_and_nothing_doubled(nursery, site, service, number: int, kills: int) -> None:
    with killed(nursery, site, service, sender="KeyedSender", number=number, kills=kills, keys=True) as (
        server,
        all_of,
    ):
        assert set(server.ledger.taken) == all_of
        assert server.ledger.doubled == 0
    assert Counter(Message.objects.values_list("state", "possible_duplicates")) == {(State.ACCEPTED, 0): number}
    assert Attempt.objects.filter(outcome="unknown").exists()


def copies_arrive(nursery: Nursery, site, service, sender: str) -> None:
    outbox.fill(site, 60, by=service)
    with provider() as server:
        kill_in_flight(nursery, server, sender, 6, **SOONER)
        until(lambda: server.ledger.doubled > 0, "a copy", log=nursery.log)
        nursery.end()


def test_control_with_a_key_the_provider_ignores_copies_arrive(nursery, site, service) -> None:
    copies_arrive(nursery, site, service, "KeyedSender")


@pytest.mark.parametrize(("number", "kills"), SIZES)
def test_with_a_look_up_nothing_is_lost_and_nothing_doubled(nursery, site, service, number: int, kills: int) -> None:
    with killed(nursery, site, service, sender="AskableSender", number=number, kills=kills, keys=False) as (
        server,
        all_of,
    ):
        assert set(server.ledger.taken) == all_of
        assert server.ledger.doubled == 0
    assert Counter(Message.objects.values_list("state", "possible_duplicates")) == {(State.ACCEPTED, 0): number}
    assert Attempt.objects.filter(outcome="unknown").exists()


def test_control_without_looking_copies_arrive(nursery, site, service) -> None:
    copies_arrive(nursery, site, service, "NeverFoundSender")


@pytest.mark.parametrize(("number", "kills"), SIZES)
def test_with_neither_nothing_is_lost_and_every_copy_is_counted(
    nursery, site, service, number: int, kills: int
) -> None:
    with killed(nursery, site, service, sender="HttpSender", number=number, kills=kills, keys=False) as (
        server,
        all_of,
    ):
        assert set(server.ledger.taken) == all_of
        counted = sum(Message.objects.values_list("possible_duplicates", flat=True))
        assert server.ledger.doubled <= counted
