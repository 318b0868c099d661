"""When a supervised program counts as ready. Each is asked again until it holds; none of them waits by itself."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Callable, Sequence

from devtools.local.ports import LOOPBACK

Condition = Callable[[Sequence[str]], bool]  # is given the lines the program has printed so far

_ASK_SECONDS = 2.0


def listening(port: int, host: str = LOOPBACK) -> Condition:
    """Ready when a TCP connection to ``port`` is accepted."""

    def holds(_lines: Sequence[str]) -> bool:
        try:
            socket.create_connection((host, port), timeout=_ASK_SECONDS).close()
        except OSError:
            return False
        return True

    return holds


def answering(port: int, path: str, *, host: str = LOOPBACK, host_header: str = "localhost") -> Condition:
    """Ready when ``GET path`` gives a status below 400."""

    def holds(_lines: Sequence[str]) -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=_ASK_SECONDS)
        try:
            connection.request("GET", path, headers={"Host": host_header})
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return holds


def printed(pattern: str) -> Condition:
    """Ready when a line of its output matches the regular expression ``pattern`` somewhere."""
    expression = re.compile(pattern)

    def holds(lines: Sequence[str]) -> bool:
        return any(expression.search(line) for line in lines)

    return holds


def at_once(_lines: Sequence[str]) -> bool:
    """Ready as soon as it runs."""
    return True
