"""What the launcher's tests look at from outside: the process table and the system's listening sockets."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devtools.local import identity

SECONDS = 20.0


def eventually(condition: Callable[[], bool], *, seconds: float = SECONDS) -> bool:
    """Whether ``condition`` comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes_naming(text: Path | str) -> list[int]:
    """The live processes whose command line contains ``text``."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if str(text) in (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                    found.append(int(folder.name))
    return found


def listening_on_tcp(pids: list[int]) -> bool:
    """Whether any of the processes holds a listening TCP socket."""
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError):
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            listening |= {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}
    held = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                held.add(str(entry.readlink()))
    return bool(listening & held)


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch):
    """The launcher is what is tested here, not the servers of the test run."""
    for name in ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that any user can reach; what still runs on it afterwards is killed.

    Not below pytest's own folder: every start of pytest closes that one to other users again.
    """
    with tempfile.TemporaryDirectory(prefix="courseline-data-", ignore_cleanup_errors=True) as base:
        Path(base).chmod(0o755)
        yield Path(base) / "data"
        for pid in processes_naming(base):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not processes_naming(base))


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs a command in a process of its own, from the checkout; the process is killed afterwards."""
    started = []

    def run(*command: object, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=identity.CHECKOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def script(spawn) -> Callable[..., subprocess.Popen[str]]:
    """Runs Python code the same way; its arguments follow the code."""
    return lambda code, *arguments, **environment: spawn(sys.executable, "-c", code, *arguments, **environment)
