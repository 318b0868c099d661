"""Protocols and courses for tests, written past the actions.

``ProtocolVersionFactory`` stores whatever document it is given: take a real one from the catalogue where it is compiled.
"""

from datetime import UTC, date, datetime

import factory

from clinics.models import Role
from scheduler.models import Status
from tests.factories.base import Factory
from tests.factories.clinics import PatientFactory, UserFactory
from tests.factories.scheduler import AppointmentFactory, ChangeSetFactory
from tests.treatments.documents import series
from treatments.models import (
    Alert,
    Assessment,
    Course,
    CourseChange,
    Mode,
    Protocol,
    ProtocolVersion,
    Visit,
    WaitlistEntry,
)
from treatments.models.course import VisitStatus


class ProtocolFactory(Factory):
    class Meta:
        model = Protocol

    code = factory.Sequence(lambda n: f"protocol-{n}")
    title = factory.Sequence(lambda n: f"Infusion series {n}")


class ProtocolVersionFactory(Factory):
    class Meta:
        model = ProtocolVersion

    protocol = factory.SubFactory(ProtocolFactory)
    number = 1
    document = factory.LazyFunction(series)
    digest = "0" * 64
    published_by = factory.SubFactory(UserFactory, role=Role.MANAGER)


class CourseFactory(Factory):
    class Meta:
        model = Course

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    protocol_version = factory.SubFactory(ProtocolVersionFactory)
    start_on = date(2026, 5, 5)
    booked_by = factory.SubFactory(UserFactory)


class VisitFactory(Factory):
    """To be placed; ``BookedVisitFactory`` has an appointment."""

    class Meta:
        model = Visit

    course = factory.SubFactory(CourseFactory)
    position = factory.Sequence(lambda n: n % 1000 + 1)
    key = factory.LazyAttribute(lambda visit: f"infusion.{visit.position}")
    family = "infusion"
    label = factory.LazyAttribute(lambda visit: f"Infusion {visit.position}")
    minutes = 60
    status = VisitStatus.TO_PLACE


class BookedVisitFactory(VisitFactory):
    status = VisitStatus.BOOKED
    appointment = factory.SubFactory(
        AppointmentFactory,
        site=factory.SelfAttribute("..course.site"),
        patient=factory.SelfAttribute("..course.patient"),
        status=Status.BOOKED,
    )


class WaitlistEntryFactory(Factory):
    class Meta:
        model = WaitlistEntry

    visit = factory.SubFactory(VisitFactory)
    valid_until = date(2026, 6, 30)
    joined_at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    joined_by = factory.SubFactory(UserFactory)


class CourseChangeFactory(Factory):
    class Meta:
        model = CourseChange

    course = factory.SubFactory(CourseFactory)
    change_set = factory.SubFactory(ChangeSetFactory, site=factory.SelfAttribute("..course.site"))
    after = factory.Dict({"status": "active", "extra": [], "visits": {}})


class AssessmentFactory(Factory):
    """A PHQ-9 with something in its item 9, typed by a nurse."""

    class Meta:
        model = Assessment

    course = factory.SubFactory(CourseFactory)
    measure = "phq9"
    answers = factory.LazyFunction(lambda: {str(number): 1 for number in range(1, 10)})
    taken_at = datetime(2026, 5, 4, 11, tzinfo=UTC)
    mode = Mode.CLINIC
    by = factory.SubFactory(UserFactory, role=Role.NURSE)


class AlertFactory(Factory):
    class Meta:
        model = Alert

    assessment = factory.SubFactory(AssessmentFactory)
    items = factory.LazyFunction(lambda: [9])
    raised_at = datetime(2026, 5, 4, 11, tzinfo=UTC)
