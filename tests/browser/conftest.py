"""A real Chromium on a real server with real PostgreSQL behind it.

The clock is not moved here: dates are counted from the moment of the test.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from pytest_django.live_server_helper import LiveServer

    from clinics.models import Patient, Site, User
    from tests.browser.visitor import Visitor
    from treatments.models import Course, ProtocolVersion


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser. While it is open Playwright keeps an event loop in this thread, at which Django would take offence."""
    from devtools import screens

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with screens.chromium() as browser:
            yield browser
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visitor(live_server: LiveServer, chromium: Browser) -> Iterator[Visitor]:
    """Somebody at a browser; ``visitor.open(...)`` opens a window."""
    from tests.browser.visitor import Visitor

    made = Visitor(chromium, live_server.url)
    yield made
    made.leave()


@pytest.fixture
def clinic(live_server: LiveServer, site: Site) -> Site:
    """A site with chairs, rooms and people."""
    from tests.treatments.clinic import equip

    equip(site)
    return site


@pytest.fixture
def series(clinic: Site, mona: User) -> ProtocolVersion:
    """Three infusions with a talk visit after each, published."""
    from core import clock
    from tests.treatments.documents import series as document
    from treatments.actions import protocols

    return protocols.publish(document=document(), by=mona, now=clock.now())


@pytest.fixture
def course(clinic: Site, series: ProtocolVersion, patient: Patient, flora: User) -> Course:
    """The series, booked for Pat from tomorrow."""
    from datetime import timedelta

    from core import clock
    from treatments.actions import courses

    now = clock.now()
    return courses.book(
        protocol_version=series,
        site=clinic,
        patient=patient,
        start_on=clock.local(now, clinic.zone).date() + timedelta(days=1),
        wishes={},
        by=flora,
        now=now,
    ).course
