"""No answer: what is done about it with a provider that knows keys, one that can be asked, and one that can neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.errors import NotAllowed
from notifications.actions import delivery, messages, requests
from notifications.channels import Accepted, NotSent
from notifications.engine import retries
from notifications.engine.states import Outcome, Reason, State, Step
from notifications.models import Attempt, Message
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book, cancel
from tests.notifications.fake_sender import AskableSender, FakeSender, KeyedSender, in_place_of_mail

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)


def silent(_key: str) -> Accepted:
    raise NotSent(Outcome.UNKNOWN, "timeout")


@pytest.fixture
def due(patient) -> datetime:
    book(patient, FRIDAY, now=MONDAY)
    Message.objects.exclude(step=Step.ONE_DAY).delete()
    return Message.objects.get().due_at


def deliver(service, sender: FakeSender, start: datetime, *, minutes: float) -> Message:
    """A dispatcher looks every ten seconds."""
    now = start
    with in_place_of_mail(type(sender)):
        while now <= start + timedelta(minutes=minutes):
            delivery.deliver_due(by=service, clock=lambda: now, open_sender=lambda _: sender)  # noqa: B023
            now += timedelta(seconds=10)
    return Message.objects.get()


def test_with_a_key_it_is_handed_over_again_under_the_same_key(due, service) -> None:
    sender = KeyedSender(answer=silent)
    deliver(service, sender, due, minutes=3)
    sender.answer = lambda _key: Accepted("200", "id-1")
    message = deliver(service, sender, due + timedelta(minutes=4), minutes=2)
    assert (message.state, message.provider_id, message.possible_duplicates) == (State.ACCEPTED, "id-1", 0)
    assert message.unknown_outcomes >= 2
    assert set(sender.sent) == {str(message.pk)}
    assert len(sender.sent) == Attempt.objects.count()


def test_with_a_key_that_may_be_forgotten_a_person_decides(due, service) -> None:
    sender = KeyedSender(answer=silent)
    deliver(service, sender, due, minutes=0)
    tried = len(sender.sent)
    message = deliver(service, sender, due + retries.KEY_HELD, minutes=5)
    assert len(sender.sent) == tried
    assert (message.state, message.next_try_at) == (State.UNCERTAIN, None)
    assert message in Message.objects.for_people()


def test_a_provider_that_can_be_asked_is_asked_and_has_it(due, service) -> None:
    sender = AskableSender(answer=silent, known=lambda _key: Accepted("found", "id-7"))
    message = deliver(service, sender, due, minutes=1)
    assert (message.state, message.provider_id, message.possible_duplicates) == (State.ACCEPTED, "id-7", 0)
    assert len(sender.sent) == 1
    assert message.settled_at is not None
    assert message.settled_at - due <= timedelta(minutes=1)


def test_a_provider_that_can_be_asked_is_asked_and_does_not_have_it(due, service) -> None:
    sender = AskableSender(answer=silent)
    deliver(service, sender, due, minutes=0)
    sender.answer = lambda _key: Accepted("200")
    message = deliver(service, sender, due, minutes=1)
    assert (message.state, message.possible_duplicates) == (State.ACCEPTED, 0)
    assert (len(sender.sent), len(sender.asked)) == (2, 1)


def test_control_not_asking_would_send_it_twice(due, service) -> None:
    """The same provider, which has the message, treated as one that cannot be asked."""
    sender = FakeSender(answer=silent, known=lambda _key: Accepted("found"))
    message = deliver(service, sender, due, minutes=2)
    assert (len(sender.sent), message.possible_duplicates) == (2, 1)


def test_a_provider_that_cannot_be_asked_now_is_asked_later(due, service) -> None:
    def away(_key: str) -> Accepted:
        raise NotSent(Outcome.REJECTED_RETRYABLE, "503")

    sender = AskableSender(answer=silent, known=away)
    message = deliver(service, sender, due, minutes=5)
    assert (message.state, len(sender.sent)) == (State.UNCERTAIN, 1)
    sender.known = lambda _key: Accepted("found")
    assert deliver(service, sender, due + timedelta(minutes=6), minutes=1).state == State.ACCEPTED


def test_holding_is_a_choice(due, service, settings) -> None:
    settings.UNANSWERED = "hold"
    sender = FakeSender(answer=silent)
    message = deliver(service, sender, due, minutes=30)
    assert (message.state, message.next_try_at, len(sender.sent)) == (State.UNCERTAIN, None, 1)
    assert message.possible_duplicates == 0


def test_what_is_uncertain_can_be_sent_again_by_hand(due, service, settings, flora) -> None:
    settings.UNANSWERED = "hold"
    sender = FakeSender(answer=silent)
    message = deliver(service, sender, due, minutes=1)
    later = due + timedelta(minutes=2)
    messages.send_now(message=message, by=flora, now=later)
    sender.answer = lambda _key: Accepted("250")
    message = deliver(service, sender, later, minutes=1)
    assert (message.state, message.possible_duplicates) == (State.ACCEPTED, 1)


def test_what_somebody_took_care_of_is_off_the_list_and_stays_as_it_is(due, service, settings, flora, nora) -> None:
    settings.UNANSWERED = "hold"
    waiting = Message.objects.get()
    with pytest.raises(messages.NotForPeople):
        messages.mark_handled(message=waiting, by=flora)
    message = deliver(service, FakeSender(answer=silent), due, minutes=1)
    with pytest.raises(NotAllowed):
        messages.mark_handled(message=message, by=nora)
    said = StringIO()
    call_command("reminders", "people", stdout=said)
    assert said.getvalue().startswith(
        f"{message.pk}  1 day before, E-mail, due 2026-05-14 20:00 UTC, May have been sent: "
    )
    call_command("reminders", "handled", str(message.pk), note="Called", stdout=said)
    assert not Message.objects.for_people().exists()
    assert messages.mark_handled(message=message, by=flora, note="Again").note == "Called"
    with pytest.raises(messages.NotWaiting):
        messages.send_now(message=message, by=flora, now=due)
    with pytest.raises(CommandError, match="no message"):
        call_command("reminders", "handled", "nonsense")


def test_a_recipient_the_provider_says_opted_out_is_left_alone(due, service) -> None:
    def blocked(_key: str) -> Accepted:
        raise NotSent(Outcome.REJECTED_PERMANENT, "21610", opted_out=True)

    sender = FakeSender(answer=blocked)
    message = deliver(service, sender, due, minutes=60)
    assert (message.state, message.reason, len(sender.sent)) == (State.STOPPED, Reason.OPTED_OUT, 1)


def test_what_is_not_begun_while_the_look_holds_is_looked_at_again(site, service, monkeypatch) -> None:
    """A provider that becomes slow in the middle of a group: the others are not sent on a stale look."""
    visits = [book(PatientFactory(site=site), FRIDAY, now=MONDAY)[0] for _ in range(3)]
    Message.objects.exclude(step=Step.ONE_DAY).delete()
    due = Message.objects.earliest("due_at").due_at
    sender = FakeSender()

    def slow(_key: str) -> Accepted:
        monkeypatch.setattr(requests, "LOOK_HOLDS", -1.0)
        return Accepted("250")

    sender.answer = slow
    done = delivery.Delivered()
    taken = delivery.claim(clock=lambda: due, batch=3, done=done)
    requests.make(taken, requests.Line(sender, group=3), clock=lambda: due, done=done, enough=lambda: False)
    assert len(sender.sent) == 1
    assert done.states == {State.ACCEPTED: 1, State.SCHEDULED: 2}
    assert Attempt.objects.filter(outcome=Outcome.NOT_MADE).count() == 2
    for visit in visits:
        cancel(visit, now=due)
    delivery.deliver_due(by=service, clock=lambda: due, open_sender=lambda _: sender)
    assert len(sender.sent) == 1


def test_a_group_is_what_is_answered_within_a_tenth_of_a_second() -> None:
    def sizes(seconds_each: float, sender: FakeSender) -> list[int]:
        line, seen = requests.Line(sender), []
        for _ in range(8):
            seen.append(line.group)
            line.learn(line.group, line.group * seconds_each)
        return seen

    assert sizes(0.2, FakeSender()) == [1] * 8
    assert sizes(0.01, FakeSender()) == [1, 2, 4, 8, 10, 10, 10, 10]
    assert max(sizes(0.001, KeyedSender())) == requests.MOST_TOGETHER
