"""Every invariant of the calendar is a named constraint, and nothing gets round it: not bulk writes, not raw SQL."""

from contextlib import contextmanager
from datetime import date, time, timedelta
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction

from scheduler.models import Allocation, Appointment, ChangeLine, Status
from tests.factories.clinics import UserFactory
from tests.factories.scheduler import (
    AbsenceFactory,
    AllocationFactory,
    AppointmentFactory,
    ChairFactory,
    ChangeLineFactory,
    ChangeSetFactory,
    PersonFactory,
    WorkingHoursFactory,
)

pytestmark = pytest.mark.django_db


@contextmanager
def refused_by(name):
    """The block breaks exactly this constraint."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        yield
    assert isinstance(error.value.__cause__, psycopg.Error)
    assert error.value.__cause__.diag.constraint_name == name


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


class TestAllocation:
    def test_no_overlap(self, at):
        name = "scheduler_allocation_no_overlap"
        first = AllocationFactory(starts_at=at(10), ends_at=at(11))
        beside = AllocationFactory(resource=first.resource, lane=1, starts_at=at(10), ends_at=at(11))
        after = AllocationFactory(resource=first.resource, starts_at=at(11), ends_at=at(12))
        inactive = AllocationFactory(resource=first.resource, starts_at=at(10), ends_at=at(12), is_active=False)
        elsewhere = AllocationFactory(starts_at=at(10), ends_at=at(11))

        with refused_by(name):
            AllocationFactory(resource=first.resource, starts_at=at(10, 59), ends_at=at(11))
        with refused_by(name):
            Allocation.objects.bulk_create(
                [
                    Allocation(
                        appointment=first.appointment,
                        resource=first.resource,
                        role="chair",
                        starts_at=at(hour),
                        ends_at=at(hour + 2),
                    )
                    for hour in (14, 15)
                ]
            )
        with refused_by(name):
            Allocation.objects.filter(id=after.id).update(starts_at=at(10, 30))
        with refused_by(name):
            Allocation.objects.filter(id=inactive.id).update(is_active=True)
        with refused_by(name):
            sql("UPDATE scheduler_allocation SET lane = 0 WHERE id = %s", beside.id)
        with refused_by(name):
            sql("UPDATE scheduler_allocation SET resource_id = %s WHERE id = %s", first.resource_id, elsewhere.id)

    def test_it_is_checked_at_once_unless_asked_otherwise(self, at):
        one = AllocationFactory(starts_at=at(10), ends_at=at(11))
        other = AllocationFactory(resource=one.resource, starts_at=at(11), ends_at=at(12))
        with transaction.atomic():
            sql("SET CONSTRAINTS scheduler_allocation_no_overlap DEFERRED")  # two appointments change places
            Allocation.objects.filter(id=one.id).update(starts_at=at(11), ends_at=at(12))
            Allocation.objects.filter(id=other.id).update(starts_at=at(10), ends_at=at(11))
            sql("SET CONSTRAINTS scheduler_allocation_no_overlap IMMEDIATE")

    @pytest.mark.parametrize("minutes", [0, -60])
    def test_forward(self, at, minutes):
        made = AllocationFactory(starts_at=at(10), ends_at=at(11))
        with refused_by("scheduler_allocation_forward"):
            Allocation.objects.filter(id=made.id).update(ends_at=at(10) + timedelta(minutes=minutes))

    def test_not_over_long(self, at):
        made = AllocationFactory(starts_at=at(10), ends_at=at(10) + timedelta(hours=24))
        with refused_by("scheduler_allocation_not_over_long"):
            Allocation.objects.filter(id=made.id).update(ends_at=made.ends_at + timedelta(microseconds=1))

    @pytest.mark.parametrize(
        ("starts_at", "ends_at", "name"),
        [
            ("2026-05-05 10:00Z", "infinity", "scheduler_allocation_not_over_long"),
            ("-infinity", "2026-05-05 10:00Z", "scheduler_allocation_not_over_long"),
            ("-infinity", "infinity", "scheduler_allocation_not_over_long"),
            ("infinity", "infinity", "scheduler_allocation_forward"),
        ],
    )
    def test_infinity(self, starts_at, ends_at, name):
        made = AllocationFactory()
        with refused_by(name):
            sql(
                "UPDATE scheduler_allocation SET starts_at = %s, ends_at = %s WHERE id = %s",
                starts_at,
                ends_at,
                made.id,
            )

    @pytest.mark.parametrize("column", ["starts_at", "ends_at", "resource_id", "appointment_id", "lane"])
    def test_nothing_is_open(self, column):
        made = AllocationFactory()
        with pytest.raises(IntegrityError, match="not-null"):
            sql(f"UPDATE scheduler_allocation SET {column} = NULL WHERE id = %s", made.id)  # noqa: S608

    def test_lane(self):
        with refused_by("scheduler_allocation_lane"):
            AllocationFactory(lane=50)


class TestAppointment:
    def test_patient_in_one_place(self, at):
        name = "scheduler_appointment_patient_in_one_place"
        first = AppointmentFactory(starts_at=at(10))
        again = {"site": first.site, "patient": first.patient}
        after = AppointmentFactory(**again, starts_at=at(11))
        cancelled = AppointmentFactory(**again, starts_at=at(10), status=Status.CANCELLED)
        AppointmentFactory(**again, starts_at=at(10), status=Status.MISSED)
        for status in (Status.HELD, Status.BOOKED, Status.ARRIVED, Status.IN_TREATMENT, Status.DONE):
            with refused_by(name):
                AppointmentFactory(**again, starts_at=at(10, 30), status=status)
        with refused_by(name):
            Appointment.objects.filter(id=after.id).update(starts_at=at(10, 59))
        with refused_by(name):
            sql("UPDATE scheduler_appointment SET status = 'booked' WHERE id = %s", cancelled.id)

    def test_holds_without_a_patient_may_meet(self, at):
        for _ in range(2):
            AppointmentFactory(patient=None, status=Status.HELD, starts_at=at(10))

    @pytest.mark.parametrize("minutes", [0, -60])
    def test_forward(self, at, minutes):
        with refused_by("scheduler_appointment_forward"):
            AppointmentFactory(starts_at=at(10), ends_at=at(10) + timedelta(minutes=minutes))

    def test_not_over_long(self, at):
        with refused_by("scheduler_appointment_not_over_long"):
            AppointmentFactory(starts_at=at(10), ends_at=at(10) + timedelta(hours=24, seconds=1))
        made = AppointmentFactory()
        with refused_by("scheduler_appointment_not_over_long"):
            sql("UPDATE scheduler_appointment SET ends_at = 'infinity' WHERE id = %s", made.id)

    def test_status_known(self):
        with refused_by("scheduler_appointment_status_known"):
            AppointmentFactory(status="beamed_up")

    def test_holds_expire(self, now):
        with refused_by("scheduler_appointment_holds_expire"):
            AppointmentFactory(status=Status.HELD, hold_expires_at=None)
        with refused_by("scheduler_appointment_holds_expire"):
            AppointmentFactory(status=Status.BOOKED, hold_expires_at=now)

    def test_has_patient(self):
        with refused_by("scheduler_appointment_has_patient"):
            AppointmentFactory(patient=None)
        AppointmentFactory(patient=None, status=Status.CANCELLED)


class TestResource:
    def test_name_unique(self):
        chair = ChairFactory()
        ChairFactory(name=chair.name)  # at another site
        with refused_by("scheduler_resource_name_unique"):
            ChairFactory(site=chair.site, name=chair.name)

    def test_kind_known(self):
        with refused_by("scheduler_resource_kind_known"):
            ChairFactory(kind="spaceship")

    @pytest.mark.parametrize("lanes", [0, 51])
    def test_lanes(self, lanes):
        with refused_by("scheduler_resource_lanes"):
            ChairFactory(lanes=lanes)

    def test_account_of_person(self):
        PersonFactory(user=UserFactory())
        with refused_by("scheduler_resource_account_of_person"):
            ChairFactory(user=UserFactory())

    def test_working_hours(self):
        nurse = PersonFactory()
        with refused_by("scheduler_workinghours_forward"):
            WorkingHoursFactory(resource=nurse, starts=time(9), ends=time(9))
        with refused_by("scheduler_workinghours_weekday"):
            WorkingHoursFactory(resource=nurse, weekday=7)
        with refused_by("scheduler_workinghours_validity"):
            WorkingHoursFactory(resource=nurse, valid_from=date(2026, 5, 5), valid_until=date(2026, 5, 5))

    def test_absence(self, at):
        with refused_by("scheduler_absence_forward"):
            AbsenceFactory(starts_at=at(9), ends_at=at(9))


class TestChangeLines:
    def test_one_for_each_appointment_of_a_change_set(self):
        line = ChangeLineFactory()
        with refused_by("scheduler_changeline_unique"):
            ChangeLineFactory(change_set=line.change_set, appointment=line.appointment)

    def test_a_change_set_is_undone_once(self):
        change_set = ChangeSetFactory()
        ChangeSetFactory(site=change_set.site, undoes=change_set)
        with refused_by("scheduler_changeset_undoes_id_key"):
            ChangeSetFactory(site=change_set.site, undoes=change_set)

    def test_they_are_written_once(self):
        line = ChangeLineFactory()
        for attempt in (lambda: ChangeLine.objects.update(after={}), line.delete):
            with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
                attempt()
        assert ChangeLine.objects.get().after == line.after


def test_nothing_is_forgotten():
    attacked = Path(__file__).read_text()
    named = [c.name for model in apps.get_app_config("scheduler").get_models() for c in model._meta.constraints]
    assert len(named) > 10
    assert [name for name in named if f'"{name}"' not in attacked] == []
