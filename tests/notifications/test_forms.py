"""A patient hears once that a form is ready: by day, not after it was filled in, and nothing of what it asks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core import clock
from notifications.actions import delivery, sweeps
from notifications.engine.states import Channel, Reason, State, Step
from notifications.models import Link, Message
from notifications.queries import forms
from tests.factories.treatments import AssessmentFactory, CourseFactory, ProtocolVersionFactory, VisitFactory
from tests.notifications.booking import book, send
from tests.notifications.fake_sender import FakeSender
from tests.treatments.documents import series
from treatments.models import Course, VisitStatus

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def measure(name: str, *moments: dict) -> dict:
    return {
        "measure": name,
        "title": name,
        "filled_by": "patient",
        "moments": [moment | {"source": "T"} for moment in moments],
        "source": "T",
    }


WEEKLY = {"after": "infusions.1", "min_days": 7, "max_days": 9}
MEASURES = [
    measure("phq9", WEEKLY),
    measure("peg", WEEKLY),
    measure("pain", {"before": "infusions.2"}),
    {**measure("clinic_form", WEEKLY), "filled_by": "clinician"},
]


@pytest.fixture
def visits(patient, now):
    """The first on Thursday 7 May at 10:00 in New York, the second four weeks later at 9:00."""
    version = ProtocolVersionFactory(document=series(assessments=MEASURES))
    course = CourseFactory(patient=patient, protocol_version=version)
    made = book(patient, now + 3 * DAY + 2 * HOUR, now + 31 * DAY + HOUR, now=now)
    for number, visit in enumerate(made, 1):
        VisitFactory(
            course=course, key=f"infusions.{number}", position=number, status=VisitStatus.BOOKED, appointment=visit
        )
    return made


def course_of(visits) -> Course:
    return visits[0].visit.course


def told() -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(step=Step.FORM).order_by("due_at")
    return [(f"{clock.local(row.due_at, 'America/New_York'):%a %d %H:%M}", row.state, row.reason) for row in rows]


def deliver(service, at: datetime) -> list[Message]:
    sender = FakeSender()
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    return list(Message.objects.filter(pk__in=sender.sent, step=Step.FORM))


def test_one_message_for_all_that_opens_on_a_day_and_in_time_before_a_visit(visits, patient, service, now) -> None:
    opens = now + 10 * DAY
    sweeps.sweep(by=service, clock=lambda: opens - 3 * DAY, ahead=None)
    assert told() == [], "not yet"
    for _ in range(2):
        sweeps.sweep(by=service, clock=lambda: opens - DAY, ahead=None)
    assert told() == [("Thu 14 10:00", State.SCHEDULED, "")], "two forms, one message"
    row = Message.objects.get(step=Step.FORM)
    assert (row.channel, list(row.visits.all()), row.form_on) == (Channel.EMAIL, [visits[0]], opens.date())
    with_link = deliver(service, row.due_at)
    assert [each.pk for each in with_link] == [row.pk]
    assert Link.objects.get(message=row).expires_at > row.not_after
    sweeps.sweep(by=service, clock=lambda: row.due_at + HOUR, ahead=None)
    assert deliver(service, row.due_at + DAY) == []
    # before the second visit, at 9:00, at 10:00 it would be too late
    sweeps.sweep(by=service, clock=lambda: now + 30 * DAY, ahead=None)
    assert told()[1:] == [("Thu 04 08:00", State.SCHEDULED, "")]


@pytest.mark.parametrize("answered", [True, False], ids=["filled in", "control"])
def test_nothing_is_said_about_a_form_that_was_filled_in(visits, service, now, answered: bool) -> None:
    sweeps.sweep(by=service, clock=lambda: now + 9 * DAY, ahead=None)
    (row,) = Message.objects.filter(step=Step.FORM)
    if answered:
        for name in ("phq9", "peg"):
            AssessmentFactory(course=course_of(visits), measure=name, taken_at=row.due_at - HOUR)
    assert len(deliver(service, row.due_at)) == (0 if answered else 1)
    state = (State.WITHDRAWN, Reason.ANSWERED) if answered else (State.ACCEPTED, "")
    assert Message.objects.values_list("state", "reason").get(pk=row.pk) == state


def test_it_follows_its_visit_and_the_policy_and_heeds_the_night(visits, service, now) -> None:
    opens = now + 10 * DAY
    sweeps.sweep(by=service, clock=lambda: opens - DAY, ahead=None)
    send(forms_at=None)
    sweeps.sweep(by=service, clock=lambda: opens - DAY, ahead=None)
    assert told() == []
    send(forms_at=datetime(2026, 1, 1, 18, 30).time())
    sweeps.sweep(by=service, clock=lambda: opens - DAY, ahead=None)
    assert told() == [("Thu 14 18:30", State.SCHEDULED, "")]
    night = clock.resolve(opens.date(), datetime.min.time(), "America/New_York").at + 22 * HOUR
    assert deliver(service, night) == []
    assert Message.objects.get(step=Step.FORM).next_try_at == night + 10 * HOUR
    visits[0].starts_at, visits[0].ends_at = visits[0].starts_at + 9 * DAY, visits[0].ends_at + 9 * DAY
    visits[0].save()
    sweeps.sweep(by=service, clock=lambda: opens, ahead=None)
    assert told() == [], "it opens much later now"


def test_the_queries_do_not_grow_with_the_courses(visits, patient, now, django_assert_num_queries) -> None:
    from notifications.engine.ladder import STANDARD

    for number in (1, 3):
        while Course.objects.count() < number:
            CourseFactory(patient=patient, protocol_version=course_of(visits).protocol_version)
        with django_assert_num_queries(5):
            for page in forms.pages():
                forms.compare(page, now=now + 9 * DAY, policy=STANDARD)
