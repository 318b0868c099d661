"""An SMTP server that misbehaves where it is told to, and remembers what it truly took."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Message-IDs in the order the server took them for good: the truth about duplicates and losses."""

    taken: list[str] = field(default_factory=list)
    connections: int = 0
    bodies: int = 0


Fault = Callable[[str, int], str]
"""Given the moment ("connect", "mail", "rcpt", "data", "body", "taken") and how many bodies came before: a reply to
give instead, "drop" to close the connection, "hang" to say nothing, or "" to behave.
"""


def well_behaved(_moment: str, _bodies: int) -> str:
    return ""


class _Conversation(socketserver.StreamRequestHandler):
    server: FaultyServer

    def handle(self) -> None:
        try:
            self.server.ledger.connections += 1
            if self.say("connect", "220 here"):
                while (line := self.rfile.readline()) and self.follow(line.decode().strip().upper()):
                    pass
        except (OSError, ValueError):
            return

    def say(self, moment: str, usual: str) -> bool:
        """Replies; whether the conversation goes on."""
        reply = self.server.fault(moment, self.server.ledger.bodies) or usual
        if reply == "hang":
            self.server.released.wait(30)
            return False
        if reply == "drop":
            # with a reset, not a polite end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return False
        self.wfile.write(f"{reply}\r\n".encode())
        return not reply.startswith("421")

    def follow(self, command: str) -> bool:
        word = command.partition(" ")[0]
        if word == "QUIT":
            self.wfile.write(b"221 bye\r\n")
            return False
        if word == "DATA":
            return self.take()
        moment = {"MAIL": "mail", "RCPT": "rcpt"}.get(word, "other")
        return self.say(moment, "250 yes")

    def take(self) -> bool:
        going_on = self.say("data", "354 go ahead")
        if not going_on or self.server.fault("data", self.server.ledger.bodies):
            return going_on
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            line = self.rfile.readline()
            if not line:
                return False
            content += line
        ledger = self.server.ledger
        if not self.server.fault("body", ledger.bodies):
            with self.server.lock:
                ledger.taken.append(_message_id(content))
        going_on = self.say("body", "") if self.server.fault("body", ledger.bodies) else self.say("taken", "250 kept")
        ledger.bodies += 1
        return going_on


class FaultyServer(socketserver.ThreadingTCPServer):
    """One thread a conversation."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.fault, self.ledger = fault, Ledger()
        self.lock, self.released = threading.Lock(), threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def smtp_server(fault: Fault = well_behaved) -> Iterator[FaultyServer]:
    """Runs one for the length of the block."""
    server = FaultyServer(fault)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _message_id(content: bytes) -> str:
    for line in content.splitlines():
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].strip().decode()
    return ""
