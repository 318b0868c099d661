"""A small clinic behind the API, at one fixed moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from clinics.models import Patient, Site, User
    from scheduler.models import Resource
    from tests.api.caller import Caller
    from treatments.models import Course, ProtocolVersion


@pytest.fixture(autouse=True)
def at_that_moment(now: datetime) -> Iterator[None]:
    """The API reads the clock; it goes on from the tests' moment."""
    with time_machine.travel(now):
        yield


@pytest.fixture
def desk(flora: User) -> Caller:
    """The front desk, by token."""
    from tests.api.caller import with_token

    return with_token(flora)


@pytest.fixture
def manager(mona: User) -> Caller:
    """The manager, by token."""
    from tests.api.caller import with_token

    return with_token(mona)


@pytest.fixture
def nurse(nora: User) -> Caller:
    """The nurse, by token."""
    from tests.api.caller import with_token

    return with_token(nora)


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
def plan(clinic: dict[str, Resource], series: ProtocolVersion, site: Site) -> dict[str, Any]:
    """What somebody asks a plan for."""
    return {"protocol_version": str(series.pk), "site": str(site.pk), "start_on": "2026-05-05"}


@pytest.fixture
def wanted(plan: dict[str, Any], patient: Patient) -> dict[str, Any]:
    """What somebody asks to have booked."""
    return plan | {"patient": str(patient.pk)}


@pytest.fixture
def course(
    wanted: dict[str, Any], flora: User, series: ProtocolVersion, site: Site, patient: Patient, now: Any
) -> Course:
    """Pat's series, booked."""
    from datetime import date

    from treatments.actions import courses

    return courses.book(
        protocol_version=series,
        site=site,
        patient=patient,
        start_on=date(2026, 5, 5),
        wishes={},
        by=flora,
        now=now,
    ).course
