"""Runs a set of named programs as one: one log, ready together, ended together, none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TextIO

from devtools.local import identity
from devtools.local.conditions import Condition, at_once
from devtools.local.errors import LocalServerError
from devtools.local.event_log import EventLog

_POLL_SECONDS = 0.05
_KEPT_LINES = 500  # per program, for readiness conditions and for the report of a death


@dataclass(frozen=True)
class Program:
    """One program to run.

    ``show`` turns each printed line into what the log says, or None to leave it out. ``unprivileged`` runs it as the
    servers' user when this process is root and that user can read the checkout.
    """

    name: str
    command: Sequence[str | Path]
    ready: Condition = at_once
    environment: Mapping[str, str] = field(default_factory=dict)
    show: Callable[[str], str | None] = str
    unprivileged: bool = True
    ready_seconds: float = 60.0
    stop_seconds: float = 10.0


@dataclass
class _Running:
    program: Program
    process: subprocess.Popen[str]
    lines: deque[str]
    reader: threading.Thread


class Supervisor:
    """Context manager: programs started in it end with it, in reverse order. Use it from the main thread.

    Inside the block SIGTERM and SIGHUP raise ``SystemExit``, as Ctrl-C raises ``KeyboardInterrupt``, so leaving is always orderly;
    if this process is killed outright, the kernel ends the programs.

    Args:
        environment: variables for every program, on top of this process's own.
        folder: the working folder of the programs.
        home: a folder they may write to: their HOME when they run as another user.
        output: where the log goes.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path = identity.CHECKOUT,
        home: Path | None = None,
        output: TextIO | None = None,
    ) -> None:
        self._environment = {**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"}
        self._folder = folder
        self._home = home
        self._log = EventLog(output or sys.stdout)
        self._running: list[_Running] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Supervisor:
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, _leave)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # a shell starts what runs in its background so; a SIGINT sent to us on purpose is still meant
            self._handlers[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)  # a second SIGTERM must not cut the orderly end short
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.stop()
        finally:
            signal.signal(signal.SIGINT, interrupt)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def start(self, *programs: Program) -> None:
        """Start the programs side by side and return when all of them are ready.

        Raises:
            LocalServerError: one ended or was not ready in time; the text names it and its last line.
        """
        if threading.current_thread() is not threading.main_thread():
            raise LocalServerError(
                "start programs from the main thread: their life is tied to the thread that starts them"
            )
        started = [self._start(program) for program in programs]
        begun = time.monotonic()
        waiting = list(started)
        while waiting:
            self.check()
            waiting = [each for each in waiting if not each.program.ready(tuple(each.lines))]
            for late in waiting:
                if time.monotonic() - begun > late.program.ready_seconds:
                    raise LocalServerError(
                        f"{late.program.name} is not ready after {late.program.ready_seconds:.0f} s: {_last(late)}"
                    )
            time.sleep(_POLL_SECONDS if waiting else 0)

    def check(self) -> None:
        """Raise ``LocalServerError`` naming the program that has ended, if one has."""
        for each in self._running:
            status = each.process.poll()
            if status is not None:
                each.reader.join(1)
                raise LocalServerError(f"{each.program.name} ended by itself ({_meaning(status)}): {_last(each)}")

    def wait(self) -> None:
        """Keep the programs running until Ctrl-C or SIGTERM arrives (as their exceptions) or one of them ends.

        Raises:
            LocalServerError: a program ended.
        """
        while True:
            self.check()
            time.sleep(_POLL_SECONDS * 4)

    def say(self, text: str, *, name: str = "demo") -> None:
        """Write a line of our own to the log."""
        self._log.write(name, text)

    def output(self, name: str) -> tuple[str, ...]:
        """The last lines that the program ``name`` has printed, oldest first."""
        return next((tuple(each.lines) for each in self._running if each.program.name == name), ())

    def stop(self) -> None:
        """End all programs, the last started first; kill those that do not end in time."""
        leaving = list(reversed(self._running))
        self._running.clear()
        for each in leaving:
            if each.process.poll() is None:
                each.process.terminate()
        for each in leaving:
            try:
                each.process.wait(each.program.stop_seconds)
            except subprocess.TimeoutExpired:
                self._log.write(each.program.name, f"did not end within {each.program.stop_seconds:.0f} s: killed")
            _kill_group(each.process)
            each.process.wait()
            each.reader.join(1)
            if each.process.stdout is not None and not each.reader.is_alive():
                each.process.stdout.close()

    def _start(self, program: Program) -> _Running:
        drops = program.unprivileged and identity.unprivileged() is not None and identity.can_run_checkout()
        environment = {**self._environment, **program.environment}
        if drops and self._home is not None:
            environment["HOME"] = str(self._home)
        build = identity.unprivileged_command if drops else identity.tied_command
        try:
            process = subprocess.Popen(
                build(program.command),
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C reaches only us, and a group can be ended as a whole
            )
        except OSError as error:
            raise LocalServerError(f"cannot start {program.name}: {program.command[0]} ({error.strerror})") from error
        lines: deque[str] = deque(maxlen=_KEPT_LINES)
        reader = threading.Thread(
            target=self._read, args=(program, process, lines), name=f"log of {program.name}", daemon=True
        )
        running = _Running(program, process, lines, reader)
        self._running.append(running)
        self._log.widen(program.name)
        reader.start()
        return running

    def _read(self, program: Program, process: subprocess.Popen[str], lines: deque[str]) -> None:
        for raw in process.stdout or ():
            line = raw.rstrip()
            if not line:
                continue
            shown = program.show(line)
            if shown:
                self._log.write(program.name, shown)
            lines.append(line)  # last: what makes a program count as ready stands in the log by then


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _kill_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what the program itself has left behind, pool processes above all


def _meaning(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def _last(running: _Running) -> str:
    return running.lines[-1] if running.lines else "it printed nothing"
