"""Pauses, and the guard after a restore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction

from core.errors import NotAllowed
from notifications.actions import delivery, messages, pauses, requests, restores, sweeps
from notifications.channels import Accepted
from notifications.engine.states import Channel, Outcome, Reason, State, Step
from notifications.models import Attempt, Cause, Installation, Message, Pause
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.notifications.booking import book
from tests.notifications.fake_sender import AskableSender, FakeSender, KeyedSender, in_place_of_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
PLAN_DUE = MONDAY + timedelta(minutes=3)
ONE_DAY_DUE = datetime(2026, 5, 14, 20, tzinfo=UTC)


def deliver(service, at: datetime) -> FakeSender:
    sender = FakeSender()
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    return sender


@pytest.mark.parametrize(
    ("what", "held"),
    [
        ({}, True),
        ({"channel": Channel.EMAIL}, True),
        ({"channel": Channel.SMS}, False),
        ({"step": Step.PLAN}, True),
        ({"step": Step.ONE_DAY}, False),
        ({"step": Step.PLAN, "channel": Channel.SMS}, False),
    ],
)
def test_what_fits_waits_until_the_pause_is_lifted(patient, service, mona, what: dict, held: bool) -> None:
    book(patient, FRIDAY, now=MONDAY)
    made = pauses.pause(by=mona, now=MONDAY, **what)
    assert pauses.pause(by=mona, now=PLAN_DUE, **what) == made, "safe to repeat"
    assert bool(deliver(service, PLAN_DUE).sent) is not held
    pauses.lift(pause=made, by=mona, now=PLAN_DUE)
    assert Message.objects.get(step=Step.PLAN).state == (State.ACCEPTED if not held else State.SCHEDULED)
    deliver(service, PLAN_DUE)
    assert Message.objects.get(step=Step.PLAN).state == State.ACCEPTED
    with pytest.raises(pauses.NotPaused):
        pauses.lift(pause=made, by=mona, now=PLAN_DUE)


def test_one_site_waits_and_the_other_does_not(site, service, mona) -> None:
    other = SiteFactory(code="hillside", name="Hillside")
    book(PatientFactory(site=site), FRIDAY, now=MONDAY)
    book(PatientFactory(site=other), FRIDAY, now=MONDAY)
    pauses.pause(by=mona, now=MONDAY, site=site)
    for at in (PLAN_DUE, ONE_DAY_DUE):
        deliver(service, at)
    sent = Message.objects.filter(state=State.ACCEPTED)
    assert {message.patient.site for message in sent} == {other}
    assert {message.step for message in sent} == {Step.PLAN, Step.ONE_DAY}


def test_a_pause_between_claim_and_request_is_heeded(patient, mona) -> None:
    book(patient, FRIDAY, now=MONDAY)
    done, sender = delivery.Delivered(), FakeSender()
    taken = delivery.claim(clock=lambda: PLAN_DUE, batch=9, done=done)
    pauses.pause(by=mona, now=PLAN_DUE)
    requests.make(taken, requests.Line(sender), clock=lambda: PLAN_DUE, done=done, enough=lambda: False)
    assert sender.sent == []
    plan = Message.objects.get(step=Step.PLAN)
    assert (plan.state, plan.attempts, plan.next_try_at) == (State.SCHEDULED, 0, PLAN_DUE)
    assert Attempt.objects.count() == 0


def test_what_becomes_useless_meanwhile_expires_and_is_shown(patient, service, mona) -> None:
    book(patient, FRIDAY, now=MONDAY)
    pauses.pause(by=mona, now=MONDAY)
    after = FRIDAY + timedelta(minutes=1)
    assert sweeps.sweep(by=service, clock=lambda: after).expired == 4
    assert set(Message.objects.values_list("state", "reason")) == {(State.EXPIRED, Reason.TOO_LATE)}
    assert Message.objects.for_people().count() == 4


def test_only_a_manager_holds_back(flora, clara, nora) -> None:
    for user in (flora, clara, nora):
        with pytest.raises(NotAllowed):
            pauses.pause(by=user, now=MONDAY)


def test_one_pause_of_a_kind_at_a_time(mona) -> None:
    pauses.pause(by=mona, now=MONDAY)
    with pytest.raises(Error, match="notifications_pause_once"), transaction.atomic():
        Pause.objects.create(by=mona, since=MONDAY)


def test_from_the_command_line(site, service, patient) -> None:
    said = StringIO()
    call_command("reminders", "pause", site=site.code, channel="email", step=None, reason="Flood", stdout=said)
    call_command("reminders", "pauses", stdout=said)
    held = Pause.objects.get()
    assert (held.site, held.channel, held.reason) == (site, "email", "Flood")
    assert f"Held back: {site.public_name}, E-mail" in said.getvalue()
    assert "Flood" in said.getvalue()
    call_command("reminders", "resume", str(held.pk), stdout=said)
    assert not Pause.objects.in_force().exists()
    with pytest.raises(CommandError, match="Nothing of the kind"):
        call_command("reminders", "resume")
    with pytest.raises(CommandError, match="no site"):
        call_command("reminders", "pause", site="nowhere", channel=None, step=None, reason="")


# --- after a restore ------------------------------------------------------------------------------------------


def restored() -> None:
    """As if the rows had been read into another database."""
    Installation.objects.update(identity="another/1/1")


def test_nothing_is_sent_from_a_database_that_was_restored(patient, service) -> None:
    book(patient, FRIDAY, now=MONDAY)
    assert deliver(service, MONDAY).sent == [], "not due yet; the database is known from here on"
    restored()
    assert deliver(service, PLAN_DUE).sent == []
    plan = Message.objects.get(step=Step.PLAN)
    assert (plan.state, plan.reason, plan.next_try_at) == (State.UNCERTAIN, Reason.RESTORED, None)
    assert plan in Message.objects.for_people()
    assert deliver(service, ONE_DAY_DUE).sent == [], "all is held back until somebody has looked"
    pauses.lift(pause=Pause.objects.get(cause=Cause.RESTORE), by=service, now=ONE_DAY_DUE)
    sent = deliver(service, ONE_DAY_DUE).sent
    assert sent == [str(Message.objects.get(step=Step.ONE_DAY).pk)], "what was due before stays with people"


def test_control_without_the_guard_it_would_be_sent_again(patient, service, monkeypatch) -> None:
    book(patient, FRIDAY, now=MONDAY)
    deliver(service, MONDAY)
    restored()
    monkeypatch.setattr(restores, "guard", lambda **_: False)
    assert len(deliver(service, PLAN_DUE).sent) == 1


def test_what_a_provider_can_tell_is_asked_and_not_sent_again(patient, service) -> None:
    book(patient, FRIDAY, now=MONDAY)
    deliver(service, MONDAY)
    restored()
    with in_place_of_mail(AskableSender):
        deliver(service, PLAN_DUE)
        pauses.lift(pause=Pause.objects.get(), by=service, now=PLAN_DUE)
        sender = AskableSender(known=lambda _key: Accepted("found"))
        delivery.deliver_due(by=service, clock=lambda: PLAN_DUE, open_sender=lambda _: sender)
    assert (len(sender.asked), sender.sent) == (1, [])
    assert Message.objects.get(step=Step.PLAN).state == State.ACCEPTED


@pytest.mark.parametrize(("hours", "left"), [(0, "again"), (2, "people")])
def test_a_key_is_counted_on_while_it_is_held(patient, service, hours: int, left: str) -> None:
    book(patient, FRIDAY, now=MONDAY)
    deliver(service, MONDAY)
    restored()
    at = PLAN_DUE + timedelta(hours=hours)
    with in_place_of_mail(KeyedSender):
        deliver(service, at)
    plan = Message.objects.get(step=Step.PLAN)
    assert plan.next_try_at == (at if left == "again" else None)


def test_an_older_copy_of_the_same_database_is_noticed_by_the_marker(
    patient, service, settings, tmp_path: Path
) -> None:
    settings.RESTORE_MARKER = tmp_path / "epoch"
    book(patient, FRIDAY, now=MONDAY)
    deliver(service, MONDAY)
    backup = Installation.objects.values().get()
    sweeps.sweep(by=service, clock=lambda: MONDAY)
    assert int(settings.RESTORE_MARKER.read_text()) > backup["epoch"]
    assert not restores.guard(by=service, now=MONDAY)
    Installation.objects.update(**backup)  # the same identity, as a snapshot of the disk has
    assert deliver(service, PLAN_DUE).sent == []
    assert Pause.objects.get().cause == Cause.RESTORE
    assert not restores.guard(by=service, now=PLAN_DUE), "once is enough"


def test_a_marker_that_cannot_be_read_stops_nothing(patient, service, settings, tmp_path: Path) -> None:
    settings.RESTORE_MARKER = tmp_path
    book(patient, FRIDAY, now=MONDAY)
    sweeps.sweep(by=service, clock=lambda: MONDAY)
    assert len(deliver(service, PLAN_DUE).sent) == 1


def test_reading_a_dump_into_the_same_database_makes_it_another(service) -> None:
    """A restored table is a new table to PostgreSQL."""
    restores.guard(by=service, now=MONDAY)
    before = Installation.objects.get().identity
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_message RENAME TO old_message")
        cursor.execute("CREATE TABLE notifications_message (LIKE old_message INCLUDING ALL)")
    assert restores.guard(by=service, now=MONDAY)
    assert Installation.objects.get().identity != before


def test_there_is_one_installation(service) -> None:
    restores.guard(by=service, now=MONDAY)
    with pytest.raises(Error), transaction.atomic():
        Installation.objects.create(only=False, identity="x", seen_at=MONDAY)


def test_a_request_under_way_when_the_backup_was_made_is_in_doubt(patient, service, flora) -> None:
    book(patient, FRIDAY, now=MONDAY)
    deliver(service, MONDAY)
    done = delivery.Delivered()
    taken = delivery.claim(clock=lambda: PLAN_DUE, batch=1, done=done)
    requests.begin(taken, FakeSender(), clock=lambda: PLAN_DUE, done=done)
    restored()
    deliver(service, PLAN_DUE)
    plan = Message.objects.get(step=Step.PLAN)
    assert (plan.state, plan.lease_until) == (State.UNCERTAIN, None)
    assert Attempt.objects.get().outcome == Outcome.OPEN
    messages.send_now(message=plan, by=flora, now=PLAN_DUE)
    pauses.lift(pause=Pause.objects.get(), by=service, now=PLAN_DUE)
    assert len(deliver(service, PLAN_DUE).sent) == 1
    plan.refresh_from_db()
    assert (plan.state, plan.possible_duplicates) == (State.ACCEPTED, 1)
