"""Many rows damaged at once, and records nobody can work with: found, put right or shown; the others are not touched."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from notifications.actions import delivery, sweeps
from notifications.channels import Accepted
from notifications.engine import retries
from notifications.engine.ladder import DayOf
from notifications.engine.states import Reason, State, Step
from notifications.models import Message
from notifications.queries import gaps
from notifications.queries.database_clock import database_now
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.faults import outbox
from tests.notifications.booking import book, send
from tests.notifications.fake_sender import FakeSender
from tests.notifications.test_gaps import DAMAGE, FRIDAY, HOUR, MONDAY, rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("visits", "hurt"), [pytest.param(12, 24, id="short"), pytest.param(400, 1000, id="long", marks=pytest.mark.soak)]
)
def test_one_sweep_finds_all_of_many_damaged_rows(site, service, visits: int, hurt: int) -> None:
    send(day_of=DayOf.ALWAYS)
    for k in range(visits):
        book(PatientFactory(site=site), FRIDAY + k % 6 * HOUR / 2, now=MONDAY)
    right, other = rows(), PatientFactory(site=site)
    kinds = sorted(DAMAGE)
    chance = random.Random(7)
    chosen = chance.sample(list(Message.objects.exclude(step=Step.PLAN).order_by("id")), hurt)
    done = Counter()
    with connection.cursor() as cursor:
        for message in chosen:
            kind = chance.choice(kinds)
            done[kind] += 1
            cursor.execute(DAMAGE[kind].replace("{other}", f"'{other.pk}'"), [message.pk])
            assert cursor.rowcount == 1
    assert len(right - rows()) == hurt, "the damage is there"
    found = sweeps.repair(now=MONDAY, afresh=True)
    assert found.stranded == done["taken back"], "what is final stays: it is shown"
    assert found.written == done["deleted"] + done["another patient's"]
    assert found.retimed == hurt - found.written - found.stranded
    assert len(right - rows()) == found.stranded
    assert sweeps.repair(now=MONDAY, afresh=True).retimed == 0


def test_control_without_the_comparison_nothing_is_found(site, service, monkeypatch) -> None:
    book(PatientFactory(site=site), FRIDAY, now=MONDAY)
    Message.objects.filter(step=Step.ONE_DAY).delete()
    monkeypatch.setattr(gaps, "compare", lambda _appointments, **_: gaps.Gaps())
    assert not sweeps.repair(now=MONDAY, afresh=True)


class Unwell(FakeSender):
    """Cannot write some messages, and for some does not understand what the provider says."""

    unwritable: frozenset[str] = frozenset()
    garbled: frozenset[str] = frozenset()

    def compose(self, message: Message, visits) -> object:
        if str(message.pk) in self.unwritable:
            raise KeyError("no such placeholder")
        return super().compose(message, visits)

    def send(self, composed: object, key: str) -> Accepted:
        if key in self.garbled:
            self.sent.append(key)
            raise TypeError("the provider answers in another shape")
        return super().send(composed, key)


@pytest.mark.parametrize(
    "number", [pytest.param(300, id="short"), pytest.param(6000, id="long", marks=pytest.mark.soak)]
)
def test_one_bad_record_in_a_hundred_stops_no_other(site, service, number: int) -> None:
    """A batch stopped by one bad record: how others fail."""
    messages = outbox.fill(site, number, by=service)
    bad = random.Random(7).sample(messages, number // 100 * 3)
    third = len(bad) // 3
    Unwell.unwritable = frozenset(str(message.pk) for message in bad[:third])
    Unwell.garbled = frozenset(str(message.pk) for message in bad[third : 2 * third])
    homeless = [message.patient_id for message in bad[2 * third :]]
    for key in homeless:
        Message.objects.filter(patient=key).update(heeds_quiet_hours=True)
    PatientFactory._meta.model.objects.filter(pk__in=homeless).update(zone="Atlantis/Poseidonis")
    sender, start = Unwell(), database_now()
    for minutes in range(0, 180, 5):
        now = start + timedelta(minutes=minutes)
        delivery.deliver_due(by=service, clock=lambda: now, open_sender=lambda _: sender)  # noqa: B023 - called at once
        if minutes == 0:
            assert len(set(sender.sent) - Unwell.garbled) == number - len(bad), "at the first look"
    good = Message.objects.exclude(pk__in=[message.pk for message in bad])
    assert set(good.values_list("state", "attempts")) == {(State.ACCEPTED, 1)}
    assert set(Message.objects.filter(pk__in=[message.pk for message in bad])) == set(Message.objects.for_people())
    left = Counter(Message.objects.for_people().values_list("state", "reason"))
    assert left == {(State.DEAD, Reason.UNWRITABLE): 2 * third, (State.UNCERTAIN, Reason.NO_ANSWER): third}
    assert max(Message.objects.values_list("attempts", flat=True)) <= retries.MOST_ATTEMPTS
    assert Appointment.objects.count() == number
