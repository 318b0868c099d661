"""The SMTP server of the sink."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Catcher:
    """What the server does with a message: a file, whole or not at all, then a line."""

    def __init__(self, folder: Path, told: Callable[[str], None]) -> None:
        self._folder = folder
        self._told = told

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message; the server answers with what this returns."""
        content = cast("bytes", envelope.content)
        # names sort by arrival
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / f"{name}.eml")
        message = message_from_bytes(content, policy=policy.default)
        self._told(f"mail to {', '.join(envelope.rcpt_tos)}: {message['Subject']}")
        return "250 Kept"


class MailSink:
    """An SMTP server on the loopback address, in a thread of its own."""

    def __init__(self, folder: Path, *, port: int = 0, told: Callable[[str], None] = lambda _: None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._controller = _Controller(Catcher(folder, told), hostname="127.0.0.1", port=port)

    def start(self) -> int:
        """Begin to listen; gives the port. Raises ``OSError`` when it is taken."""
        self._controller.start()
        return self._controller.port

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._controller.port

    def stop(self) -> None:
        """End. Messages stay."""
        self._controller.stop()

    def caught(self) -> list[Path]:
        """The files of what was caught, oldest first."""
        return sorted(self.folder.glob("*.eml"))


class _Controller(Controller):
    """aiosmtpd's, able to pick a free port itself."""

    def _trigger_server(self) -> None:
        if self.port == 0:
            self.port = cast("asyncio.Server", self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]

    def factory(self) -> Any:
        """One conversation; without a look-up of this machine's name, which can take seconds."""
        return SMTP(self.handler, hostname="localhost", enable_SMTPUTF8=True, ident="mail sink", data_size_limit=0)
