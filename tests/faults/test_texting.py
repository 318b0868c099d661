"""Real senders against a phone network that misbehaves: nothing lost, nothing doubled, and one control for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import delivery, sweeps
from notifications.channels import open_sender
from notifications.channels.sms.sender import TwilioSender
from notifications.channels.webhook.sender import WebhookSender
from notifications.engine.retries import Recourse
from notifications.engine.states import Channel, Outcome, Reason, State, Step
from notifications.models import Attempt, Consent, DeskTask, Message
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book
from tests.notifications.channels.network import ACCOUNT, ANSWER_SECONDS, NUMBER, SECRET, TOKEN, Network, phone_network

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
TAKEN_BUT_UNKNOWN = ["accept_then_drop", "accept_then_500", "accept_slowly"]
NOT_TAKEN = ["drop_before", "error_500", "too_many"]


@pytest.fixture(scope="module")
def running_network(tmp_path_factory) -> Iterator[Network]:
    with phone_network(tmp_path_factory.mktemp("texts")) as network:
        yield network


@pytest.fixture
def network(running_network: Network, settings, monkeypatch) -> Network:
    settings.PUBLIC_URL = "https://go.alder.example"
    settings.TEXTS_OVER, settings.SMS_SENDER, settings.TWILIO_URL = "sms", NUMBER, running_network.base
    settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = ACCOUNT, TOKEN
    settings.SMS_WEBHOOK_URL, settings.SMS_WEBHOOK_SECRET = f"{running_network.base}/gateway/messages", SECRET
    monkeypatch.setattr("notifications.channels.http.ANSWER_SECONDS", ANSWER_SECONDS)
    running_network.plan(slow_seconds=ANSWER_SECONDS + 0.5)
    return running_network


def due(settings, site, channel: str, number: int) -> list[Message]:
    """One-day reminders by text, each of a patient of its own."""
    settings.TEXTS_OVER = channel
    for _ in range(number):
        book(PatientFactory(site=site), FRIDAY, now=MONDAY)
    Message.objects.exclude(channel=channel, step=Step.ONE_DAY).delete()
    return list(Message.objects.select_related("patient"))


def bring_to_the_present() -> None:
    """Makes everything due now: the network stamps texts with its own clock, and the look-up goes by that."""
    now = datetime.now(UTC)
    Appointment.objects.update(starts_at=now + timedelta(hours=20), ends_at=now + timedelta(hours=21))
    Message.objects.update(due_at=now, next_try_at=now, not_after=now + timedelta(hours=10), heeds_quiet_hours=False)


def carry_on(service, *, minutes: int) -> None:
    """A dispatcher looks every ten seconds from when the messages are due, until none waits or the time is over."""
    bring_to_the_present()
    start = now = Message.objects.earliest("due_at").due_at
    while now < start + timedelta(minutes=minutes) and Message.objects.exclude(next_try_at=None).exists():
        delivery.deliver_due(by=service, clock=lambda: now)  # noqa: B023 - called at once
        sweeps.recover(clock=lambda: now)  # noqa: B023
        now += timedelta(seconds=10)


def received(network: Network, messages: list[Message]) -> Counter[str]:
    """How many texts each of these patients got."""
    numbers = {str(message.patient.phone) for message in messages}
    return Counter(text["to"] for text in network.texts() if text["to"] in numbers)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WEBHOOK])
@pytest.mark.parametrize("fault", TAKEN_BUT_UNKNOWN + NOT_TAKEN)
def test_whatever_happens_to_the_first_try_there_is_one_text(network, settings, site, service, channel, fault) -> None:
    messages = due(settings, site, channel, 1)
    network.plan(send=[fault])
    before = network.requests()
    carry_on(service, minutes=4)
    assert set(received(network, messages).values()) == {1}
    message = Message.objects.get()
    assert (message.state, message.possible_duplicates) == (State.ACCEPTED, 0)
    assert message.provider_id.startswith("SM")
    assert network.requests() - before == Attempt.objects.count(), "one row a request, no hidden ones"


@pytest.mark.parametrize("sender", [TwilioSender, WebhookSender])
def test_control_without_the_look_up_or_the_key_there_are_two(
    network, settings, site, service, monkeypatch, sender
) -> None:
    channel = Channel.SMS if sender is TwilioSender else Channel.WEBHOOK
    messages = due(settings, site, channel, 1)
    monkeypatch.setattr(sender, "recourse", Recourse.NONE)
    if sender is WebhookSender:
        keys = iter("abcdefgh")
        honest = WebhookSender.send
        monkeypatch.setattr(sender, "send", lambda self, composed, _key: honest(self, composed, next(keys)))
    network.plan(send=["accept_then_drop"])
    carry_on(service, minutes=4)
    assert set(received(network, messages).values()) == {2}
    assert Message.objects.get().possible_duplicates == 1


def test_forty_texts_over_a_bad_network_are_forty(network, settings, site, service) -> None:
    messages = due(settings, site, Channel.SMS, 40)
    faults = ["accept_then_drop", "none", "accept_then_500", "none", "drop_before", "too_many", "none", "garbage"]
    network.plan(send=faults * 8)
    carry_on(service, minutes=12)
    assert set(received(network, messages).values()) == {1}
    assert len(received(network, messages)) == len(messages)
    assert set(Message.objects.values_list("state", flat=True)) == {State.ACCEPTED}


def test_too_many_waits_as_long_as_the_provider_asks(network, settings, site, service) -> None:
    due(settings, site, Channel.SMS, 1)
    network.plan(send=["too_many"])
    bring_to_the_present()
    now = Message.objects.get().due_at
    delivery.deliver_due(by=service, clock=lambda: now)
    message = Message.objects.get()
    assert message.state == State.RETRY_WAIT
    assert message.next_try_at >= now + timedelta(seconds=7)


def test_a_number_that_opted_out_with_the_network_is_never_tried_again(network, settings, site, service) -> None:
    (message,) = due(settings, site, Channel.SMS, 1)
    number = str(message.patient.phone)
    network.answer("STOP", sender=number)  # the clinic is not told
    carry_on(service, minutes=2)
    current = Message.objects.get()
    assert (current.state, current.reason) == (State.STOPPED, Reason.OPTED_OUT)
    message.patient.refresh_from_db()
    assert not message.patient.may_text
    fact = Consent.objects.get(source="provider")
    assert (fact.address, fact.words, fact.given) == (number, "21610", False)
    assert Attempt.objects.get().outcome == Outcome.REJECTED_PERMANENT


def test_one_bad_number_does_not_stop_the_others(network, settings, site, service) -> None:
    messages = due(settings, site, Channel.SMS, 5)
    bad = messages[2].patient
    type(bad).objects.filter(pk=bad.pk).update(phone="+0")
    carry_on(service, minutes=1)
    assert Counter(Message.objects.values_list("state", flat=True)) == {State.ACCEPTED: 4, State.DEAD: 1}


def test_a_call_is_one_task_however_often_it_is_sent(settings, site, service, patient) -> None:
    book(patient, FRIDAY, now=MONDAY)
    Message.objects.exclude(step=Step.ONE_DAY).delete()
    Message.objects.update(channel=Channel.CALL)
    message = Message.objects.select_related("patient__site", "appointment__site").get()
    sender = open_sender(Channel.CALL)
    for _ in range(3):
        sender.send(sender.compose(message, [message.appointment]), str(message.pk))
    task = DeskTask.objects.get()
    assert (task.matter, task.patient, task.appointment) == ("call", patient, message.appointment)
    delivery.deliver_due(by=service, clock=lambda: message.due_at)
    assert Message.objects.get().state == State.ACCEPTED
    assert DeskTask.objects.count() == 1
