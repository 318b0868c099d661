"""Many reminders due at the same minute, and how late they go out at normal load; two dispatchers, a slow server.

    python -m devtools.local run -- python -m benchmarks.burst [messages] [seconds of normal load]

The dispatchers are ``manage.py dispatch --loop`` in processes of their own, the server takes 50 ms for a message. The
ratio is to what these 50 ms allow at best. On a machine that has other work, what a dispatcher works for a message says how
long ten thousand would take where it need not wait for the processor.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from benchmarks import scratch

WORKERS = 2
ANSWER_SECONDS = 0.05
ROOT = Path(__file__).resolve().parents[1]


class Slow:
    """Takes every message, after a while."""

    def __init__(self) -> None:
        self.taken = 0

    async def handle_DATA(self, _server: SMTP, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(ANSWER_SECONDS)
        self.taken += 1
        return "250 Kept"


def main(number: int, seconds: int) -> None:
    from benchmarks.dispatch import make_due

    server = Slow()
    with scratch.database(), smtp(server) as port:
        make_due(number)
        started = time.perf_counter()
        with dispatchers(port):
            wait(server, number)
            took = time.perf_counter() - started
            best = number * ANSWER_SECONDS / WORKERS
            print(
                f"{number} due at once, {WORKERS} dispatchers: all accepted after {took:.0f} s, {number / took:.0f}/s"
            )
            print(f"best with {ANSWER_SECONDS * 1000:.0f} ms each: {best:.0f} s; ratio {best / took:.2f}")
            print(f"10,000 at this rate: {10_000 * took / number:.0f} s")
            make_due(seconds, afresh=False, apart=timedelta(seconds=1))
            wait(server, number + seconds)
        spent = os.times()
        own = (spent.children_user + spent.children_system) / (number + seconds)
        print(f"a dispatcher works {own * 1000:.1f} ms for a message, its start and sweeps included; ", end="")
        print(f"10,000 in {10_000 / WORKERS * (ANSWER_SECONDS + own):.0f} s where nothing else runs")
        late = lateness(seconds)
        print(f"one due every second: p95 {scratch.percentile(late, 0.95):.2f} s late, worst {max(late):.2f} s")
        assert server.taken == number + seconds, "one each"


def lateness(number: int) -> list[float]:
    """Seconds between due and handed over, of the newest messages."""
    from notifications.models import Attempt

    tries = Attempt.objects.select_related("message").order_by("-message__due_at")[:number]
    return [max((each.created_at - each.message.due_at).total_seconds(), 0.0) for each in tries]


def wait(server: Slow, number: int) -> None:
    """Until so many were taken, and that is written down."""
    from notifications.models import Message

    while server.taken < number or Message.objects.filter(state="accepted").count() < number:
        time.sleep(0.2)


@contextmanager
def smtp(handler: Slow) -> Iterator[int]:
    """The server, in a thread."""
    import logging

    from devtools.local import ports

    logging.getLogger("mail").setLevel(logging.WARNING)  # it would tell every line

    controller = Controller(handler, hostname="127.0.0.1", port=ports.any_free())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def dispatchers(port: int) -> Iterator[None]:
    """As an operator starts them, on this scenario's database."""
    from django.db import connection

    given = urlsplit(os.environ["DATABASE_URL"])
    database = f"{given.scheme}://{given.netloc}/{connection.settings_dict['NAME']}?{given.query}"
    variables = {
        **os.environ,
        "DATABASE_URL": database,
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "LOG_LEVEL": "WARNING",
    }
    with ExitStack() as stack:
        for _ in range(WORKERS):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "manage.py", "dispatch", "--loop"],
                    cwd=ROOT,
                    env=variables,
                    stdout=subprocess.DEVNULL,
                )
            )
            stack.callback(process.terminate)
        yield


if __name__ == "__main__":
    main(*(int(argument) for argument in [*sys.argv[1:], "2000", "60"][:2]))
