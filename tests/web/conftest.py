"""A small clinic behind the pages, at one fixed moment: Monday 4 May 2026, 8:00 at the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from clinics.models import Patient, Site, User
    from scheduler.models import Resource
    from treatments.models import Course, ProtocolVersion


@pytest.fixture(autouse=True)
def at_that_moment(now: datetime) -> Iterator[None]:
    """The pages read the clock; it goes on from the tests' moment."""
    with time_machine.travel(now):
        yield


def signed_in(user: User) -> Client:
    """A browser in which somebody has signed in."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(flora: User) -> Client:
    """The front desk's browser."""
    return signed_in(flora)


@pytest.fixture
def nurse(nora: User) -> Client:
    """The nurse's browser."""
    return signed_in(nora)


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
def asked(clinic: dict[str, Resource], series: ProtocolVersion, patient: Patient) -> dict[str, Any]:
    """What the booking form sends when a plan is looked for."""
    return {"patient": str(patient.pk), "protocol": str(series.protocol_id), "start_on": "2026-05-05", "do": "plan"}


@pytest.fixture
def course(
    clinic: dict[str, Resource], series: ProtocolVersion, site: Site, patient: Patient, flora: User, now: datetime
) -> Course:
    """The series, booked for Pat from tomorrow."""
    from datetime import date

    from treatments.actions import courses

    return courses.book(
        protocol_version=series, site=site, patient=patient, start_on=date(2026, 5, 5), wishes={}, by=flora, now=now
    ).course


@pytest.fixture
def hidden() -> Callable[[str, str], str]:
    """Reads a hidden field of a page."""
    import re

    def hidden(page: str, name: str) -> str:
        match = re.search(rf'name="{name}" value="([^"]*)"', page)
        assert match, f"no hidden field {name}"
        return match[1]

    return hidden
