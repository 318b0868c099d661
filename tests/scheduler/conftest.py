"""A small clinic: two chairs, a nurse, and bookings on Tuesday 5 May 2026 in New York."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clinics.models import Site
    from scheduler.actions.appointments import Booking
    from scheduler.models import Appointment, ChangeSet, Resource

TUESDAY = date(2026, 5, 5)


@pytest.fixture
def at(site: Site) -> Callable[..., datetime]:
    """``at(10)``, ``at(10, 15)``, ``at(9, on=date(...))``: an instant from the site's wall clock."""
    from core import clock

    def instant(hour: int, minute: int = 0, *, on: date = TUESDAY) -> datetime:
        return clock.resolve(on, time(hour, minute), site.zone).at

    return instant


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ChangeSet, list[Appointment]]]:
    """What was announced, in order. Nobody else hears it: the calendar is tested without those above it."""
    from scheduler.announcements import appointments_changed

    heard = []

    def hear(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
        heard.append((change_set, list(appointments)))

    monkeypatch.setattr(appointments_changed, "receivers", [hear])
    return heard


@pytest.fixture
def chair(site: Site) -> Resource:
    from tests.factories.scheduler import ChairFactory

    return ChairFactory(site=site, name="Chair 1", skills=["infusion"])


@pytest.fixture
def other_chair(site: Site) -> Resource:
    from tests.factories.scheduler import ChairFactory

    return ChairFactory(site=site, name="Chair 2", skills=["infusion"])


@pytest.fixture
def nurse(site: Site) -> Resource:
    """Watches up to three people at once."""
    from tests.factories.scheduler import PersonFactory

    return PersonFactory(site=site, name="Nina Nurse", lanes=3)


@pytest.fixture
def booking() -> Callable[..., Booking]:
    """``booking(at(10), chair)``: one hour, every resource exclusively; ``shared=`` lists those used beside others."""
    from scheduler.actions.appointments import Booking, Take, Use

    def make(
        starts_at: datetime, *resources: Resource, minutes: int = 60, shared: tuple[Resource, ...] = ()
    ) -> Booking:
        ends_at = starts_at + timedelta(minutes=minutes)
        return Booking(
            starts_at,
            ends_at,
            "Infusion",
            (
                *(Take(resource, resource.kind, starts_at, ends_at) for resource in resources),
                *(Take(resource, resource.kind, starts_at, ends_at, Use.SHARED) for resource in shared),
            ),
        )

    return make
