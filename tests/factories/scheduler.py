"""Resources and appointments for tests, written past the actions. Book through the actions where it matters."""

from datetime import UTC, datetime, time, timedelta

import factory

from clinics.models import Role
from core import clock
from scheduler.models import (
    Absence,
    Allocation,
    Appointment,
    ChangeLine,
    ChangeSet,
    Kind,
    Resource,
    Skill,
    Status,
    WorkingHours,
)
from scheduler.models.change_set import Verb
from tests.factories.base import Factory
from tests.factories.clinics import LONG_AGO, WEEKDAYS, PatientFactory, SiteFactory, UserFactory


class SkillFactory(Factory):
    class Meta:
        model = Skill
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"skill-{n}")
    name = factory.LazyAttribute(lambda skill: skill.code.replace("-", " ").capitalize())


class WorkingHoursFactory(Factory):
    class Meta:
        model = WorkingHours

    weekday = 0
    starts = time(8)
    ends = time(18)
    valid_from = LONG_AGO


class ResourceFactory(Factory):
    """``skills=["infusion"]`` gives skills by code; ``hours=range(5)`` own working hours on these weekdays."""

    class Meta:
        model = Resource
        skip_postgeneration_save = True

    site = factory.SubFactory(SiteFactory)
    kind = Kind.CHAIR
    name = factory.Sequence(lambda n: f"Chair {n}")
    position = factory.Sequence(lambda n: n % 1000)

    @factory.post_generation
    def skills(self, create, extracted, **_kwargs):
        if create and extracted:
            self.skills.set([SkillFactory(code=code) for code in extracted])

    @factory.post_generation
    def hours(self, create, extracted, **kwargs):
        if create:
            for weekday in extracted or ():
                WorkingHoursFactory(resource=self, weekday=weekday, **kwargs)


class ChairFactory(ResourceFactory):
    """An infusion chair, there whenever the site is open."""


class RoomFactory(ResourceFactory):
    kind = Kind.ROOM
    name = factory.Sequence(lambda n: f"Quiet room {n}")


class DeviceFactory(ResourceFactory):
    kind = Kind.DEVICE
    name = factory.Sequence(lambda n: f"Pump {n}")


class PersonFactory(ResourceFactory):
    """Somebody who works on weekdays from 8 to 18; ``hours=()`` for somebody without hours."""

    kind = Kind.PERSON
    name = factory.Sequence(lambda n: f"Nurse {n}")

    @factory.post_generation
    def hours(self, create, extracted, **kwargs):
        if create:
            weekdays = WEEKDAYS if extracted is None else extracted
            WorkingHours.objects.bulk_create(
                WorkingHoursFactory.build(resource=self, weekday=weekday, **kwargs) for weekday in weekdays
            )


class AbsenceFactory(Factory):
    class Meta:
        model = Absence

    resource = factory.SubFactory(ChairFactory)
    starts_at = datetime(2026, 5, 5, 4, tzinfo=UTC)
    ends_at = datetime(2026, 5, 6, 4, tzinfo=UTC)
    reason = "Service"


class ChangeSetFactory(Factory):
    class Meta:
        model = ChangeSet

    verb = Verb.BOOK
    by = factory.SubFactory(UserFactory, role=Role.FRONT_DESK)
    site = factory.SubFactory(SiteFactory)


class AppointmentFactory(Factory):
    """Booked, one hour. The wall-clock fields follow from ``starts_at``."""

    class Meta:
        model = Appointment

    site = factory.SubFactory(SiteFactory)
    patient = factory.SubFactory(PatientFactory, site=factory.SelfAttribute("..site"))
    change_set = factory.SubFactory(
        ChangeSetFactory, site=factory.SelfAttribute("..site"), patient=factory.SelfAttribute("..patient")
    )
    status = Status.BOOKED
    starts_at = datetime(2026, 5, 5, 14, tzinfo=UTC)
    ends_at = factory.LazyAttribute(lambda made: made.starts_at + timedelta(hours=1))
    zone = factory.LazyAttribute(lambda made: made.site.zone)
    local_on = factory.LazyAttribute(lambda made: clock.local(made.starts_at, made.zone).date())
    local_time = factory.LazyAttribute(lambda made: clock.local(made.starts_at, made.zone).time())
    fold = factory.LazyAttribute(lambda made: clock.local(made.starts_at, made.zone).fold)
    summary = "Infusion"
    hold_expires_at = factory.LazyAttribute(
        lambda made: datetime(2026, 5, 4, 12, 10, tzinfo=UTC) if made.status == Status.HELD else None
    )


class AllocationFactory(Factory):
    """The whole length of its appointment, lane 0."""

    class Meta:
        model = Allocation

    appointment = factory.SubFactory(AppointmentFactory)
    resource = factory.SubFactory(ChairFactory, site=factory.SelfAttribute("..appointment.site"))
    role = "chair"
    starts_at = factory.SelfAttribute("appointment.starts_at")
    ends_at = factory.SelfAttribute("appointment.ends_at")


class ChangeLineFactory(Factory):
    class Meta:
        model = ChangeLine

    appointment = factory.SubFactory(AppointmentFactory)
    change_set = factory.SelfAttribute("appointment.change_set")
    after = factory.Dict({"status": "booked"})
