"""A mail server that is really there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.sink.server import MailSink


@pytest.fixture
def sink(tmp_path: Path, settings) -> Iterator[MailSink]:
    """A real SMTP server, to which the settings point."""
    sink = MailSink(tmp_path / "caught")
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.start()
    settings.DEFAULT_FROM_EMAIL = "appointments@clinic.example"
    yield sink
    sink.stop()
