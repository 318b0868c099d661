"""The system's account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clinics.models import User


@pytest.fixture
def service(db: None) -> User:
    """The account the system itself acts as."""
    from clinics.models import User

    return User.objects.service()
