"""The clinic and the protocol that the tests of courses work with."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from clinics.models import Patient, Site, User
    from scheduler.models import Resource
    from treatments.actions.courses import Booked
    from treatments.models import ProtocolVersion

# Fixtures import what needs models when they run: the tests of protocols never load Django.


@pytest.fixture
def clinic(site: Site) -> dict[str, Resource]:
    """What the site has, by name."""
    from tests.treatments.clinic import equip

    return equip(site)


@pytest.fixture
def series(mona: User, now: Any) -> ProtocolVersion:
    """Three infusions with a talk visit after each, published."""
    from tests.treatments.documents import series as document
    from treatments.actions import protocols

    return protocols.publish(document=document(), by=mona, now=now)


@pytest.fixture
def book(
    clinic: dict[str, Resource], series: ProtocolVersion, site: Site, patient: Patient, flora: User, now: Any
) -> Callable[..., Booked]:
    """Books the series for Pat from tomorrow, unless told otherwise."""
    from treatments.actions import courses

    def book(**changes: Any) -> Booked:
        usual = {
            "protocol_version": series,
            "site": site,
            "patient": patient,
            "start_on": date(2026, 5, 5),
            "wishes": {},
            "by": flora,
            "now": now,
        }
        return courses.book(**(usual | changes))

    return book
