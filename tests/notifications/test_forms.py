"""A patient hears once that a form is ready: by day, not after it was filled in, and nothing of what it asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from core import clock
from notifications.actions import delivery, messages, sweeps
from notifications.engine.states import Channel, Reason, State, Step
from notifications.management.commands import reminders as command
from notifications.models import Link, Message
from notifications.queries import fingerprints, forms
from tests.factories.clinics import PatientFactory
from tests.factories.treatments import AssessmentFactory, CourseFactory, ProtocolVersionFactory, VisitFactory
from tests.notifications.booking import book, send, tell_of_form
from tests.notifications.fake_sender import FakeSender
from tests.treatments.documents import series
from treatments.models import Course, CourseStatus, Visit, VisitStatus
from treatments.protocols.problems import ProtocolError
from treatments.queries import assessments

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


def course_with(patient, *measures: dict, now, days: int = 3) -> list:
    """Its visits: the first on Thursday 7 May at 10:00 in New York, the second four weeks later at 9:00."""
    version = ProtocolVersionFactory(document=series(assessments=list(measures)))
    course = CourseFactory(patient=patient, protocol_version=version)
    made = book(patient, now + days * DAY + 2 * HOUR, now + (days + 28) * DAY + HOUR, now=now)
    for number, visit in enumerate(made, 1):
        VisitFactory(
            course=course, key=f"infusions.{number}", position=number, status=VisitStatus.BOOKED, appointment=visit
        )
    return made


@pytest.fixture
def visits(patient, now):
    return course_with(patient, *MEASURES, now=now)


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
    sweeps.sweep(by=service, clock=lambda: opens - 3 * DAY, afresh=True)
    assert told() == [], "not yet"
    for _ in range(2):
        sweeps.sweep(by=service, clock=lambda: opens - DAY, afresh=True)
    assert told() == [("Thu 14 10:00", State.SCHEDULED, "")], "two forms, one message"
    row = Message.objects.get(step=Step.FORM)
    assert (row.channel, list(row.visits.all()), row.form_on) == (Channel.EMAIL, [visits[0]], opens.date())
    with_link = deliver(service, row.due_at)
    assert [each.pk for each in with_link] == [row.pk]
    assert Link.objects.get(message=row).expires_at > row.not_after
    sweeps.sweep(by=service, clock=lambda: row.due_at + HOUR, afresh=True)
    assert deliver(service, row.due_at + DAY) == []
    # before the second visit, at 9:00, at 10:00 it would be too late
    sweeps.sweep(by=service, clock=lambda: now + 30 * DAY, afresh=True)
    assert told()[1:] == [("Thu 04 08:00", State.SCHEDULED, "")]


@pytest.mark.parametrize("answered", [True, False], ids=["filled in", "control"])
def test_nothing_is_said_about_a_form_that_was_filled_in(visits, service, now, answered: bool) -> None:
    sweeps.sweep(by=service, clock=lambda: now + 9 * DAY, afresh=True)
    (row,) = Message.objects.filter(step=Step.FORM)
    if answered:
        for name in ("phq9", "peg"):
            AssessmentFactory(course=course_of(visits), measure=name, taken_at=row.due_at - HOUR)
    assert len(deliver(service, row.due_at)) == (0 if answered else 1)
    state = (State.WITHDRAWN, Reason.ANSWERED) if answered else (State.ACCEPTED, "")
    assert Message.objects.values_list("state", "reason").get(pk=row.pk) == state


def test_it_follows_its_visit_and_the_policy_and_heeds_the_night(visits, service, now) -> None:
    opens = now + 10 * DAY
    sweeps.sweep(by=service, clock=lambda: opens - DAY, afresh=True)
    send(forms_at=None)
    sweeps.sweep(by=service, clock=lambda: opens - DAY, afresh=True)
    assert told() == []
    send(forms_at=datetime(2026, 1, 1, 18, 30).time())
    sweeps.sweep(by=service, clock=lambda: opens - DAY, afresh=True)
    assert told() == [("Thu 14 18:30", State.SCHEDULED, "")]
    night = clock.resolve(opens.date(), datetime.min.time(), "America/New_York").at + 22 * HOUR
    assert deliver(service, night) == []
    assert Message.objects.get(step=Step.FORM).next_try_at == night + 10 * HOUR
    visits[0].starts_at, visits[0].ends_at = visits[0].starts_at + 9 * DAY, visits[0].ends_at + 9 * DAY
    visits[0].save()
    sweeps.sweep(by=service, clock=lambda: opens, afresh=True)
    assert told() == [], "it opens much later now"


def test_a_form_that_opens_later_on_the_day_is_spoken_of_then(patient, service, now) -> None:
    """Its visit was moved, and no hourly check came before the message was due."""
    first, _ = course_with(patient, measure("phq9", {"after": "infusions.1", "max_hours": 24}), now=now)
    sweeps.sweep(by=service, clock=lambda: first.ends_at - DAY, afresh=True)
    row = Message.objects.get(step=Step.FORM)
    assert row.due_at == first.ends_at
    first.starts_at, first.ends_at = first.starts_at + 3 * HOUR, first.ends_at + 3 * HOUR
    first.save()
    assert deliver(service, row.due_at) == []
    row.refresh_from_db()
    assert (row.state, row.reason, row.next_try_at) == (State.SCHEDULED, "", first.ends_at)
    assert deliver(service, first.ends_at) == [row]


def test_the_command_tells_of_forms_whose_message_is_missing(visits, now, monkeypatch) -> None:
    monkeypatch.setattr(command, "database_now", lambda: now + 9 * DAY)
    said = StringIO()
    call_command("reminders", "gaps", stdout=said)
    assert said.getvalue() == (f"{visits[0].pk}: the form message is missing or not as its forms are\n1 differences\n")
    sweeps.repair(now=now + 9 * DAY)
    call_command("reminders", "gaps", stdout=said)
    assert said.getvalue().endswith("every row is as it should be\n")


@pytest.mark.parametrize("looks", [True, False], ids=["sees changes", "control"])
def test_whatever_changes_what_is_asked_is_found_by_the_next_sweep(visits, service, now, monkeypatch, looks) -> None:
    eve = now + 9 * DAY

    def swept() -> tuple[int, int]:
        found = sweeps.repair(now=eve)
        return found.written, found.withdrawn

    assert swept() == (1, 0), "a course that was just booked need not wait for the hour"
    assert [swept() for _ in range(2)] == [(0, 0)] * 2
    if not looks:
        seen = fingerprints.of_patients(now=eve)
        monkeypatch.setattr(fingerprints, "of_patients", lambda **_: seen)
    form, visit = Message.objects.filter(step=Step.FORM), Visit.objects.filter(appointment=visits[0])
    with transaction.atomic():  # what was written in the same transaction as before looks the same
        form.delete()
    assert swept() == ((1, 0) if looks else (0, 0)), "the row was lost"
    swept()
    with transaction.atomic():
        visit.update(status=VisitStatus.CANCELLED)
    assert swept() == ((0, 1) if looks else (0, 0)), "the visit it is counted from is off"
    swept()
    with transaction.atomic():
        visit.update(status=VisitStatus.BOOKED)
    assert swept() == ((1, 0) if looks else (0, 0))
    swept()
    with transaction.atomic():
        assert form.update(not_after=now + 20 * DAY) == looks
    assert sweeps.repair(now=eve).retimed == looks
    with transaction.atomic():
        for name in ("phq9", "peg"):
            AssessmentFactory(course=course_of(visits), measure=name, taken_at=now + 10 * DAY)
    assert swept() == ((0, 1) if looks else (0, 0)), "they were filled in"


@pytest.mark.parametrize("stands", [True, False], ids=["stands", "cancelled"])
def test_sent_by_hand_before_the_form_opens_it_waits_for_that_morning(visits, service, flora, now, stands) -> None:
    sweeps.sweep(by=service, clock=lambda: now + 9 * DAY, afresh=True)
    row = messages.send_now(message=Message.objects.get(step=Step.FORM), by=flora, now=now + 9 * DAY)
    if not stands:
        Course.objects.update(status=CourseStatus.CANCELLED)
    assert deliver(service, now + 9 * DAY) == []
    row.refresh_from_db()
    if stands:  # it opens at midnight
        assert (row.state, row.next_try_at) == (State.SCHEDULED, now + 10 * DAY)
    else:
        assert (row.state, row.reason) == (State.WITHDRAWN, Reason.ANSWERED)
    assert deliver(service, now + 10 * DAY) == ([row] if stands else [])


@pytest.mark.parametrize("bad", ["document", "elsewhere"])
def test_one_bad_course_stops_no_other(visits, site, service, now, monkeypatch, bad) -> None:
    other = PatientFactory(site=site)
    opens = now + 10 * DAY + 2 * HOUR
    row = tell_of_form(other, book(other, opens, now=now), due_at=opens - HOUR, next_try_at=opens)
    if bad == "document":
        spoilt = CourseFactory(patient=other, protocol_version=ProtocolVersionFactory(document={"code": "spoilt"}))
        with pytest.raises(ProtocolError):
            assessments.due(spoilt, now=now)
    else:
        course_with(other, *MEASURES, now=now)
        real = forms._ready

        def ready(form_on, dues, row):
            if dues[0][0].course.patient_id == other.pk:
                raise LookupError
            return real(form_on, dues, row)

        monkeypatch.setattr(forms, "_ready", ready)
    found = sweeps.repair(now=now + 9 * DAY, afresh=True)
    assert found.written == 1
    mine = Message.objects.exclude(pk=row.pk).get(step=Step.FORM)
    assert mine.patient == visits[0].patient
    assert Message.objects.filter(pk=row.pk).exists(), "nobody knows that it is not wanted"
    if bad == "document":
        assert deliver(service, mine.due_at) == [mine]
        row.refresh_from_db()
        assert (row.state, row.reason, row.next_try_at) == (
            State.SCHEDULED,
            Reason.UNWRITABLE,
            mine.due_at + forms.AGAIN,
        )


def test_the_courses_of_a_patient_are_compared_together(visits, patient, now, monkeypatch) -> None:
    course_with(patient, measure("phq9", {"after": "infusions.1", "min_days": 5, "max_days": 9}), now=now, days=4)
    monkeypatch.setattr(forms, "PAGE", 1)
    assert sweeps.repair(now=now + 8 * DAY + 12 * HOUR, afresh=True).written == 2
    rows = set(Message.objects.filter(step=Step.FORM))
    assert not sweeps.repair(now=now + 8 * DAY + 13 * HOUR, afresh=True)
    assert set(Message.objects.filter(step=Step.FORM)) == rows


def test_the_queries_do_not_grow_with_the_courses(visits, patient, now, django_assert_num_queries) -> None:
    from notifications.engine.ladder import STANDARD

    for number in (1, 3):
        while Course.objects.count() < number:
            course_with(PatientFactory(site=patient.site), *MEASURES, now=now)
        with django_assert_num_queries(7):
            [page] = forms.pages()
            found = forms.compare(page, now=now + 9 * DAY, policy=STANDARD)
        assert len(found.ready) == number
