"""TCP ports for the processes that people or browsers talk to."""

from __future__ import annotations

import errno
import socket

from devtools.local.errors import LocalServerError

LOOPBACK = "127.0.0.1"
_TRIED = 100


def require_free(port: int, *, advice: str, host: str = LOOPBACK) -> int:
    """Give ``port`` back if something could listen on it.

    Args:
        port: the wanted port.
        advice: what to run instead; ``{port}`` stands for the next free one, as in ``make demo PORT={port}``.
        host: the address to listen on.

    Raises:
        LocalServerError: it is busy, not allowed or not a port at all.
    """
    if not 1 <= port <= 65535:
        raise LocalServerError(f"{port} is not a port: choose one from 1024 to 65535")
    reason = _why_not(port, host)
    if reason is None:
        return port
    other = next(
        (near for near in range(max(port, 1023) + 1, min(port + _TRIED, 65535)) if _why_not(near, host) is None), 8001
    )
    raise LocalServerError(f"port {port} is {reason}: run `{advice.format(port=other)}`")


def any_free(host: str = LOOPBACK) -> int:
    """A port that was free a moment ago; for servers that cannot take an open socket."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _why_not(port: int, host: str) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # connections of an earlier run that still close do not count
        try:
            probe.bind((host, port))
            probe.listen(1)
        except PermissionError:
            return "reserved for root"
        except OSError as error:
            return "busy" if error.errno == errno.EADDRINUSE else f"not usable ({error.strerror})"
    return None
