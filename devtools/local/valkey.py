"""One local Valkey: Unix socket only, nothing evicted, every write on disk within a second."""

from __future__ import annotations

import signal
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
    socket = sockets / "valkey.sock"
    socket.unlink(missing_ok=True)
    options = ["--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder]
    options += ["--appendonly", "yes" if durable else "no", "--save", "", "--maxmemory-policy", "noeviction"]
    with processes.server(
        "Valkey",
        [program, *options],
        log=data / "valkey.log",
        ready=lambda: _answers(socket),
        stop_signal=signal.SIGTERM,
        lock=lock,
    ):
        yield socket


def _answers(socket: Path) -> bool:
    import redis  # imported here: `make` targets that start no server do not pay for it

    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
