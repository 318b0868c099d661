"""What patients are told about a change: one message each, after a hold in which taking it back is silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import time_machine
from django.db import transaction

from notifications.actions import delivery, messages, sweeps
from notifications.engine import news
from notifications.engine.news import Turn
from notifications.engine.states import Reason, State, Step
from notifications.models import Message
from scheduler.actions import appointments, lines, undoing
from scheduler.actions.appointments import Booking, Take
from scheduler.models import Appointment, ChangeLine, ChangeSet
from scheduler.models.change_set import Verb
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import ChairFactory, ChangeSetFactory
from tests.notifications.booking import mails

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 14, tzinfo=UTC)  # 10:00 in New York
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
HOUR, DAY, HOLD = timedelta(hours=1), timedelta(days=1), timedelta(minutes=3)


class Desk:
    """A front desk that books, moves and cancels, on a clock that is told."""

    def __init__(self, site, by, service, sink) -> None:
        self.site, self.by, self.service, self.sink = site, by, service, sink
        self.chair = ChairFactory(site=site)

    def _at(self, now: datetime):
        return time_machine.travel(now, tick=False)

    def place(self, at: datetime) -> Booking:
        return Booking(at, at + HOUR, "Infusion", (Take(self.chair, "chair", at, at + HOUR),))

    def book(self, patient, *starts: datetime, now: datetime = MONDAY):
        with self._at(now):
            places = [self.place(at) for at in starts]
            return appointments.book(site=self.site, patient=patient, bookings=places, by=self.by, now=now)

    def move(self, visit: Appointment, to: datetime, *, now: datetime) -> ChangeSet:
        with self._at(now):
            return appointments.move(appointment=visit, to=self.place(to), by=self.by, now=now, version=None).change_set

    def cancel(self, *visits: Appointment, now: datetime) -> ChangeSet:
        with self._at(now):
            return appointments.cancel(appointments=visits, by=self.by, now=now, reason="asked to").change_set

    def undo(self, change_set: ChangeSet, *, now: datetime) -> ChangeSet:
        with self._at(now):
            return undoing.restore(change_set=change_set, by=self.by, now=now).change_set

    def sent(self, now: datetime) -> list[EmailMessage]:
        """What goes out until ``now``."""
        before = len(self.sink.caught())
        delivery.deliver_due(by=self.service, clock=lambda: now)
        return mails(self.sink.caught()[before:])


@pytest.fixture
def desk(site, flora, service, sink) -> Iterator[Desk]:
    return Desk(site, flora, service, sink)


@pytest.fixture
def told(desk, patient) -> list[Appointment]:
    """Three visits the patient was told about."""
    made = desk.book(patient, FRIDAY, FRIDAY + 3 * DAY, FRIDAY + 7 * DAY)
    assert len(desk.sent(MONDAY + HOLD)) == 1
    return list(made.appointments)


def news_of(patient) -> list[tuple]:
    rows = Message.objects.filter(patient=patient, appointment=None, week_on=None).exclude(state=State.ACCEPTED)
    return sorted(rows.values_list("step", "state", "reason"))


def calendars(mail: EmailMessage) -> dict[str, str]:
    parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    return {part.get_param("method"): part.get_content() for part in parts}


def test_a_move_is_told_once_with_a_calendar_file_of_a_higher_sequence(desk, patient, told) -> None:
    first = told[0]
    desk.move(first, FRIDAY - DAY, now=MONDAY + HOUR)
    assert desk.sent(MONDAY + HOUR + timedelta(minutes=2)) == []
    (mail,) = desk.sent(MONDAY + HOUR + HOLD)
    assert mail["Subject"] == "A change to your appointments"
    text = mail.get_body(("plain",)).get_content()
    assert "Thursday 14 May" in text
    assert "Monday 18 May" not in text, "what did not change is not told"
    first.refresh_from_db()
    (calendar,) = calendars(mail).values()
    assert "METHOD:REQUEST" in calendar
    assert f"SEQUENCE:{first.version}" in calendar
    assert first.version > told[1].version
    assert desk.sent(MONDAY + 2 * HOUR) == []


def test_a_cancellation_takes_the_visits_out_of_the_calendar(desk, patient, told) -> None:
    desk.cancel(told[0], told[1], now=MONDAY + HOUR)
    (mail,) = desk.sent(MONDAY + HOUR + HOLD)
    text = mail.get_body(("plain",)).get_content()
    assert "These visits with" in text
    assert ("Friday 15 May" in text, "Monday 18 May" in text, "Friday 22 May" in text) == (True, True, False)
    assert set(calendars(mail)) == {"CANCEL"}
    assert calendars(mail)["CANCEL"].count("STATUS:CANCELLED") == 2


def test_undoing_within_the_hold_is_silent_for_both(desk, patient, told) -> None:
    moved = desk.move(told[0], FRIDAY - DAY, now=MONDAY + HOUR)
    undone = desk.undo(moved, now=MONDAY + HOUR + timedelta(minutes=2))
    assert desk.sent(MONDAY + 3 * HOUR) == []
    assert news_of(patient) == [("changed", State.WITHDRAWN, Reason.TAKEN_BACK)] * 2
    assert not sweeps.repair(now=MONDAY + 3 * HOUR)
    assert undone.messages.count() == 1


def test_undoing_after_the_hold_is_told_as_a_change_of_its_own(desk, patient, told) -> None:
    moved = desk.move(told[0], FRIDAY - DAY, now=MONDAY + HOUR)
    assert len(desk.sent(MONDAY + HOUR + HOLD)) == 1
    desk.undo(moved, now=MONDAY + 2 * HOUR)
    (mail,) = desk.sent(MONDAY + 2 * HOUR + HOLD)
    assert "Friday 15 May" in mail.get_body(("plain",)).get_content()


def test_a_booking_that_is_taken_back_is_never_mentioned(desk, patient) -> None:
    made = desk.book(patient, FRIDAY)
    desk.undo(made.change_set, now=MONDAY + timedelta(minutes=1))
    assert desk.sent(MONDAY + DAY) == []
    assert news_of(patient) == [("plan", State.WITHDRAWN, Reason.TAKEN_BACK)] * 2


def test_changes_within_the_hold_are_told_together(desk, patient, told) -> None:
    desk.move(told[0], FRIDAY - DAY, now=MONDAY + HOUR)
    desk.cancel(told[1], now=MONDAY + HOUR + timedelta(minutes=2))
    assert desk.sent(MONDAY + HOUR + HOLD) == [], "the later one waits for its own hold"
    (mail,) = desk.sent(MONDAY + HOUR + timedelta(minutes=5))
    text = mail.get_body(("plain",)).get_content()
    assert text.index("Thursday 14 May") < text.index("Cancelled") < text.index("Monday 18 May")
    assert set(calendars(mail)) == {"REQUEST", "CANCEL"}
    assert news_of(patient) == [("changed", State.WITHDRAWN, Reason.MERGED)]


def test_a_visit_moved_before_its_plan_was_told_is_told_as_planned(desk, patient) -> None:
    made = desk.book(patient, FRIDAY, FRIDAY + 3 * DAY)
    desk.move(made.appointments[0], FRIDAY - DAY, now=MONDAY + timedelta(minutes=1))
    (mail,) = desk.sent(MONDAY + timedelta(minutes=4))
    assert mail["Subject"] == "Your appointments from Thursday 14 May"
    assert "Monday 18 May" in mail.get_body(("plain",)).get_content()


def test_moving_there_and_back_is_silent(desk, patient, told) -> None:
    desk.move(told[0], FRIDAY - DAY, now=MONDAY + HOUR)
    desk.move(told[0], FRIDAY, now=MONDAY + HOUR + timedelta(minutes=1))
    assert desk.sent(MONDAY + 3 * HOUR) == []


def test_the_patient_hears_only_of_own_visits(desk, patient, told, site) -> None:
    other = PatientFactory(site=site)
    (visit,) = desk.book(other, FRIDAY + 6 * DAY).appointments
    desk.sent(MONDAY + HOLD)
    desk.cancel(visit, now=MONDAY + HOUR)
    (mail,) = desk.sent(MONDAY + HOUR + HOLD)
    assert mail["To"] == other.email


def test_what_is_over_is_not_told(desk, patient, told) -> None:
    with time_machine.travel(FRIDAY + 2 * HOUR, tick=False):
        first = Appointment.objects.get(pk=told[0].pk)
        appointments.set_status(appointment=first, status="missed", by=desk.by, now=FRIDAY + 2 * HOUR, version=None)
    assert not Message.objects.filter(step__in=[Step.CHANGED, Step.CANCELLED]).exists()


def test_a_change_that_is_rolled_back_leaves_nothing(desk, patient, told) -> None:
    before = set(Message.objects.values_list("pk", "state"))
    with transaction.atomic():
        desk.cancel(told[0], now=MONDAY + HOUR)
        assert Message.objects.filter(step=Step.CANCELLED).count() == 1
        transaction.set_rollback(True)
    assert set(Message.objects.values_list("pk", "state")) == before


def test_a_lost_row_is_written_again_by_the_sweep(desk, patient, told) -> None:
    desk.cancel(told[0], now=MONDAY + HOUR)
    Message.objects.filter(step=Step.CANCELLED).delete()
    assert sweeps.repair(now=MONDAY + 2 * HOUR).written == 1
    assert not sweeps.repair(now=MONDAY + 2 * HOUR)
    assert len(desk.sent(MONDAY + 2 * HOUR + HOLD)) == 1


def test_a_row_lost_on_one_of_two_channels_is_written_again(desk, patient, told, settings) -> None:
    settings.TEXTS_OVER = "sms"
    sweeps.repair(now=MONDAY + HOUR)  # the reminders by text
    desk.cancel(told[0], now=MONDAY + HOUR)
    lost = Message.objects.filter(step=Step.CANCELLED, channel="sms")
    assert not sweeps.repair(now=MONDAY + HOUR)
    assert lost.delete()[0]
    assert sweeps.repair(now=MONDAY + HOUR + HOLD / 3).written == 1
    assert lost.get().state == State.SCHEDULED
    lost.delete()
    assert not sweeps.repair(now=MONDAY + 2 * HOUR), "as for who agreed to texts since"


def test_one_bad_change_stops_no_other_and_what_nobody_need_hear_is_looked_at_once(
    desk, patient, told, monkeypatch
) -> None:
    bad, good = (desk.cancel(visit, now=MONDAY + HOUR) for visit in told[:2])
    Message.objects.filter(step=Step.CANCELLED).delete()
    with time_machine.travel(MONDAY + HOUR, tick=False):
        silent = ChangeSetFactory(verb=Verb.MOVE, site=patient.site, patient=patient)
    state = lines.state(told[2], ())
    ChangeLine.objects.create(change_set=silent, appointment=told[2], before=state, after=state)
    real, looked = messages.reconcile, []

    def reconcile(*, change_set=None, **given) -> messages.Reconciled:
        looked.append(change_set)
        if change_set == bad:
            raise LookupError
        return real(change_set=change_set, **given)

    monkeypatch.setattr(messages, "reconcile", reconcile)
    for _ in range(2):
        sweeps.repair(now=MONDAY + 2 * HOUR)
    assert good.messages.exists()
    assert (looked.count(bad), looked.count(good), looked.count(silent)) == (2, 1, 1)


def test_writing_again_changes_nothing(desk, patient, told) -> None:
    change_set = desk.cancel(told[0], now=MONDAY + HOUR)
    for later in (timedelta(minutes=1), HOUR):
        again = messages.reconcile(appointments=told, change_set=change_set, now=MONDAY + HOUR + later)
        assert not again
        desk.sent(MONDAY + HOUR + HOLD)


def test_a_change_at_night_waits_for_the_morning_unless_that_is_too_late(desk, patient, told) -> None:
    evening = FRIDAY - timedelta(hours=15)  # 23:00 in New York; the visit begins at 14:00
    desk.move(told[0], FRIDAY + timedelta(hours=1), now=evening)
    assert Message.objects.get(step=Step.CHANGED, channel="email").heeds_quiet_hours
    assert desk.sent(evening + HOLD) == []


def test_visits_that_are_added_at_night_are_told_in_the_morning(desk, patient) -> None:
    """A course goes on by itself at night; only what the patient just asked for is answered at any hour."""
    night = FRIDAY - 7 * DAY - timedelta(hours=13)  # 1:00
    made = desk.book(patient, FRIDAY, now=night)
    assert not Message.objects.get(step=Step.PLAN).heeds_quiet_hours
    Message.objects.all().delete()
    ChangeSet.objects.update(verb=Verb.EXTEND)
    change_set = ChangeSet.objects.get()
    messages.reconcile(appointments=made.appointments, change_set=change_set, now=night)
    assert Message.objects.get(step=Step.PLAN).heeds_quiet_hours
    assert desk.sent(night + HOUR) == []
    assert len(desk.sent(night + timedelta(hours=8))) == 1


def test_a_change_at_night_that_cannot_wait_goes_out_at_night(desk, patient) -> None:
    (early,) = desk.book(patient, FRIDAY - timedelta(hours=6)).appointments  # 8:00
    desk.sent(MONDAY + HOLD)
    evening = FRIDAY - timedelta(hours=15)
    desk.cancel(early, now=evening)
    assert not Message.objects.get(step=Step.CANCELLED, channel="email").heeds_quiet_hours
    mailed = [mail["Subject"] for mail in desk.sent(evening + HOLD)]
    assert mailed == ["A change to your appointments"]


@pytest.mark.parametrize(
    ("turns", "step"),
    [
        ([Turn(None, FRIDAY), Turn(None, FRIDAY)], Step.PLAN),
        ([Turn(FRIDAY, None)], Step.CANCELLED),
        ([Turn(FRIDAY, FRIDAY - DAY)], Step.CHANGED),
        ([Turn(None, FRIDAY), Turn(FRIDAY, None)], Step.CHANGED),
    ],
)
def test_what_it_is_told_as(turns: list[Turn], step: Step) -> None:
    assert news.step(turns) is step
