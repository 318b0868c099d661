"""One local Valkey: Unix socket only, nothing evicted, every write on disk within a second."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.local import binaries, identity, processes


@contextmanager
def running(data: Path, *, sockets: Path, durable: bool, lock: int) -> Iterator[Path]:
    """Run Valkey (or Redis) on ``data/valkey`` for the length of the block; gives its socket.

    Raises:
        LocalServerError: no server program, or it does not start.
    """
    program = binaries.valkey_server(data)
    folder = identity.make_private_folder(data / "valkey")
    path = sockets / "valkey.sock"
    path.unlink(missing_ok=True)
    options: list[str | Path] = ["--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", folder]
    options += ["--appendonly", "yes" if durable else "no", "--save", "", "--maxmemory-policy", "noeviction"]
    with processes.server(
        "Valkey",
        [program, *options],
        log=data / "valkey.log",
        ready=lambda: _answers(path),
        stop_signal=signal.SIGTERM,
        lock=lock,
    ):
        yield path


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")  # by hand: importing a client takes longer than the server's whole start
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
