"""The tasks that beat wakes: thin, repeatable, called by the names in the timetable."""

from datetime import timedelta

import pytest

from config.beat import TIMETABLE
from core import clock
from scheduler import tasks
from scheduler.models import Appointment, Status
from tests.factories.scheduler import AllocationFactory, AppointmentFactory

pytestmark = pytest.mark.django_db


def test_the_name_is_the_timetables():
    assert tasks.lapse_holds.name in {entry["task"] for entry in TIMETABLE.values()}


def test_lapsed_holds_end_and_others_stay():
    now = clock.now()
    lapsed = AppointmentFactory(status=Status.HELD, hold_expires_at=now - timedelta(minutes=1), patient=None)
    fresh = AppointmentFactory(status=Status.HELD, hold_expires_at=now + timedelta(minutes=5), patient=None)
    taken = [AllocationFactory(appointment=each) for each in (lapsed, fresh)]
    for _ in range(2):  # it may run twice
        tasks.lapse_holds(unknown="arguments are tolerated")
        assert dict(Appointment.objects.values_list("id", "status")) == {lapsed.id: "cancelled", fresh.id: "held"}
        for allocation, is_active in zip(taken, (False, True), strict=True):
            allocation.refresh_from_db()
            assert allocation.is_active is is_active
