"""What almost every test needs: a moment, a site, the people who work there, a patient."""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinics.models import Patient, Site, User

# Factories import models, so fixtures import them when they run: plain engine tests never load Django.


BEGUN_FIRST = ("long", "browser", "processes")

# Examples are the same on every run, and take as long as they take on a busy machine. New ones are looked for by `make soak`.
settings.register_profile(
    "same",
    deadline=None,
    derandomize="SOAK" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same")


@pytest.hookimpl(trylast=True)  # after pytest-randomly has shuffled them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is begun first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in BEGUN_FIRST))


def pytest_collection_finish() -> None:
    """All that is loaded by now stays: the collector need not look through it again and again (a fifth of the time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def every_plan_is_judged() -> Iterator[None]:
    """Whatever a test plans, in whole or in part: the independent checker looks at each plan the planner hands out."""
    from scheduler.engine.planner import Planner
    from tests.scheduler.engine.independent import faults

    solve = Planner.solve

    def judged(planner: Planner, widths: tuple[int, ...]) -> object:
        found = solve(planner, widths)
        if found is not None:
            assert faults(planner.course.request, found.placements) == [], "the planner breaks a rule"
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Planner, "solve", judged)
        yield


@pytest.fixture
def now() -> datetime:
    """Monday 4 May 2026, 8:00 in New York, an hour that exists once."""
    return datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def site(db: None) -> Site:
    """A site in New York, open on weekdays from 8 to 18."""
    from tests.factories.clinics import SiteFactory

    return SiteFactory(code="riverside", name="Riverside Clinic")


@pytest.fixture
def flora(db: None) -> User:
    """Flora works at the front desk."""
    from tests.factories.clinics import UserFactory

    return UserFactory(name="Flora Desk", email="flora@example.org", role="front_desk")


@pytest.fixture
def clara(db: None) -> User:
    """Clara is a clinician."""
    from tests.factories.clinics import UserFactory

    return UserFactory(name="Clara Clinician", email="clara@example.org", role="clinician")


@pytest.fixture
def nora(db: None) -> User:
    """Nora is a nurse: she sees everything and books nothing."""
    from tests.factories.clinics import UserFactory

    return UserFactory(name="Nora Nurse", email="nora@example.org", role="nurse")


@pytest.fixture
def mona(db: None) -> User:
    """Mona is the manager."""
    from tests.factories.clinics import UserFactory

    return UserFactory(name="Mona Manager", email="mona@example.org", role="manager")


@pytest.fixture
def service(db: None) -> User:
    """The account the system itself acts as."""
    from clinics.models import User

    return User.objects.service()


@pytest.fixture
def patient(site: Site) -> Patient:
    """Pat Example, registered at the site."""
    from tests.factories.clinics import PatientFactory

    return PatientFactory(site=site, given_name="Pat", family_name="Example", email="pat@example.org")
