"""Telling the sender what became of a text, and telling the clinic what a patient answered: signed, as Twilio does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import queue
import threading
import uuid

import requests

from devtools.phone_network.faults import ReceiptFault
from devtools.phone_network.ledger import Text

_STATUSES = {ReceiptFault.UNDELIVERED: ["sent", "undelivered"]}
_USUAL = ["sent", "delivered"]
NO_SUCH_PHONE = "30003"
"""Twilio's code for a phone that cannot be reached."""


class Courier:
    """Carries receipts, one after another, in a thread of its own."""

    def __init__(self, *, account: str, token: str) -> None:
        self._account, self._token = account, token
        self._waiting: queue.Queue[tuple[str, dict[str, str]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def report(self, text: Text, fault: ReceiptFault) -> None:
        """Puts the receipts of a text on the way. A fault decides how many, and in which order."""
        if not text.callback or fault is ReceiptFault.LOST:
            return
        statuses = list(_STATUSES.get(fault, _USUAL))
        if fault is ReceiptFault.REORDERED:
            statuses.reverse()
        if fault is ReceiptFault.DUPLICATE:
            statuses = list(itertools.chain.from_iterable((each, each, each) for each in statuses))
        for status in statuses:
            fields = {
                "AccountSid": self._account,
                "MessageSid": text.sid,
                "MessageStatus": status,
                "To": text.to,
                "From": text.sender,
            }
            if status == "undelivered":
                fields["ErrorCode"] = NO_SUCH_PHONE
            self._waiting.put((text.callback, fields))

    def answer(self, *, address: str, sender: str, to: str, body: str) -> tuple[int, str]:
        """A patient at ``sender`` texts ``body`` to the clinic's number. Gives what the clinic answered."""
        fields = {
            "AccountSid": self._account,
            "MessageSid": f"SM{uuid.uuid4().hex}",
            "From": sender,
            "To": to,
            "Body": body,
            "NumMedia": "0",
        }
        return self.post(address, fields)

    def post(self, address: str, fields: dict[str, str]) -> tuple[int, str]:
        """One signed form."""
        signed = address + "".join(name + fields[name] for name in sorted(fields))
        signature = base64.b64encode(hmac.new(self._token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
        reply = requests.post(
            address, data=fields, headers={"X-Twilio-Signature": signature}, timeout=15, allow_redirects=False
        )
        return reply.status_code, reply.text

    def stop(self) -> None:
        """Ends once everything on the way has been carried."""
        self._waiting.put(None)
        self._thread.join(timeout=20)

    def _carry(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            try:
                self.post(*waiting)
            except requests.RequestException as failure:
                print(f"receipt not delivered: {type(failure).__name__}", flush=True)
