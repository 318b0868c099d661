"""Starting, awaiting and stopping one server process."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devtools.local import identity
from devtools.local.errors import LocalServerError

START_SECONDS = 30.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02


@contextmanager
def server(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], bool],
    stop_signal: signal.Signals,
    lock: int,
) -> Iterator[None]:
    """Run a server until the block ends; inside the block it answers.

    ``lock`` is the file descriptor of the data folder's lock: the server inherits it, so the folder stays locked until the
    last process using it is gone, even when this one is killed.

    Raises:
        LocalServerError: it ended or stayed silent while starting; the text carries its last log line.
    """
    if threading.current_thread() is not threading.main_thread():
        raise LocalServerError(
            "start local servers from the main thread: their life is tied to the thread that starts them"
        )
    with log.open("wb") as output:
        identity.give(log).chmod(0o600)
        process = subprocess.Popen(
            identity.unprivileged_command(command, death_signal=stop_signal.name.removeprefix("SIG")),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            start_new_session=True,  # Ctrl-C in the terminal must not end the database before its clients
        )
    try:
        _await(name, process, log=log, ready=ready)
        yield
    finally:
        stop(process, stop_signal)


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, *, seconds: float = STOP_SECONDS) -> None:
    """Ask a process to end, and kill it if it has not done so in time."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _await(name: str, process: subprocess.Popen[bytes], *, log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None:
            raise LocalServerError(f"{name} did not start: {last_line(log)} (all of it: {log})")
        if time.monotonic() > deadline:
            raise LocalServerError(
                f"{name} does not answer after {START_SECONDS:.0f} s: {last_line(log)} (all of it: {log})"
            )
        time.sleep(POLL_SECONDS)


def last_line(log: Path) -> str:
    """The last telling line of a server's log: the last fatal one if there is one."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    fatal = [line for line in lines if "FATAL:" in line]
    return (fatal or lines or ["it wrote no log"])[-1]
