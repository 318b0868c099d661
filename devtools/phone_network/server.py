"""The network's HTTP server: Twilio's messages resource, a signed request like a gateway's, and a door for tests.

It is written from the providers' documentation, apart from the clients it serves: both pass the same contract tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from devtools.phone_network.faults import Faults, SendFault
from devtools.phone_network.ledger import Ledger, Text
from devtools.phone_network.receipts import Courier

E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_BODY = 1600
OPTED_OUT = {"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "REVOKE", "OPTOUT", "CANCEL"}
OPTED_IN = {"START", "UNSTOP", "YES"}
INVALID_NUMBER, NOT_A_SENDER, EMPTY_BODY, TOO_LONG, STOPPED = 21211, 21606, 21602, 21617, 21610
TIMESTAMP_TOLERANCE = 300
"""Seconds a signed request may be old."""


class PhoneNetwork(ThreadingHTTPServer):
    """Listens on the loopback address. ``folder`` keeps the texts; ``inbound`` is where patients' answers go."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, folder: Path, *, port: int = 0, account: str, token: str, number: str, secret: str, inbound: str = ""
    ) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.account, self.token, self.number, self.secret, self.inbound = account, token, number, secret, inbound
        self.ledger = Ledger(folder)
        self.faults = Faults()
        self.courier = Courier(account=account, token=token)
        self.stopped_numbers: set[str] = set()
        self.told: Callable[[str], None] = lambda _: None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Conversation(BaseHTTPRequestHandler):
    server: PhoneNetwork
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Says nothing: the ledger knows."""

    def do_GET(self) -> None:
        path, query = self._parts()
        if path == f"/2010-04-01/Accounts/{self.server.account}/Messages.json":
            self._list(query)
        elif path == "/control/ledger":
            texts = [asdict(text) for text in self.server.ledger.texts()]
            self._say(200, {"texts": texts, "requests": self.server.ledger.requests})
        else:
            self._refuse(404, 20404, "The requested resource was not found")

    def do_POST(self) -> None:
        path, _ = self._parts()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == f"/2010-04-01/Accounts/{self.server.account}/Messages.json":
            self._create({name: values[-1] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()})
        elif path == "/gateway/messages":
            self._take_signed(body)
        elif path == "/control/faults":
            wanted = json.loads(body)
            self.server.faults.slow_seconds = wanted.get("slow_seconds", self.server.faults.slow_seconds)
            self.server.faults.plan(send=wanted.get("send", ()), receipts=wanted.get("receipts", ()))
            self._say(200, {})
        elif path == "/control/answer":
            self._answer(json.loads(body))
        else:
            self._refuse(404, 20404, "The requested resource was not found")

    # --- Twilio's messages resource --------------------------------------------------------------------------

    def _create(self, fields: dict[str, str]) -> None:
        self.server.ledger.count_request()
        if not self._signed_in():
            return
        fault = self.server.faults.next_send()
        if self._refused_before(fault):
            return
        to, body, sender = fields.get("To", ""), fields.get("Body", ""), fields.get("From", "")
        wrong = self._wrong(to, body, sender or fields.get("MessagingServiceSid", ""))
        if wrong is not None:
            self._refuse(400, *wrong)
            return
        text = self.server.ledger.take(sender=sender, to=to, body=body, callback=fields.get("StatusCallback", ""))
        self.server.told(f"text to {to}, {len(body)} characters")
        self.server.courier.report(text, self.server.faults.next_receipts())
        if not self._spoilt_after(fault):
            self._say(201, _resource(text, self.server.account))

    def _list(self, query: dict[str, str]) -> None:
        if not self._signed_in():
            return
        texts = sorted(self.server.ledger.texts(to=query.get("To", "")), key=lambda text: text.name, reverse=True)
        page = texts[: int(query.get("PageSize", "50"))]
        self._say(200, {"messages": [_resource(text, self.server.account) for text in page], "page": 0})

    def _wrong(self, to: str, body: str, sender: str) -> tuple[int, str] | None:
        if not E164.fullmatch(to):
            return INVALID_NUMBER, "The 'To' number is not a valid phone number."
        if sender != self.server.number and not sender.startswith("MG"):
            return NOT_A_SENDER, "The 'From' number is not a valid message-capable number for this account."
        if to in self.server.stopped_numbers:
            return STOPPED, "Attempt to send to unsubscribed recipient"
        if not body:
            return EMPTY_BODY, "Message body is required."
        return (TOO_LONG, "The concatenated message body exceeds 1600 characters") if len(body) > LONGEST_BODY else None

    def _signed_in(self) -> bool:
        given = self.headers.get("Authorization", "")
        expected = base64.b64encode(f"{self.server.account}:{self.server.token}".encode()).decode()
        if hmac.compare_digest(given.encode(), f"Basic {expected}".encode()):
            return True
        self._refuse(401, 20003, "Authenticate")
        return False

    # --- a gateway that takes signed requests ----------------------------------------------------------------

    def _take_signed(self, body: bytes) -> None:
        self.server.ledger.count_request()
        if not self._signature_holds(body):
            return
        fault = self.server.faults.next_send()
        if self._refused_before(fault):
            return
        fields, key = json.loads(body), self.headers.get("Idempotency-Key", "")
        if not key or not E164.fullmatch(str(fields.get("to", ""))) or not fields.get("text"):
            self._say(422, {"code": "wrong_input"})
            return
        text = self.server.ledger.take(sender=fields.get("from", ""), to=fields["to"], body=fields["text"], key=key)
        if not self._spoilt_after(fault):
            self._say(202, {"id": text.sid})

    def _signature_holds(self, body: bytes) -> bool:
        at = self.headers.get("X-Courseline-Timestamp", "")
        expected = hmac.new(self.server.secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
        fresh = at.isdecimal() and abs(time.time() - int(at)) <= TIMESTAMP_TOLERANCE
        given = self.headers.get("X-Courseline-Signature", "")
        if fresh and hmac.compare_digest(given.encode(), f"v1={expected}".encode()):
            return True
        self._say(401, {"code": "signature"})
        return False

    # --- the door for tests and the demo ---------------------------------------------------------------------

    def _answer(self, wanted: dict[str, Any]) -> None:
        word = wanted["text"].strip().upper()
        if word in OPTED_OUT:
            self.server.stopped_numbers.add(wanted["from"])
        if word in OPTED_IN:
            self.server.stopped_numbers.discard(wanted["from"])
        if not self.server.inbound:
            self._say(200, {"status": 0, "said": ""})
            return
        status, said = self.server.courier.answer(
            address=self.server.inbound, sender=wanted["from"], to=self.server.number, body=wanted["text"]
        )
        self._say(200, {"status": status, "said": said})

    # --- how it answers, or does not -------------------------------------------------------------------------

    def _refused_before(self, fault: SendFault) -> bool:
        """Whether the fault ends the conversation with nothing taken."""
        if fault is SendFault.DROP_BEFORE:
            self._reset()
        elif fault is SendFault.ERROR_500:
            self._refuse(500, 20500, "An internal server error has occurred")
        elif fault is SendFault.TOO_MANY:
            pause = str(self.server.faults.retry_after_seconds)
            self._refuse(429, 20429, "Too Many Requests", {"Retry-After": pause})
        else:
            return False
        return True

    def _spoilt_after(self, fault: SendFault) -> bool:
        """Whether the fault spoils the answer about a text that was taken."""
        if fault is SendFault.ACCEPT_THEN_DROP:
            self._reset()
        elif fault is SendFault.ACCEPT_THEN_500:
            self._refuse(500, 20500, "An internal server error has occurred")
        elif fault is SendFault.ACCEPT_SLOWLY:
            time.sleep(self.server.faults.slow_seconds)
            self._reset()
        elif fault is SendFault.GARBAGE:
            self._say(201, b"<html>")
        else:
            return False
        return True

    def _refuse(self, status: int, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        self._say(status, {"code": code, "message": message, "status": status}, headers)

    def _say(self, status: int, body: dict[str, Any] | bytes, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        """Ends the connection with a reset, not politely."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def _parts(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}


def _resource(text: Text, account: str) -> dict[str, Any]:
    """A message as Twilio shows it."""
    return {
        "sid": text.sid,
        "account_sid": account,
        "from": text.sender or None,
        "to": text.to,
        "body": text.body,
        "status": "queued",
        "direction": "outbound-api",
        "date_created": format_datetime(text.caught_at),
        "date_sent": None,
        "error_code": None,
        "error_message": None,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{text.sid}.json",
    }
