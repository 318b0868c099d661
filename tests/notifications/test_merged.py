"""One person who was registered twice: what was said to either record is not said again after they were merged."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from clinics.actions import merges
from clinics.models import Patient
from core import clock
from notifications.actions import delivery, messages, sweeps
from notifications.engine.states import State, Step
from notifications.models import Message
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def deliver(service, at: datetime) -> list[str]:
    sender = FakeSender()
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    return list(Message.objects.filter(pk__in=sender.sent).exclude(step=Step.PLAN).values_list("step", flat=True))


@pytest.mark.parametrize("known", [True, False], ids=["merged", "control"])
def test_a_reminder_just_sent_to_the_duplicate_is_not_repeated(site, service, flora, now, known) -> None:
    kept, duplicate = (PatientFactory(site=site, email=f"{name}@example.org") for name in ("kept", "duplicate"))
    # a visit tomorrow, booked after 16:00: its reminder of the day before goes out at once
    evening = clock.resolve(now.date(), datetime.min.time(), site.zone).at + 17 * HOUR
    visit = book(duplicate, evening + 18 * HOUR, now=evening)[0]
    week = book(duplicate, evening + 14 * 24 * HOUR, evening + 16 * 24 * HOUR, now=evening)
    messages.send_now(message=Message.objects.get(step=Step.YOUR_WEEK), by=flora, now=evening)
    assert {Step.ONE_DAY, Step.YOUR_WEEK} <= set(deliver(service, evening))
    merges.merge(kept=kept, duplicate=duplicate, kept_version=1, duplicate_version=1, by=flora, now=evening + HOUR / 60)
    if not known:
        Patient.objects.filter(pk=duplicate.pk).update(merged_into=None)
    sweeps.repair(now=evening + HOUR / 30, afresh=True)
    again = deliver(service, evening + HOUR / 20)
    again += Message.objects.filter(patient=kept, step=Step.YOUR_WEEK).values_list("step", flat=True)
    assert sorted(again) == ([] if known else [Step.ONE_DAY, Step.YOUR_WEEK])
    assert {each.patient_id for each in type(visit).objects.filter(pk__in=[visit.pk, week[0].pk])} == {kept.pk}


@pytest.mark.parametrize("known", [True, False], ids=["merged", "control"])
def test_texts_that_the_duplicate_got_are_texts_the_person_got(site, service, flora, now, settings, known) -> None:
    settings.TEXTS_OVER = "sms"
    kept, duplicate = (PatientFactory(site=site, may_email=False) for _ in range(2))
    for patient, minutes in ((duplicate, 0), (kept, 10)):
        book(patient, now + timedelta(days=9, minutes=100 * minutes), now=now + timedelta(minutes=minutes))
        deliver(service, now + timedelta(minutes=4))
    merges.merge(kept=kept, duplicate=duplicate, kept_version=1, duplicate_version=1, by=flora, now=now + HOUR / 5)
    if not known:
        Patient.objects.filter(pk=duplicate.pk).update(merged_into=None)
    deliver(service, now + HOUR)
    first, second = Message.objects.filter(step=Step.PLAN, channel="sms").order_by("due_at")
    assert first.state == State.ACCEPTED
    assert (second.state, second.next_try_at) == (
        (State.SCHEDULED, now + 24 * HOUR) if known else (State.ACCEPTED, None)
    ), "one a day: 8:00 the next morning"
