"""Why each message did or did not go, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from notifications.actions import delivery, pauses
from notifications.channels import Accepted, NotSent
from notifications.engine.states import Outcome, Reason, State, Step
from notifications.models import Message
from notifications.queries import explanations
from tests.notifications.booking import book, cancel, move
from tests.notifications.fake_sender import FakeSender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)  # 8:00 in New York
FRIDAY = datetime(2026, 5, 15, 14, tzinfo=UTC)  # 10:00


def explain(visit, now: datetime = MONDAY) -> list[str]:
    visit.refresh_from_db()
    return explanations.explain(visit, now=now)


def deliver(service, at: datetime, answer=lambda _key: Accepted("250")) -> None:
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: FakeSender(answer=answer))


def test_what_waits_what_went_and_what_will_not(patient, service, mona) -> None:
    visit = book(patient, FRIDAY, now=MONDAY)[0]
    deliver(service, MONDAY + timedelta(minutes=3))
    assert explain(visit) == [
        "The visit is booked, Fri 15 May 2026, 10am.",
        "Plan, e-mail: sent Mon 4 May 2026, 8:03am.",
        "  Tried Mon 4 May 2026, 8:03am: accepted (250).",
        "3 days before, e-mail: will be sent Tue 12 May 2026, 10am.",
        "1 day before, e-mail: will be sent Thu 14 May 2026, 4pm.",
        "On the day, e-mail: will be sent Fri 15 May 2026, 8am.",
        "7 days before: only for visits booked more than 14 days ahead.",
    ]
    pauses.pause(by=mona, now=MONDAY, step=Step.ONE_DAY)
    patient.may_email = False
    patient.save()
    told = explain(visit)
    assert "  It is held back (1 day before) since Mon 4 May 2026, 8am." in told
    assert (
        told.count("  As things stand it will not be sent: the patient did not agree to this way of being told.") == 3
    )
    cancel(visit, now=MONDAY)
    assert "On the day, e-mail: withdrawn Mon 4 May 2026, 8am: the visit was cancelled." in explain(visit)


def test_doubt_and_tries(patient, service) -> None:
    def silent(_key: str) -> Accepted:
        raise NotSent(Outcome.UNKNOWN, "timeout")

    visit = book(patient, FRIDAY, now=MONDAY)[0]
    deliver(service, MONDAY + timedelta(minutes=3), silent)
    told = explain(visit)
    silence = "the provider did not say whether it took it"
    assert told[1:3] == [
        f"Plan, e-mail: may have been sent: {silence}; this is settled Mon 4 May 2026, 8:04am.",
        "  Tried Mon 4 May 2026, 8:03am: no answer (timeout).",
    ]
    deliver(service, MONDAY + timedelta(minutes=5), silent)
    told = explain(visit)
    assert told[1].endswith("a person has to decide.")
    assert "  The patient may have it 2 times." in told


def test_steps_without_a_message_say_why(patient, service) -> None:
    visit = book(patient, MONDAY + timedelta(hours=9), now=MONDAY)[0]
    told = explain(visit)
    assert "3 days before: its time had passed when the visit was booked or moved." in told
    Message.objects.filter(step=Step.DAY_OF).delete()
    assert "On the day: missing; the next sweep writes it." in explain(visit)
    early = book(patient, datetime(2026, 5, 20, 12, tzinfo=UTC), now=MONDAY)[0]  # 8:00: too early for one on the day
    assert "On the day: a visit at this hour has none." in explain(early)


def test_a_move_is_told(patient, service) -> None:
    visit = book(patient, FRIDAY, now=MONDAY)[0]
    move(visit, FRIDAY + timedelta(days=7), now=MONDAY)
    told = explain(visit)
    gone = "3 days before, e-mail: withdrawn Mon 4 May 2026, 8am: the visit was moved; the new time has messages of its own."
    assert gone in told
    assert "3 days before, e-mail: will be sent Tue 19 May 2026, 10am." in told


@pytest.mark.parametrize("state", State)
def test_every_state_and_reason_can_be_told(patient, state: State) -> None:
    visit = book(patient, FRIDAY, now=MONDAY)[0]
    row = Message.objects.get(step=Step.PLAN)
    for reason in Reason:
        row.state, row.reason, row.settled_at = state, reason, MONDAY
        assert explanations._state(row, zone=visit.zone).endswith(".")


def test_from_the_command_line(patient, service) -> None:
    visit = book(patient, FRIDAY, now=MONDAY)[0]
    said = StringIO()
    call_command("reminders", "explain", str(visit.pk), stdout=said)
    assert "The visit is booked, Fri 15 May 2026, 10am." in said.getvalue()
    for wrong in ("nonsense", "00000000-0000-7000-8000-000000000000"):
        with pytest.raises(CommandError, match="no appointment"):
            call_command("reminders", "explain", wrong)
