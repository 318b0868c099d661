"""A Redis of a test's own, which it may flush, fill, kill and start again."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from devtools.local import binaries
from tests.faults.processes import until


class Broker:
    """One server on a Unix socket, without anything on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._socket = folder, folder / "s"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``REDIS_URL``."""
        return f"redis+socket://{self._socket}?virtual_host=0"

    @property
    def socket(self) -> str:
        """Where it listens."""
        return str(self._socket)

    def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        program = str(binaries.valkey_server(self._folder))
        self._process = subprocess.Popen([program, *options], cwd=self._folder, stdout=subprocess.DEVNULL)
        until(self._answers, "the broker")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def do(self, *command: str) -> object:
        """Sends a command."""
        with redis.Redis(unix_socket_path=str(self._socket)) as client:
            return client.execute_command(*command)

    def _answers(self) -> bool:
        try:
            return bool(self.do("PING"))
        except redis.ConnectionError:
            return False


@contextmanager
def broker() -> Iterator[Broker]:
    """Runs one for the length of the block. Its folder's name is short: a socket's may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="broker") as folder:
        made = Broker(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.kill()
