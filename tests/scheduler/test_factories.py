"""Every factory's defaults make a row that the database accepts."""

import pytest

from tests.factories import clinics, scheduler, treatments

FACTORIES = [
    clinics.SiteFactory,
    clinics.SiteDayFactory,
    clinics.UserFactory,
    clinics.PatientFactory,
    scheduler.SkillFactory,
    scheduler.ChairFactory,
    scheduler.RoomFactory,
    scheduler.DeviceFactory,
    scheduler.PersonFactory,
    scheduler.AbsenceFactory,
    scheduler.ChangeSetFactory,
    scheduler.AppointmentFactory,
    scheduler.AllocationFactory,
    treatments.ProtocolVersionFactory,
    treatments.CourseFactory,
    treatments.VisitFactory,
    treatments.BookedVisitFactory,
]


@pytest.mark.django_db
@pytest.mark.parametrize("factory", FACTORIES)
def test_two_rows_stand_beside_each_other(factory):
    first, second = factory(), factory()
    assert first.pk != second.pk
