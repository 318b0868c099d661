"""A change that commits while the message before it is in a dispatcher's hands: each content reaches the patient once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import delivery, outcomes, overtakings, requests
from notifications.actions.requests import Delivered
from notifications.channels import NotSent
from notifications.engine.states import Outcome, Reason, State, Step
from notifications.models import Message
from tests.notifications.booking import book, cancel, move
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Recording(FakeSender):
    """Keeps what each request said: the step, and when each visit begins."""

    def __init__(self, refuse: int = 0) -> None:
        super().__init__()
        self.refuse = refuse
        self.said: list[tuple[str, tuple[str, ...]]] = []

    def compose(self, message, visits):
        return message.step, tuple(f"{visit.starts_at:%d}{'x' * (visit.status == 'cancelled')}" for visit in visits)

    def send(self, composed, key):
        if self.refuse:
            self.refuse -= 1
            raise NotSent(Outcome.REJECTED_RETRYABLE, "busy")
        self.said.append(composed)
        return super().send(composed, key)


@pytest.fixture
def sender():
    return Recording()


def deliver(service, sender, at: datetime) -> None:
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)


def claimed(at: datetime) -> list[Message]:
    """What a dispatcher takes that then does not get to it."""
    return delivery.claim(clock=lambda: at, batch=50, done=Delivered())


def change_while_claimed(patient, change, service, sender) -> None:
    """The plan is taken, a change commits, the plan is given back; and everything goes on until the evening."""
    [visit, _] = book(patient, FRIDAY, FRIDAY + 3 * DAY, now=NOW)
    taken = claimed(NOW + 3 * MINUTE)
    change(visit)
    outcomes.give_back(messages=taken, now=NOW + 4 * MINUTE)
    for minutes in range(4, 40, 2):
        deliver(service, sender, NOW + minutes * MINUTE)


def test_what_was_given_back_is_told_with_the_change(patient, service, sender) -> None:
    change_while_claimed(patient, lambda visit: move(visit, FRIDAY + DAY, now=NOW + 4 * MINUTE), service, sender)
    assert sender.said == [(Step.PLAN, ("16", "18"))], "all of it is new to the patient"


def test_a_cancellation_of_what_was_never_told_is_left_out(patient, service, sender) -> None:
    change_while_claimed(patient, lambda visit: cancel(visit, now=NOW + 4 * MINUTE), service, sender)
    assert sender.said == [(Step.PLAN, ("18",))]


def test_there_and_back_is_told_once(patient, service, sender) -> None:
    def there_and_back(visit) -> None:
        move(visit, FRIDAY + DAY, now=NOW + 4 * MINUTE)
        move(visit, FRIDAY, now=NOW + 4 * MINUTE)

    change_while_claimed(patient, there_and_back, service, sender)
    assert sender.said == [(Step.PLAN, ("15", "18"))]


def test_control_without_the_look_one_content_is_told_twice(patient, service, sender, monkeypatch) -> None:
    monkeypatch.setattr(overtakings, "look", lambda held: overtakings.Looked(going=list(held)))
    change_while_claimed(patient, lambda visit: move(visit, FRIDAY + DAY, now=NOW + 4 * MINUTE), service, sender)
    told = [day for _, days in sender.said for day in days]
    assert told.count("16") == 2


def test_what_is_refused_while_the_change_is_told_speaks_of_the_rest(patient, service, sender) -> None:
    """The plan is refused for now; the change is told meanwhile. What is left of the plan is the other visit."""
    [visit, _] = book(patient, FRIDAY, FRIDAY + 3 * DAY, now=NOW)
    sender.refuse = 1
    taken = claimed(NOW + 3 * MINUTE)
    done, line = Delivered(), requests.Line(sender)
    begun = requests.begin(taken, sender, clock=lambda: NOW + 3 * MINUTE, done=done)
    move(visit, FRIDAY + DAY, now=NOW + 4 * MINUTE)
    Message.objects.filter(step=Step.CHANGED).update(due_at=NOW + 4 * MINUTE, next_try_at=NOW + 4 * MINUTE)
    deliver(service, Recording(), NOW + 4 * MINUTE)
    assert Message.objects.get(step=Step.CHANGED).state == State.ACCEPTED
    assert line.group == 1
    outcomes.record(
        [outcomes.Ended(each.message, each.attempt, Outcome.REJECTED_RETRYABLE) for each in begun], now=NOW + 5 * MINUTE
    )
    sender.refuse = 0
    deliver(service, sender, NOW + 30 * MINUTE)
    assert sender.said == [(Step.PLAN, ("18",))]


def test_all_of_it_told_meanwhile_is_withdrawn_and_says_why(patient, service, sender) -> None:
    [visit] = book(patient, FRIDAY, now=NOW)
    taken = claimed(NOW + 3 * MINUTE)
    move(visit, FRIDAY + DAY, now=NOW + 4 * MINUTE)
    deliver(service, sender, NOW + 7 * MINUTE)
    outcomes.give_back(messages=taken, now=NOW + 8 * MINUTE)
    deliver(service, sender, NOW + 8 * MINUTE)
    assert sender.said == [(Step.CHANGED, ("16",))]
    plan = Message.objects.get(step=Step.PLAN)
    assert (plan.state, plan.reason) == (State.WITHDRAWN, Reason.MERGED)


def test_what_may_have_arrived_is_not_merged_with_a_cancellation(patient, service, sender) -> None:
    """Merged with it, both would cancel out, and who got the plan after all would come in vain."""
    [visit] = book(patient, FRIDAY, now=NOW)
    [plan] = claimed(NOW + 3 * MINUTE)
    [begun] = requests.begin([plan], sender, clock=lambda: NOW + 3 * MINUTE, done=Delivered())
    cancel(visit, now=NOW + 3 * MINUTE)
    outcomes.record([outcomes.Ended(plan, begun.attempt, Outcome.UNKNOWN)], now=NOW + 3 * MINUTE)
    for minutes in range(4, 20):
        deliver(service, sender, NOW + minutes * MINUTE)
    assert sender.said == [(Step.CANCELLED, ("15x",))]
