"""A mail server that is really there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devtools.sink.server import MailSink
from notifications.engine.ladder import DayOf

if TYPE_CHECKING:
    from clinics.models import User


@pytest.fixture
def sink(tmp_path: Path, settings) -> Iterator[MailSink]:
    """A real SMTP server, to which the settings point."""
    sink = MailSink(tmp_path / "caught")
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.start()
    settings.DEFAULT_FROM_EMAIL = "appointments@clinic.example"
    yield sink
    sink.stop()


@pytest.fixture
def reminds_on_the_day(service: User) -> None:
    """The clinic has a message on the day for every visit, be there something to do before or not."""
    from tests.notifications.booking import send

    send(day_of=DayOf.ALWAYS)
