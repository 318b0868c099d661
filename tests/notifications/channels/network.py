"""The phone network as a process of its own, and what a test asks of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from notifications.channels.sms import twilio
from notifications.channels.webhook import client as webhook

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT, TOKEN, NUMBER, SECRET = "AC" + "a1" * 16, "a token", "+12025550123", "a shared secret"
ANSWER_SECONDS = 1.0


@dataclass
class Network:
    """A running one, at ``base``."""

    base: str

    def plan(self, **faults: Any) -> None:
        """``send=[…]``, ``receipts=[…]``, ``slow_seconds=…``: what goes wrong from now on."""
        requests.post(f"{self.base}/control/faults", json=faults, timeout=10).raise_for_status()

    def texts(self) -> list[dict[str, str]]:
        """What it took for good, oldest first."""
        return requests.get(f"{self.base}/control/ledger", timeout=10).json()["texts"]

    def requests(self) -> int:
        """How many hand-overs were tried."""
        return requests.get(f"{self.base}/control/ledger", timeout=10).json()["requests"]

    def answer(self, text: str, *, sender: str) -> dict[str, Any]:
        """A patient texts the clinic."""
        reply = requests.post(f"{self.base}/control/answer", json={"from": sender, "text": text}, timeout=20)
        return reply.json()

    def twilio(self, **changed: Any) -> twilio.Client:
        """Our client, pointed at it."""
        options = {"base": self.base, "account": ACCOUNT, "token": TOKEN, "sender": NUMBER}
        return twilio.Client(**{**options, "answer_seconds": ANSWER_SECONDS, **changed})

    def webhook(self, **changed: Any) -> webhook.Client:
        """Our client of a signed gateway, pointed at it."""
        options = {"address": f"{self.base}/gateway/messages", "secret": SECRET, "sender": NUMBER}
        return webhook.Client(**{**options, "answer_seconds": ANSWER_SECONDS, **changed})


@contextmanager
def phone_network(folder: Path, *, inbound: str = "") -> Iterator[Network]:
    """Runs one for the length of the block."""
    arguments = ["--port", "0", "--dir", str(folder), "--account", ACCOUNT, "--token", TOKEN]
    arguments += ["--number", NUMBER, "--secret", SECRET, "--inbound", inbound]
    process = subprocess.Popen(
        [sys.executable, "-m", "devtools.phone_network", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found, "it did not start"
        yield Network(f"http://127.0.0.1:{found[1]}")
    finally:
        process.terminate()
        process.communicate(timeout=30)


def utc_now() -> datetime:
    return datetime.now(UTC)
