"""From a booking to a mail in the sink, and everything that must stop one on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import delivery
from notifications.channels.email.smtp import SmtpSender
from notifications.engine import ladder
from notifications.engine.ladder import DayOf
from notifications.engine.states import Outcome, Reason, State, Step
from notifications.models import Attempt, Message
from notifications.queries import reach
from scheduler.models import Status
from tests.notifications.booking import book, cancel, mails, move, send, set_status

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)  # 8:00 in New York
FRIDAY_WEEK = datetime(2026, 5, 15, 14, tzinfo=UTC)  # 10:00 in New York
DAY = timedelta(days=1)
THREE_DAYS_BEFORE = datetime(2026, 5, 12, 14, tzinfo=UTC)
ONE_DAY_BEFORE = datetime(2026, 5, 14, 20, tzinfo=UTC)
DAY_OF = datetime(2026, 5, 15, 12, tzinfo=UTC)  # 8:00: three hours before would be 7:00


def deliver(service, at: datetime, **kwargs) -> delivery.Delivered:
    return delivery.deliver_due(by=service, clock=lambda: at, **kwargs)


def states(**where: object) -> dict[str, str]:
    return {message.step: message.state for message in Message.objects.filter(**where)}


def test_every_step_goes_out_once_when_it_is_due(patient, service, sink) -> None:
    book(patient, FRIDAY_WEEK, now=MONDAY)
    seen = []
    for at in [MONDAY, MONDAY + timedelta(minutes=3), THREE_DAYS_BEFORE, ONE_DAY_BEFORE, DAY_OF, DAY_OF]:
        deliver(service, at - timedelta(seconds=1))
        before = len(sink.caught())
        deliver(service, at)
        seen.append((before, len(sink.caught())))
    assert seen == [(0, 0), (0, 1), (1, 2), (2, 3), (3, 4), (4, 4)]
    assert states() == dict.fromkeys([Step.PLAN, Step.THREE_DAYS, Step.ONE_DAY, Step.DAY_OF], State.ACCEPTED)
    assert Attempt.objects.filter(outcome=Outcome.ACCEPTED).count() == 4
    assert len({mail["Message-ID"] for mail in mails(sink.caught())}) == 4


def test_the_plan_lists_every_visit_with_its_end_and_place(patient, service, sink) -> None:
    book(patient, FRIDAY_WEEK, FRIDAY_WEEK + 3 * DAY, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    (mail,) = mails(sink.caught())
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert mail["Subject"] == "Your appointments from Friday 15 May"
    assert str(mail["From"]) == "Riverside <appointments@clinic.example>"
    for part in (text, html):
        for expected in ("Friday 15 May", "Monday 18 May", "10:00am to 11:00am", "1 River Street", "(212) 555-0100"):
            assert expected in part


def test_nothing_is_said_of_a_booking_undone_within_the_hold(patient, service, sink) -> None:
    (visit,) = book(patient, FRIDAY_WEEK, now=MONDAY)
    cancel(visit, now=MONDAY + timedelta(minutes=1))
    deliver(service, MONDAY + 30 * DAY)
    assert sink.caught() == []
    assert set(states().values()) == {State.WITHDRAWN}


def test_not_sent_after_cancel(patient, service, sink) -> None:
    (visit,) = book(patient, FRIDAY_WEEK, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    cancel(visit, now=MONDAY + DAY)
    for at in (THREE_DAYS_BEFORE, ONE_DAY_BEFORE, DAY_OF):
        deliver(service, at)
    told = [mail["Subject"] for mail in mails(sink.caught())]
    assert told == ["Your appointment on Friday 15 May", "A change to your appointments"], (
        "the plan, and that it is off"
    )
    assert states(appointment=visit) == dict.fromkeys([Step.THREE_DAYS, Step.ONE_DAY, Step.DAY_OF], State.WITHDRAWN)


def test_not_sent_after_cancel_even_when_nobody_announced_it(patient, service, sink) -> None:
    """The last look before sending finds it; a lost announcement costs nothing."""
    (visit,) = book(patient, FRIDAY_WEEK, now=MONDAY)
    type(visit).objects.filter(pk=visit.pk).update(status=Status.CANCELLED)
    deliver(service, ONE_DAY_BEFORE)
    assert sink.caught() == []
    assert Message.objects.get(step=Step.ONE_DAY).reason == Reason.CANCELLED


def test_not_sent_after_move_for_the_old_time(patient, service, sink) -> None:
    (visit,) = book(patient, FRIDAY_WEEK, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    move(visit, FRIDAY_WEEK + 7 * DAY, now=MONDAY + DAY)
    for at in (THREE_DAYS_BEFORE, ONE_DAY_BEFORE, DAY_OF):
        deliver(service, at)
    assert len(sink.caught()) == 2, "only the plan and the change"
    for at in (THREE_DAYS_BEFORE, ONE_DAY_BEFORE, DAY_OF):
        deliver(service, at + 7 * DAY)
    subjects = [mail["Subject"] for mail in mails(sink.caught())[2:]]
    assert subjects == ["Your appointment on Friday 22 May"] * 3
    assert states(schedule_epoch=1) == dict.fromkeys([Step.THREE_DAYS, Step.ONE_DAY, Step.DAY_OF], State.WITHDRAWN)


@pytest.mark.long
def test_never_silent_for_later_visits_of_a_series(patient, service, sink) -> None:
    send(day_of=DayOf.ALWAYS, your_week_at=None)
    starts = [FRIDAY_WEEK + k * 3 * DAY for k in range(8)]
    visits = book(patient, *starts, now=MONDAY)
    at = MONDAY
    while at < starts[-1]:
        at += timedelta(minutes=30)
        deliver(service, at)
    long_ahead = 0
    for visit in visits:
        steps = [Step.THREE_DAYS, Step.ONE_DAY, Step.DAY_OF]
        if visit.starts_at - MONDAY > ladder.LONG_LEAD:
            steps.insert(0, Step.SEVEN_DAYS)
            long_ahead += 1
        assert states(appointment=visit) == dict.fromkeys(steps, State.ACCEPTED)
    assert long_ahead
    assert len(sink.caught()) == 1 + 3 * len(visits) + long_ahead


@pytest.mark.long
def test_never_silent_for_later_visits_of_a_series_whose_weeks_are_told_together(patient, service, sink) -> None:
    """Each visit is asked about once, with its week or 3 days before, and is spoken of the day before and, as the clinic has
    it here, on the day.
    """
    starts = [FRIDAY_WEEK + k * 3 * DAY for k in range(8)]
    visits = book(patient, *starts, now=MONDAY)
    at = MONDAY
    while at < starts[-1]:
        at += timedelta(minutes=30)
        deliver(service, at)
    weeks_told = Message.objects.filter(step=Step.YOUR_WEEK)
    assert set(weeks_told.values_list("state", flat=True)) == {State.ACCEPTED}
    with_week = {visit for row in weeks_told for visit in row.visits.all()}
    assert with_week
    for visit in visits:
        went = states(appointment=visit)
        asked = State.WITHDRAWN if visit in with_week else State.ACCEPTED
        assert went[Step.THREE_DAYS] == asked
        assert (went[Step.ONE_DAY], went[Step.DAY_OF]) == (State.ACCEPTED, State.ACCEPTED)
    assert not Message.objects.exclude(state__in=[State.ACCEPTED, State.WITHDRAWN]).exists()


def test_one_bad_record_does_not_stop_a_batch(site, service, sink) -> None:
    from tests.factories.clinics import PatientFactory

    visits = []
    for k in range(5):
        visits += book(PatientFactory(site=site), FRIDAY_WEEK + k * timedelta(hours=1), now=MONDAY)
    broken, unreadable = visits[0].patient, visits[1].patient
    type(broken).objects.filter(pk=broken.pk).update(zone="Nowhere/Land")
    type(unreadable).objects.filter(pk=unreadable.pk).update(email="two\nlines@example.org")
    deliver(service, ONE_DAY_BEFORE, batch=50)
    assert Message.objects.filter(step=Step.ONE_DAY, state=State.ACCEPTED).count() == 3
    for patient in (broken, unreadable):
        assert Message.objects.get(patient=patient, step=Step.ONE_DAY).state == State.RETRY_WAIT
    at = ONE_DAY_BEFORE
    for _ in range(12):
        at += timedelta(minutes=20)
        deliver(service, at)
    failed = Message.objects.get(patient=unreadable, step=Step.ONE_DAY)
    assert (failed.state, failed.reason) == (State.DEAD, Reason.UNWRITABLE)
    assert failed in Message.objects.for_people()


def test_a_channel_that_cannot_be_opened_does_not_stop_the_others(site, service, sink, monkeypatch) -> None:
    from tests.factories.clinics import PatientFactory

    def open_one(channel: str):
        if channel != "email":
            raise KeyError(channel)
        return SmtpSender()

    monkeypatch.setattr(reach, "hindrances", lambda _messages: {})
    for _ in range(3):
        book(PatientFactory(site=site), FRIDAY_WEEK, now=MONDAY)
    lost = Message.objects.filter(step=Step.PLAN).earliest("pk")
    Message.objects.filter(pk=lost.pk).update(channel="webhook")
    deliver(service, MONDAY + timedelta(minutes=3), open_sender=open_one)
    lost.refresh_from_db()
    assert (lost.state, lost.reason, lost.attempts) == (State.RETRY_WAIT, Reason.UNWRITABLE, 1)
    assert Message.objects.filter(step=Step.PLAN, state=State.ACCEPTED).count() == 2
    at = MONDAY
    for _ in range(12):
        at += timedelta(minutes=50)
        deliver(service, at, open_sender=open_one)
    lost.refresh_from_db()
    assert (lost.state, lost.attempts) == (State.DEAD, 6)


def test_one_record_that_cannot_be_judged_does_not_stop_the_others(site, service, sink, monkeypatch) -> None:
    from tests.factories.clinics import PatientFactory

    visits = [book(PatientFactory(site=site), FRIDAY_WEEK, now=MONDAY)[0] for _ in range(3)]
    real = reach.hindrances

    def fail(messages):
        if any(message.patient_id == visits[1].patient_id for message in messages):
            raise ValueError
        return real(messages)

    monkeypatch.setattr(reach, "hindrances", fail)
    deliver(service, MONDAY + timedelta(minutes=3))
    assert Message.objects.filter(step=Step.PLAN, state=State.ACCEPTED).count() == 2


@pytest.mark.parametrize(
    ("details", "reason"),
    [({"may_email": False}, Reason.NO_CONSENT), ({"may_email": False, "email": ""}, Reason.NO_ADDRESS)],
)
def test_without_consent_or_address_it_is_stopped_for_all_to_see(patient, service, sink, details, reason) -> None:
    for name, value in details.items():
        setattr(patient, name, value)
    patient.save()
    book(patient, FRIDAY_WEEK, now=MONDAY)
    assert set(reach.hindrances(Message.objects.select_related("patient")).values()) == {reason}
    deliver(service, MONDAY + timedelta(minutes=3))
    plan = Message.objects.get(step=Step.PLAN)
    assert (plan.state, plan.reason) == (State.STOPPED, reason)
    assert sink.caught() == []


def test_consent_given_later_counts(patient, service, sink) -> None:
    patient.may_email = False
    patient.save()
    book(patient, FRIDAY_WEEK, now=MONDAY)
    patient.may_email = True
    patient.save()
    deliver(service, ONE_DAY_BEFORE)
    assert Message.objects.get(step=Step.ONE_DAY).state == State.ACCEPTED


def test_a_patient_who_is_here_already_is_not_reminded(patient, service, sink) -> None:
    (visit,) = book(patient, FRIDAY_WEEK, now=MONDAY)
    set_status(visit, Status.ARRIVED, now=MONDAY + DAY)
    assert states(appointment=visit)[Step.DAY_OF] == State.SCHEDULED, "it may have been a slip"
    deliver(service, DAY_OF)
    assert Message.objects.get(step=Step.DAY_OF).reason == Reason.NOT_EXPECTED
    assert sink.caught() == []


def test_after_an_outage_nothing_goes_out_at_night_and_what_is_useless_expires(patient, service, sink) -> None:
    book(patient, FRIDAY_WEEK, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    deliver(service, ONE_DAY_BEFORE + timedelta(hours=6))  # 22:00; at 8:00 the next morning the last step is due
    late = states()
    assert len(sink.caught()) == 1, "only the plan"
    assert late == {
        Step.PLAN: State.ACCEPTED,
        Step.THREE_DAYS: State.EXPIRED,
        Step.ONE_DAY: State.EXPIRED,
        Step.DAY_OF: State.SCHEDULED,
    }
    assert Message.objects.get(step=Step.ONE_DAY).reason == Reason.QUIET_HOURS


def test_what_is_late_at_night_goes_out_in_the_morning(patient, service, sink) -> None:
    afternoon = FRIDAY_WEEK + timedelta(hours=6)
    book(patient, afternoon, now=MONDAY)
    deliver(service, ONE_DAY_BEFORE + timedelta(hours=6))  # 22:00
    waiting = Message.objects.get(step=Step.ONE_DAY)
    assert (waiting.state, waiting.next_try_at) == (State.SCHEDULED, DAY_OF)
    deliver(service, DAY_OF)
    assert [mail["Subject"] for mail in mails(sink.caught())[-1:]] == ["Your appointment on Friday 15 May"]


def test_of_a_visit_tomorrow_booked_in_the_evening_the_patient_is_reminded_at_once(patient, service, sink) -> None:
    evening = MONDAY + timedelta(hours=9)  # 17:00
    book(patient, evening + timedelta(hours=20), now=evening)
    deliver(service, evening)
    assert states() == {Step.PLAN: State.SCHEDULED, Step.ONE_DAY: State.ACCEPTED, Step.DAY_OF: State.SCHEDULED}


def test_never_about_a_visit_that_has_begun(patient, service, sink) -> None:
    book(patient, FRIDAY_WEEK, now=MONDAY)
    deliver(service, FRIDAY_WEEK)
    assert sink.caught() == []
    assert set(states().values()) == {State.EXPIRED}


def test_each_message_goes_over_the_same_connection(site, service, sink) -> None:
    from tests.factories.clinics import PatientFactory

    for _ in range(3):
        book(PatientFactory(site=site), FRIDAY_WEEK, now=MONDAY)
    opened: list[SmtpSender] = []

    def open_once(_channel: str) -> SmtpSender:
        opened.append(SmtpSender())
        return opened[-1]

    deliver(service, ONE_DAY_BEFORE, batch=2, open_sender=open_once)
    assert len(sink.caught()) == 6
    assert len(opened) == 1


def test_stopping_gives_back_what_was_taken(patient, service, sink) -> None:
    send(day_of=DayOf.ALWAYS, your_week_at=None)
    book(patient, *[FRIDAY_WEEK + k * timedelta(hours=2) for k in range(3)], now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    deliver(service, ONE_DAY_BEFORE, enough=lambda: len(sink.caught()) == 2)
    assert sorted(Message.objects.filter(step=Step.ONE_DAY).values_list("state", flat=True)) == [
        State.ACCEPTED,
        State.SCHEDULED,
        State.SCHEDULED,
    ]
    deliver(service, ONE_DAY_BEFORE)
    assert len(sink.caught()) == 4


def test_the_audit_names_who_sent_and_keeps_no_leases(patient, service, sink) -> None:
    book(patient, FRIDAY_WEEK, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    plan = Message.objects.get(step=Step.PLAN)
    events = plan.events.order_by("pgh_id")
    assert [event.state for event in events] == [State.SCHEDULED, State.ACCEPTED], (
        "that it was in hand is in its attempts"
    )
    assert {event.pgh_context.metadata["user"] for event in events[1:]} == {str(service.pk)}
    assert not hasattr(events[0], "lease_until")


def test_whatever_else_changes_while_a_message_is_taken_in_hand_is_in_the_audit(patient) -> None:
    book(patient, FRIDAY_WEEK, now=MONDAY)
    plan = Message.objects.get(step=Step.PLAN)
    taken = {"state": State.SENDING, "lease_until": MONDAY}
    Message.objects.filter(pk=plan.pk).update(**taken, due_at=plan.due_at + timedelta(hours=1))
    Message.objects.filter(pk=plan.pk).update(due_at=plan.due_at)
    assert [event.due_at - plan.due_at for event in plan.events.order_by("pgh_id")] == [
        timedelta(0), timedelta(hours=1), timedelta(0),
    ]  # fmt: skip
