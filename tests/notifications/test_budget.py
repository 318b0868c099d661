"""Never more texts than a patient is to get, in any zone and across changes of clocks; the more important ones first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import clock
from notifications.actions import delivery, messages
from notifications.engine import budget, ladder, quiet_hours
from notifications.engine.budget import Ahead, Allowance
from notifications.engine.states import Reason, State, Step
from notifications.models import Message
from notifications.queries import budgets
from tests.notifications.booking import book, cancel
from tests.notifications.fake_sender import FakeSender

ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))
BETWEEN = st.lists(st.integers(min_value=1, max_value=24 * 12), min_size=0, max_size=7)
ALLOWANCES = st.builds(Allowance, per_day=st.integers(1, 3), per_week=st.integers(1, 6))

Rule = Callable[..., datetime | None]


def texts_of(starts: list[datetime], zone: str, booked_at: datetime) -> list[ladder.Planned]:
    """Everything a patient with these visits would be texted, by due time."""
    found = [ladder.Planned(Step.PLAN, booked_at, max(starts))]
    for at in starts:
        found += ladder.still_to_come(starts_at=at, zone=zone, now=booked_at, booked_at=booked_at)
    return sorted(found, key=lambda each: each.due_at)


def dispatch(
    waiting: list[ladder.Planned], zone: str, allowance: Allowance, rule: Rule = budget.next_allowed
) -> tuple[list[tuple[Step, datetime]], list[Step]]:
    """What goes out and what is dropped, as dispatchers do it that are always there: in order of time."""
    sent: list[tuple[Step, datetime]] = []
    dropped: list[Step] = []
    queue = [(each.due_at, number, each) for number, each in enumerate(waiting)]
    while queue:
        queue.sort()
        now, number, each = queue.pop(0)
        allowed = quiet_hours.next_allowed(now, zone)
        if allowed == now:
            ahead = [Ahead(other.step, at) for at, _, other in queue if at < now + budgets.LOOK]
            allowed = rule(
                each.step, at=now, not_after=each.not_after, zone=zone,
                sent=[at for _, at in sent], ahead=ahead, allowance=allowance,
            )  # fmt: skip
        if allowed is None or allowed >= each.not_after:
            dropped.append(each.step)
        elif allowed == now:
            sent.append((each.step, now))
        else:
            assert allowed > now, "every delay has an end"
            queue.append((allowed, number, each))
    return sent, dropped


def most(days: list[date], length: int) -> int:
    return max(sum(first <= day < first + timedelta(days=length) for day in days) for first in days)


def hold(start: datetime, hours: list[int], zone: str, allowance: Allowance, rule: Rule = budget.next_allowed) -> None:
    starts = [start]
    for each in hours:
        starts.append(starts[-1] + timedelta(hours=each))
    waiting = texts_of(starts, zone, start - timedelta(days=4))
    sent, dropped = dispatch(waiting, zone, allowance, rule)
    assert len(sent) + len(dropped) == len(waiting), "nothing is forgotten"
    assert not [at for _, at in sent if quiet_hours.is_quiet(at, zone)]
    days = [clock.local(at, zone).date() for _, at in sent]
    if days:
        assert most(days, 1) <= allowance.per_day
        assert most(days, 7) <= allowance.per_week


@settings(max_examples=2_000, deadline=None)
@given(STARTS, BETWEEN, ZONES, ALLOWANCES)
def test_for_any_course_and_zone(start: datetime, hours: list[int], zone: str, allowance: Allowance) -> None:
    hold(start, hours, zone, allowance)


@pytest.mark.soak
@settings(max_examples=50_000, deadline=None)
@given(STARTS, BETWEEN, ZONES, ALLOWANCES)
def test_for_very_many_courses_and_zones(start: datetime, hours: list[int], zone: str, allowance: Allowance) -> None:
    hold(start, hours, zone, allowance)


def test_control_without_the_budget_a_course_is_too_much() -> None:
    def anything(_step: Step, *, at: datetime, **_: object) -> datetime:
        return at

    with pytest.raises(AssertionError):
        hold(datetime(2026, 5, 11, 14, tzinfo=UTC), [48, 48], "America/New_York", Allowance(1, 3), anything)


def test_three_visits_a_week_are_each_announced_the_day_before() -> None:
    monday = datetime(2026, 5, 11, 14, tzinfo=UTC)
    starts = [monday + timedelta(days=k) for k in (0, 2, 4, 7, 9, 11)]
    sent, _ = dispatch(
        texts_of(starts, "America/New_York", monday - timedelta(days=9)), "America/New_York", Allowance(1, 3)
    )
    assert [step for step, _ in sent].count(Step.ONE_DAY) == len(starts)


MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def texted(patient, settings):
    """A patient who is told by text alone."""
    settings.TEXTS_OVER = "sms"
    patient.may_text, patient.may_email, patient.phone = True, False, "+12125550177"
    patient.save()
    return patient


def deliver(service, at: datetime) -> list[Message]:
    sender = FakeSender()
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    return sender.sent


def states(step: Step) -> set[tuple[str, str]]:
    return set(Message.objects.filter(step=step, channel="sms").values_list("state", "reason"))


@pytest.mark.django_db
def test_the_second_text_of_a_day_waits_for_the_next(texted, service) -> None:
    book(texted, FRIDAY, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    book(texted, FRIDAY + 3 * DAY, now=MONDAY + timedelta(hours=2))
    deliver(service, MONDAY + timedelta(hours=3))
    second = Message.objects.filter(step=Step.PLAN, channel="sms").latest("due_at")
    assert (second.state, second.next_try_at) == (State.SCHEDULED, MONDAY + DAY), "8:00 the next morning"
    deliver(service, MONDAY + DAY)
    assert states(Step.PLAN) == {(State.ACCEPTED, "")}


@pytest.mark.django_db
@pytest.mark.usefixtures("reminds_on_the_day")
def test_what_finds_no_room_is_stopped_and_says_why(texted, service, settings) -> None:
    settings.TEXTS_PER_WEEK = 1
    book(texted, FRIDAY, now=MONDAY)
    for at in (
        MONDAY + timedelta(minutes=3),
        FRIDAY - 3 * DAY,
        FRIDAY - DAY + timedelta(hours=3),
        FRIDAY - timedelta(hours=3),
    ):
        deliver(service, at)
    assert states(Step.ONE_DAY) == {(State.ACCEPTED, "")}, (
        "the plan was sent a week before, and this goes before the others"
    )
    assert states(Step.THREE_DAYS) == {(State.STOPPED, Reason.BUDGET)}
    assert states(Step.DAY_OF) == {(State.STOPPED, Reason.BUDGET)}


@pytest.mark.django_db
def test_a_cancellation_is_told_whatever_was_said_before(texted, service) -> None:
    first, _ = book(texted, FRIDAY, FRIDAY + 3 * DAY, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    cancel(first, now=MONDAY + timedelta(hours=1))
    deliver(service, MONDAY + timedelta(hours=2))
    assert states(Step.CANCELLED) == {(State.ACCEPTED, "")}


@pytest.mark.django_db
def test_what_staff_send_by_hand_goes_out(texted, flora, service) -> None:
    book(texted, FRIDAY, now=MONDAY)
    deliver(service, MONDAY + timedelta(minutes=3))
    reminder = Message.objects.get(step=Step.ONE_DAY, channel="sms")
    messages.send_now(message=reminder, by=flora, now=MONDAY + timedelta(hours=1))
    deliver(service, MONDAY + timedelta(hours=1))
    assert states(Step.ONE_DAY) == {(State.ACCEPTED, "")}
