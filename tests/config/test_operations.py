"""Status and metrics: for operators only, and nothing about patients in them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from notifications.actions import delivery, pauses, sweeps
from notifications.channels import NotSent
from notifications.engine.states import Outcome, Step
from notifications.models import Message
from notifications.queries.database_clock import database_now
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db

TOKEN = "t" * 32
ADDRESSES = ["/statusz", "/metrics"]


@pytest.fixture
def operator(settings) -> Client:
    settings.OPERATIONS_TOKEN = TOKEN
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


def metrics(client: Client) -> dict[tuple, float]:
    text = client.get("/metrics").content.decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("address", ADDRESSES)
def test_closed_unless_opened(address: str, client: Client, settings, mona) -> None:
    client.force_login(mona)
    assert client.get(address).status_code == 404
    assert client.get(address, headers={"Authorization": "Bearer "}).status_code == 404
    settings.OPERATIONS_TOKEN = TOKEN
    for wrong in ("", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", "Bearer \u00e9"):
        assert client.get(address, headers={"Authorization": wrong}).status_code == 404
    assert client.get(address, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.post(address, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


@pytest.mark.parametrize("address", ADDRESSES)
def test_this_machine_may_ask_where_that_is_said(address: str, client: Client, settings) -> None:
    settings.OPERATIONS_LOOPBACK = True
    assert client.get(address, REMOTE_ADDR="127.0.0.1").status_code == 200
    assert client.get(address, REMOTE_ADDR="::1").status_code == 200
    for other in ("10.0.0.1", "", "unix:"):
        assert client.get(address, REMOTE_ADDR=other).status_code == 404


def test_every_trouble_shows(site, service, mona, operator: Client) -> None:
    def silent(_key: str) -> None:
        raise NotSent(Outcome.UNKNOWN, "timeout")

    now = database_now()
    for _ in range(2):
        book(PatientFactory(site=site), now + timedelta(days=10), now=now - timedelta(minutes=8))
    late = metrics(operator)[("reminder_overdue_seconds",)]
    assert 290 < late < 400, "due five minutes ago"
    delivery.deliver_due(by=service, open_sender=lambda _: FakeSender(answer=silent))
    Message.objects.filter(step=Step.PLAN).update(next_try_at=now)
    delivery.deliver_due(by=service, open_sender=lambda _: FakeSender(answer=silent))
    sweeps.sweep(by=service)
    pauses.pause(by=mona, now=now, step=Step.DAY_OF)
    found = metrics(operator)
    assert found[("reminder_overdue_seconds",)] == 0
    assert 0 < found[("reminder_uncertain_seconds",)] < 60
    assert found[("reminder_messages", "email", "uncertain")] == 2
    assert found[("reminder_attempts", "email", "unknown")] == 4
    assert found[("reminder_possible_duplicates",)] == 2
    assert found[("reminder_pauses",)] == 1
    assert found[("reminder_seconds_since", "sweep")] < 60
    told = operator.get("/statusz").json()
    assert told["held_back"] == ["On the day"]
    assert told["possible_duplicates_last_day"] == 2
    assert {"state": "uncertain", "channel": "email", "number": 2} in told["messages"]


def test_nothing_about_patients(site, service, operator: Client) -> None:
    patient = PatientFactory(site=site, given_name="Xerxes", family_name="Canary", email="canary@example.org")
    now = database_now()
    book(patient, now + timedelta(days=10), now=now - timedelta(minutes=8))
    delivery.deliver_due(by=service, open_sender=lambda _: FakeSender())
    for address in ADDRESSES:
        text = operator.get(address).content.decode().lower()
        for word in ("xerxes", "canary", str(patient.pk), *map(str, Message.objects.values_list("pk", flat=True))):
            assert word not in text


def test_the_queries_do_not_grow(site, operator: Client, django_assert_max_num_queries) -> None:
    now = database_now()
    for _ in range(3):
        book(PatientFactory(site=site), now + timedelta(days=10), now=now)
        with django_assert_max_num_queries(11):
            operator.get("/metrics")
