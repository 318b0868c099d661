"""Another time for a visit that is near is nothing a press asks for: people talk."""

from datetime import timedelta

import pytest

from notifications.actions import another_times
from notifications.models import Link
from notifications.models.link import Purpose
from tests.factories.treatments import CourseFactory, VisitFactory
from tests.notifications.booking import book
from treatments.models import VisitStatus, WaitlistEntry


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "waits"), [(23, False), (25, True)], ids=["near", "control"])
def test_a_near_visit_is_not_put_on_the_waitlist(patient, service, now, hours: int, waits: bool) -> None:
    (booked,) = book(patient, now + timedelta(hours=hours), now=now - timedelta(days=3))
    visit = VisitFactory(course=CourseFactory(patient=patient), status=VisitStatus.BOOKED, appointment=booked)
    link = Link.issue(purpose=Purpose.PLAN, patient=patient, now=now, lifetime=timedelta(days=9))
    if waits:
        another_times.wait(link=link, visit=visit, by=service, now=now)
    else:
        with pytest.raises(another_times.NotOffered):
            another_times.wait(link=link, visit=visit, by=service, now=now)
    assert WaitlistEntry.objects.filter(visit=visit).exists() is waits
