"""What dispatchers, sweeps and people ask stays cheap beside any number of finished rows: each question has its index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q, QuerySet

from notifications.actions import delivery
from notifications.engine.states import UNSENT, State
from notifications.models import Message, Receipt
from notifications.queries import messages
from notifications.queries.database_clock import database_now
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.faults import outbox
from tests.notifications.booking import book

pytestmark = pytest.mark.django_db

ASKED: dict[str, Callable[[], QuerySet]] = {
    "notifications_message_due": lambda: Message.objects.due(now=database_now()).order_by("next_try_at", "id")[:50],
    "notifications_message_leases": lambda: Message.objects.lapsed(now=database_now()),
    "notifications_message_useful": lambda: Message.objects.filter(state__in=UNSENT, not_after__lte=database_now()),
    "notifications_message_open": Message.objects.for_people,
    "notifications_message_by_time": lambda: messages.look().order_by("-due_at", "-id")[:50],
    "notifications_receipt_recent": lambda: Receipt.objects.filter(received_at__gt=database_now() - timedelta(hours=2)),
}


@pytest.fixture
def many_rows(site, service) -> None:
    """As if most rows were finished: what the planner is told, not what is there.

    So many wait for later that no index of all that waits is as cheap as the one in the order that is asked for.
    """
    outbox.fill(site, 300, by=service)
    now = database_now()
    Message.objects.update(next_try_at=now + timedelta(hours=30), not_after=now + timedelta(hours=36))
    Message.objects.filter(pk__in=Message.objects.values("pk")[:3]).update(next_try_at=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_message")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")  # three hundred rows are as cheap to sort as to find in order


@pytest.mark.parametrize("index", ASKED)
def test_each_question_has_its_index(many_rows, index: str) -> None:
    assert index in ASKED[index]().explain()


def test_control_a_question_without_one_is_a_scan(many_rows) -> None:
    plan = Message.objects.filter(Q(reason="budget"), state=State.STOPPED).explain()
    assert "Seq Scan" in plan


@pytest.mark.parametrize("number", [1, 3, 30])
def test_a_claim_asks_as_much_for_thirty_as_for_one(site, service, django_assert_num_queries, number: int) -> None:
    outbox.fill(site, number, by=service)
    now = database_now()
    with django_assert_num_queries(6):  # begin, pauses, rows, sites, update, commit
        taken = delivery.claim(clock=lambda: now, batch=50, done=delivery.Delivered())
    assert len(taken) == number


def test_plans_are_loaded_with_what_they_are_about_in_two_queries_more(site, django_assert_num_queries) -> None:
    booked = database_now() - timedelta(minutes=10)
    for patient in (*PatientFactory.create_batch(3, site=site), PatientFactory(site=SiteFactory())):
        book(patient, *[booked + timedelta(days=days) for days in (9, 11)], now=booked)
    Message.objects.update(heeds_quiet_hours=False)
    now = database_now()
    with django_assert_num_queries(8):
        taken = delivery.claim(clock=lambda: now, batch=50, done=delivery.Delivered())
    assert len(taken) == 4
    with django_assert_num_queries(0):
        for message in taken:
            assert {visit.site for visit in message.visits.all()} == {message.patient.site}
            assert message.change_set.site_id == message.patient.site_id
