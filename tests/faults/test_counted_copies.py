"""A provider that can neither recognise a copy nor be asked: every copy that arrives is counted, one for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifications.actions import delivery
from notifications.channels import NotSent
from notifications.channels.email.smtp import SmtpSender
from notifications.engine.states import Outcome, State
from notifications.models import Message
from notifications.queries.database_clock import database_now
from tests.faults import outbox
from tests.faults.smtp_server import FaultyServer, smtp_server
from tests.faults.test_dispatchers import doubled

pytestmark = pytest.mark.django_db
SIZES = [pytest.param(60, id="short"), pytest.param(3000, id="long", marks=pytest.mark.soak)]


def drops_after_taking(how_often: int) -> Callable[[str, int], str]:
    """Of every so many mails one is kept, and the line cut before the server says so; of the first, some are refused for now."""
    mails = 0

    def fault(moment: str, _bodies: int) -> str:
        nonlocal mails
        mails += moment == "mail"
        if moment == "taken" and mails % how_often == 0:
            return "drop"
        return "451 later" if moment == "rcpt" and mails < 60 and mails % 7 == 3 else ""

    return fault


def carry_on(server: FaultyServer, settings, service) -> None:
    """A dispatcher looks again and again, for half an hour of its own time."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    start = database_now()
    for seconds in range(0, 1800, 45):
        delivery.deliver_due(by=service, clock=lambda: start + timedelta(seconds=seconds))  # noqa: B023 - called at once
        if not Message.objects.exclude(next_try_at=None).exists():
            return


def accounted_for(server: FaultyServer) -> int:
    """Checks that every message arrived or is where people see it; how many possible copies were counted."""
    arrived = {each.partition("@")[0].lstrip("<") for each in server.ledger.taken}
    for message in Message.objects.all():
        assert str(message.pk) in arrived
        assert message.state == State.ACCEPTED or message in Message.objects.for_people()
    return sum(Message.objects.values_list("possible_duplicates", flat=True))


@pytest.mark.parametrize("number", SIZES)
@pytest.mark.parametrize("how_often", [2, 3])
def test_the_counter_is_what_arrived_twice(site, service, settings, how_often: int, number: int) -> None:
    outbox.fill(site, number, by=service)
    with smtp_server(drops_after_taking(how_often)) as server:
        carry_on(server, settings, service)
        assert accounted_for(server) == doubled(server) > number / 10
    waiting = Message.objects.exclude(state=State.ACCEPTED)
    assert set(waiting.values_list("state", "next_try_at")) <= {(State.UNCERTAIN, None)}


@pytest.mark.parametrize("number", SIZES)
def test_held_for_a_person_none_arrives_twice(site, service, settings, number: int) -> None:
    settings.UNANSWERED = "hold"
    outbox.fill(site, number, by=service)
    with smtp_server(drops_after_taking(3)) as server:
        carry_on(server, settings, service)
        assert accounted_for(server) == doubled(server) == 0
    assert Message.objects.for_people().count() > number / 10


def test_control_repeated_as_if_nothing_had_arrived_copies_are_not_counted(
    site, service, settings, monkeypatch
) -> None:
    """A blind retry: the first test can fail."""
    honest = SmtpSender._hand_over

    def blind(self, envelope):
        try:
            return honest(self, envelope)
        except NotSent as failure:
            raise NotSent(Outcome.REJECTED_RETRYABLE, failure.code) from failure

    monkeypatch.setattr(SmtpSender, "_hand_over", blind)
    outbox.fill(site, 20, by=service)
    with smtp_server(drops_after_taking(2)) as server:
        carry_on(server, settings, service)
        assert sum(Message.objects.values_list("possible_duplicates", flat=True)) < doubled(server)
