"""Real dispatcher processes on the test's own database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """Where this test's database is."""
    given = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    return f"{given.scheme}://{given.netloc}/{name}" + (f"?{given.query}" if given.query else "")


def environment(*, smtp_port: int, **more: str) -> dict[str, str]:
    """The variables under which a process of ours works on this test's database and mail server."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        "DEVTOOLS": "1",
        "DATABASE_URL": database_url(),
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "DEFAULT_FROM_EMAIL": "appointments@clinic.example",
        **more,
    }


@contextmanager
def running(arguments: list[str], variables: dict[str, str], *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process for the length of the block, in a session of its own; killed at the end if it still runs."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=variables, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def until(condition: Callable[[], bool], what: str, *, log: Path | None = None, seconds: float = 60) -> None:
    """Waits for a condition.

    Raises ``AssertionError`` that names it, with the end of a log, when it does not come true.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            said = log.read_text()[-3000:] if log else ""
            raise AssertionError(f"not within {seconds} s: {what}\n{said}")
        time.sleep(0.005)
