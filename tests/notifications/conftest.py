"""A visit, the system's account, and a mail server that is really there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devtools.sink.server import MailSink

if TYPE_CHECKING:
    from clinics.models import User


@pytest.fixture
def service(db: None) -> User:
    """The account the system itself acts as."""
    from clinics.models import User

    return User.objects.service()


@pytest.fixture
def sink(tmp_path: Path, settings) -> Iterator[MailSink]:
    """A real SMTP server, to which the settings point."""
    sink = MailSink(tmp_path / "caught")
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.start()
    settings.DEFAULT_FROM_EMAIL = "appointments@clinic.example"
    yield sink
    sink.stop()
