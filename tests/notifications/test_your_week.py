"""A week with several visits is told in one message; what it says is not said again, and no visit is left unannounced."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from core import clock
from notifications.actions import consents, delivery, escalations, messages, pauses, sweeps
from notifications.channels.email import letter
from notifications.engine import budget, ladder, quiet_hours
from notifications.engine.budget import Ahead, Allowance
from notifications.engine.states import Channel, Reason, State, Step
from notifications.models import DeskTask, Message
from notifications.models.consent import Source
from notifications.queries import budgets, verdicts, weeks
from notifications.queries.messages import next_due_at
from tests.notifications.booking import book, cancel, move, send
from tests.notifications.fake_sender import FakeSender
from tests.notifications.test_budget import ALLOWANCES, BETWEEN, STARTS, ZONES, most

BOOKED = datetime(2026, 5, 4, 12, tzinfo=UTC)
TUESDAY = datetime(2026, 5, 19, 14, tzinfo=UTC)  # 10:00 in New York
THURSDAY = TUESDAY + timedelta(days=2)
FRIDAY_BEFORE = datetime(2026, 5, 15, 21, tzinfo=UTC)  # 17:00 in New York
DAY = timedelta(days=1)


class Told(FakeSender):
    """Keeps which step was told about which visits, and when."""

    def compose(self, message, visits):
        return message.step, message.channel, [visit.starts_at for visit in visits]

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, list[datetime]]] = []

    def send(self, composed, key):
        self.told.append(composed)
        return super().send(composed, key)


def live(service, until: datetime, since: datetime = BOOKED) -> list[tuple[str, str, list[datetime]]]:
    """Everything that is told from then on, by a dispatcher and a sweep that look whenever something is due."""
    sender, at = Told(), since
    while at <= until:
        delivery.deliver_due(by=service, clock=lambda at=at: at, open_sender=lambda _: sender)
        sweeps.repair(now=at)
        at = max(next_due_at() or until, at + timedelta(minutes=30))
    return sender.told


def week() -> Message:
    return Message.objects.get(step=Step.YOUR_WEEK, copy=0)


@pytest.mark.django_db
def test_two_visits_in_a_week_are_told_once_on_friday(patient, service) -> None:
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    assert (week().due_at, week().channel, week().not_after) == (FRIDAY_BEFORE, "email", TUESDAY)
    told = live(service, THURSDAY, since=FRIDAY_BEFORE - DAY)
    assert [step for step, _, _ in told].count(Step.THREE_DAYS) == 0
    assert (Step.YOUR_WEEK, "email", [TUESDAY, THURSDAY]) in told
    assert [at for step, _, [at] in (each for each in told if each[0] == Step.ONE_DAY)] == [TUESDAY, THURSDAY]
    reasons = set(Message.objects.filter(step=Step.THREE_DAYS).values_list("state", "reason"))
    assert reasons == {(State.WITHDRAWN, Reason.WEEK)}
    assert not sweeps.repair(now=FRIDAY_BEFORE + DAY)


@pytest.mark.django_db
def test_one_visit_in_a_week_has_its_own_message(patient, service) -> None:
    book(patient, TUESDAY, TUESDAY + 7 * DAY, now=BOOKED)
    assert not Message.objects.filter(step=Step.YOUR_WEEK).exists()
    assert [step for step, _, _ in live(service, TUESDAY, since=TUESDAY - 4 * DAY)].count(Step.THREE_DAYS) == 1


@pytest.mark.django_db
def test_a_monday_waits_for_friday_afternoon(patient, service) -> None:
    """Three days before Monday is Friday at 10:00, and the week is told at 17:00 of that day."""
    monday = TUESDAY - DAY
    book(patient, monday, THURSDAY, now=BOOKED)
    morning = live(service, FRIDAY_BEFORE - timedelta(hours=1), since=FRIDAY_BEFORE - 9 * timedelta(hours=1))
    assert [step for step, _, _ in morning if step == Step.THREE_DAYS] == []
    evening = live(service, FRIDAY_BEFORE + timedelta(hours=1), since=FRIDAY_BEFORE)
    assert [step for step, _, _ in evening] == [Step.YOUR_WEEK]


@pytest.mark.django_db
def test_what_is_not_said_in_the_week_is_said_three_days_before(patient, service, mona) -> None:
    """The message about the week fails to go out: each visit is asked about by itself."""
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    pauses.pause(by=mona, now=BOOKED, step=Step.YOUR_WEEK)
    told = live(service, THURSDAY, since=FRIDAY_BEFORE - DAY)
    assert [step for step, _, _ in told].count(Step.YOUR_WEEK) == 0
    asked = [at for step, _, [at] in (each for each in told if each[0] == Step.THREE_DAYS)]
    assert asked == [TUESDAY, THURSDAY]


@pytest.mark.django_db
def test_a_visit_that_is_moved_after_friday_is_asked_about_again(patient, service) -> None:
    _, second = book(patient, TUESDAY, THURSDAY, now=BOOKED)
    live(service, FRIDAY_BEFORE, since=FRIDAY_BEFORE)
    move(second, THURSDAY + DAY, now=FRIDAY_BEFORE + DAY)
    told = live(service, THURSDAY, since=FRIDAY_BEFORE + DAY)
    assert [ats for step, _, ats in told if step == Step.THREE_DAYS] == [[THURSDAY + DAY]]


@pytest.mark.django_db
def test_the_message_follows_the_week(patient, service) -> None:
    first, second = book(patient, TUESDAY, THURSDAY, now=BOOKED)
    book(patient, THURSDAY + DAY, now=BOOKED + timedelta(hours=1))
    assert week().visits.count() == 3
    cancel(first, now=BOOKED + timedelta(hours=2))
    move(second, THURSDAY + 7 * DAY, now=BOOKED + timedelta(hours=3))
    assert not sweeps.repair(now=BOOKED + timedelta(hours=4), afresh=True)
    told = live(service, FRIDAY_BEFORE, since=FRIDAY_BEFORE)
    assert [ats for step, _, ats in told if step == Step.YOUR_WEEK] == [[THURSDAY + DAY]]


@pytest.mark.django_db
def test_all_cancelled_nothing_is_said(patient, service) -> None:
    for visit in book(patient, TUESDAY, THURSDAY, now=BOOKED):
        cancel(visit, now=BOOKED + timedelta(hours=1))
    live(service, FRIDAY_BEFORE, since=FRIDAY_BEFORE)
    assert (week().state, week().reason) == (State.WITHDRAWN, Reason.CANCELLED)


@pytest.mark.django_db
def test_a_week_nobody_answered_goes_to_the_desk(patient, service) -> None:
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    live(service, FRIDAY_BEFORE, since=FRIDAY_BEFORE)
    assert escalations.escalate(now=TUESDAY - DAY) == 1
    assert DeskTask.objects.get().matter == "unconfirmed"


@pytest.mark.django_db
def test_by_text_only_where_there_is_no_mail_and_only_with_consent(patient, service, settings) -> None:
    settings.TEXTS_OVER = "sms"
    patient.may_text, patient.may_email, patient.phone = True, False, "+12125550177"
    patient.save()
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    assert week().channel == Channel.SMS
    consents.record(
        patient=patient, channel=Channel.SMS, given=False, source=Source.SMS, by=service, now=FRIDAY_BEFORE - DAY
    )
    live(service, FRIDAY_BEFORE, since=FRIDAY_BEFORE)
    assert week().reason in {Reason.NO_CONSENT, Reason.OPTED_OUT}


@pytest.mark.django_db
def test_it_can_be_switched_off(patient) -> None:
    send(your_week_at=None)
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    assert not Message.objects.filter(step=Step.YOUR_WEEK).exists()


@pytest.mark.django_db
def test_switched_off_what_staff_send_by_hand_stays(patient, flora) -> None:
    visits = book(patient, TUESDAY, THURSDAY, now=BOOKED)
    off = replace(ladder.STANDARD, your_week_at=None)
    assert weeks.unwanted(visits, policy=off) == [week()]
    messages.send_now(message=week(), by=flora, now=BOOKED)
    assert weeks.unwanted(visits, policy=off) == []


@pytest.mark.django_db
def test_a_pause_of_the_site_holds_it_back(patient, service, mona) -> None:
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    pauses.pause(by=mona, now=BOOKED, site=patient.site)
    assert live(service, FRIDAY_BEFORE, since=FRIDAY_BEFORE) == []


@pytest.mark.django_db
def test_control_without_the_look_a_visit_is_told_twice(patient, service, monkeypatch) -> None:
    monkeypatch.setattr(weeks, "said", lambda *_, **__: {})
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    told = live(service, THURSDAY, since=FRIDAY_BEFORE - DAY)
    assert [step for step, _, _ in told].count(Step.THREE_DAYS) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("visits", [1, 3, 30])
def test_the_look_costs_the_same_with_more_messages(patient, visits, django_assert_num_queries) -> None:
    book(patient, *[TUESDAY + DAY * number for number in range(visits)], now=BOOKED)
    rows = list(Message.objects.filter(step=Step.THREE_DAYS).select_related("appointment"))
    with django_assert_num_queries(1):
        weeks.said(rows, now=FRIDAY_BEFORE)


@pytest.mark.django_db
def test_the_mail_lists_the_week_and_carries_its_calendar(patient) -> None:
    book(patient, TUESDAY, THURSDAY, now=BOOKED)
    row = Message.objects.select_related("patient__site").get(step=Step.YOUR_WEEK)
    mail = letter.compose(row, verdicts.about(row))
    assert mail.subject == "Your appointments from Tuesday 19 May"
    assert mail.body.index("Tuesday 19 May") < mail.body.index("Thursday 21 May")
    assert len(mail.attachments) == 1


# --- any course, any zone -----------------------------------------------------------------------------------


class Said(NamedTuple):
    """One text that went out."""

    step: Step
    at: datetime
    visits: tuple[datetime, ...]


class Waits(NamedTuple):
    """One text that waits until ``at``."""

    at: datetime
    step: Step
    not_after: datetime
    visits: tuple[datetime, ...]


def planned(starts: list[datetime], zone: str, booked_at: datetime) -> list[Waits]:
    """Everything a patient with these visits would be texted."""
    by_week: dict = {}
    for at in starts:
        by_week.setdefault(ladder.week_of(at, zone), []).append(at)
    full = {ladder.your_week(on, zone): visits for on, visits in by_week.items() if len(visits) >= ladder.FULL_WEEK}
    singly = {at: ladder.still_to_come(starts_at=at, zone=zone, now=booked_at, booked_at=booked_at) for at in starts}
    return [
        Waits(booked_at, Step.PLAN, max(starts), tuple(starts)),
        *[Waits(due, Step.YOUR_WEEK, min(visits), tuple(visits)) for due, visits in full.items() if due > booked_at],
        *[Waits(each.due_at, each.step, each.not_after, (at,)) for at, steps in singly.items() for each in steps],
    ]


def beside_its_week(each: Waits, said: list[Said], queue: list[Waits]) -> datetime | None:
    """When a text of 3 days before is looked at again because of its week; None: never, as the week was told."""
    if any(done.step is Step.YOUR_WEEK and each.visits[0] in done.visits for done in said):
        return None
    for other in queue:
        later = other.at + ladder.AFTER_WEEK
        if other.step is Step.YOUR_WEEK and each.visits[0] in other.visits and each.at < later < each.not_after:
            return later
    return each.at


def simulate(starts: list[datetime], zone: str, booked_at: datetime, allowance: Allowance) -> list[Said]:
    """What a patient who is told by text alone hears: the rules, without the database."""
    queue, said = planned(starts, zone, booked_at), []
    while queue:
        queue.sort()
        each = queue.pop(0)
        allowed = beside_its_week(each, said, queue) if each.step is Step.THREE_DAYS else each.at
        if allowed == each.at:
            allowed = quiet_hours.next_allowed(each.at, zone)
        if allowed == each.at:
            ahead = [Ahead(other.step, other.at) for other in queue if other.at < each.at + budgets.LOOK]
            allowed = budget.next_allowed(
                each.step, at=each.at, not_after=each.not_after, zone=zone,
                sent=[done.at for done in said], ahead=ahead, allowance=allowance,
            )  # fmt: skip
        if allowed is None or allowed >= each.not_after:
            continue
        if allowed == each.at:
            said.append(Said(each.step, each.at, each.visits))
        else:
            queue.append(each._replace(at=allowed))
    return said


def hold(start: datetime, hours: list[int], zone: str, allowance: Allowance) -> None:
    starts = sorted({start + timedelta(hours=sum(hours[:number])) for number in range(len(hours) + 1)})
    said = simulate(starts, zone, start - timedelta(days=12), allowance)
    days = [clock.local(done.at, zone).date() for done in said]
    assert most(days, 1) <= allowance.per_day
    assert most(days, 7) <= allowance.per_week
    assert not [done for done in said if quiet_hours.is_quiet(done.at, zone)]
    for at in starts:
        about = [done.step for done in said if at in done.visits]
        assert about, "no visit is left unannounced"
        assert sum(step in {Step.YOUR_WEEK, Step.THREE_DAYS} for step in about) <= 1, "asked about once"


@settings(max_examples=1_000, deadline=None)
@given(STARTS, BETWEEN, ZONES, ALLOWANCES)
def test_no_course_is_told_too_much_or_left_unannounced(
    start: datetime, hours: list[int], zone: str, allowance: Allowance
) -> None:
    hold(start, hours, zone, allowance)
