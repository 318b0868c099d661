"""An HTTP provider that takes messages, and misbehaves where it is told to. It remembers what it truly took."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Ledger:
    """``taken`` in the order of taking; ``requests`` to send, however they ended; ``busy`` are the senders being served."""

    taken: list[str] = field(default_factory=list)
    requests: int = 0
    busy: set[int] = field(default_factory=set)

    @property
    def doubled(self) -> int:
        """Copies beyond the first."""
        return sum(count - 1 for count in Counter(self.taken).values())


class Provider(ThreadingHTTPServer):
    """``POST /send`` with a ``Key`` takes a message; ``GET /sent/KEY`` tells whether it has one.

    ``honours_keys``: a key it knows is answered, and not taken again. ``fault(n)`` says how the n-th request goes: "" well,
    "drop" taken and the line cut, "500" taken and answered so, "429" or "503" not taken, "lost" cut and not taken.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *, honours_keys: bool, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.honours_keys, self.seconds = honours_keys, seconds
        self.ledger, self.lock = Ledger(), threading.Lock()
        self.fault = lambda _number: ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Conversation(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        ledger, key, sender = self.server.ledger, self.headers["Key"], int(self.headers["Sender"])
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            ledger.requests += 1
            fault = self.server.fault(ledger.requests)
            known = key in ledger.taken and self.server.honours_keys
            if fault in {"", "drop", "500"} and not known:
                ledger.taken.append(key)
            ledger.busy.add(sender)
        time.sleep(self.server.seconds)
        with self.server.lock:
            ledger.busy.discard(sender)
        if fault in {"drop", "lost"}:
            # with a reset, not a polite end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            self.close_connection = True
            self.connection.close()
            return
        self._answer(int(fault) if fault else 201)

    def do_GET(self) -> None:
        self._answer(200 if self.path.rpartition("/")[2] in self.server.ledger.taken else 404)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status == 429:
            self.send_header("Retry-After", "1")
        self.end_headers()

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            return

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def provider(*, honours_keys: bool = False, seconds: float = 0.02) -> Iterator[Provider]:
    """Runs one for the length of the block."""
    server = Provider(honours_keys=honours_keys, seconds=seconds)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
