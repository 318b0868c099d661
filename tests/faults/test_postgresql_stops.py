"""PostgreSQL stopped at once, as a server, while visits are booked and messages sent."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from django.db import Error, connection

from core import clock
from notifications.engine.states import State
from notifications.models import Message
from notifications.queries import gaps
from notifications.queries.database_clock import database_now
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Take
from scheduler.actions.terms import NotWorking
from scheduler.models import Appointment, ChangeSet, Resource
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import ChairFactory
from tests.faults import outbox
from tests.faults.cluster import Cluster, cluster, working_on
from tests.faults.processes import until
from tests.faults.provider import provider
from tests.faults.test_kills import SOONER, Nursery, nursery_of
from tests.faults.test_servers import in_background

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

CLIENTS = 2
RECOVERY_SECONDS = 10.0


@dataclass
class Client:
    """Somebody at a desk: books one patient after another, and remembers what each was answered."""

    chair: Resource
    by: object
    asked: list[UUID] = field(default_factory=list)
    acknowledged: dict[UUID, UUID] = field(default_factory=dict)
    unanswered: list[UUID] = field(default_factory=list)

    def book(self, stop: Event) -> None:
        site = self.chair.site
        ten = clock.local(database_now(), site.zone).replace(hour=10, minute=0, second=0, microsecond=0)
        for day in range(20, 2000):
            for hour in range(6):
                if stop.is_set():
                    return
                self._book_one(ten + timedelta(days=day, hours=hour))
                stop.wait(0.02)

    def _book_one(self, start) -> None:
        patient = None
        try:
            patient = PatientFactory(site=self.chair.site)
            self.asked.append(patient.pk)
            take = Take(self.chair, "chair", start, start + timedelta(hours=1))
            wanted = [Booking(start, start + timedelta(hours=1), "Visit", (take,))]
            made = appointments.book(
                site=self.chair.site, patient=patient, bookings=wanted, by=self.by, now=database_now()
            )
        except NotWorking:
            return  # a weekend
        except Error:
            connection.close()  # whoever asked sees an error, and cannot know
            if patient is not None:
                self.unanswered.append(patient.pk)
            return
        self.acknowledged[patient.pk] = made.appointments[0].pk


def check_history(clients: list[Client]) -> None:
    """What was acknowledged is there; what is there was asked for; every booking has exactly its rows."""
    acknowledged = {key: value for client in clients for key, value in client.acknowledged.items()}
    unanswered = {key for client in clients for key in client.unanswered}
    asked = {key for client in clients for key in client.asked}
    stored = {visit.patient_id: visit.pk for visit in Appointment.objects.filter(patient__in=asked)}
    assert Appointment.objects.filter(patient__in=asked).count() == len(stored), "one each"
    lost = {key for key, visit in acknowledged.items() if stored.get(key) != visit}
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged bookings are gone"
    assert set(stored) <= set(acknowledged) | unanswered, "a booking nobody asked for"
    found = gaps.compare(Appointment.objects.filter(patient__in=asked), now=database_now())
    assert (found.missing, found.mistimed, found.stranded, found.void) == ([], [], [], {})
    changes = ChangeSet.objects.filter(patient__in=asked)
    assert changes.count() == len(stored)
    assert not changes.filter(messages=None).exists(), "a booking without its message"


def stop_often(server: Cluster, clients: list[Client], taken: list[str], *, times: int, due: int) -> list[float]:
    """How long it took, each time, until bookings and messages went on."""
    waits = []
    for number in range(times):
        time.sleep(0.3 + 0.1 * (number % 3))  # some work, so that a stop falls into the middle of it
        server.stop_at_once()
        server.start()
        started = time.monotonic()
        booked, sent = sum(len(each.acknowledged) for each in clients), len(taken)
        until(
            lambda: (
                sum(len(each.acknowledged) for each in clients) > booked  # noqa: B023
                and len(taken) >= min(sent + 1, due)  # noqa: B023
            ),
            "work going on",
            seconds=60,
        )
        waits.append(time.monotonic() - started)
    return waits


@pytest.mark.parametrize(
    ("times", "due"), [pytest.param(8, 300, id="short"), pytest.param(50, 3000, id="long", marks=pytest.mark.soak)]
)
def test_stopped_at_once_no_acknowledged_booking_is_lost_and_no_message_lost_or_doubled(
    site, flora, service, tmp_path, times: int, due: int
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(cluster())
        stack.enter_context(working_on(server))
        clients = [Client(ChairFactory(site=site), flora) for _ in range(CLIENTS)]
        messages = outbox.fill(site, due, by=service)
        nursery: Nursery = stack.enter_context(nursery_of(tmp_path / "log"))
        told = stack.enter_context(provider(honours_keys=True, seconds=0.04))
        nursery.start(told, "KeyedSender", 2, **SOONER)  # who was cut off with the last messages is not waited for long
        until(lambda: len(told.ledger.taken) > 5, "a dispatcher at work", log=nursery.log)
        with ExitStack() as desks:
            for client in clients:
                desks.enter_context(in_background(client.book))
            waits = stop_often(server, clients, told.ledger.taken, times=times, due=due)
        keys = [message.pk for message in messages]
        until(
            lambda: Message.objects.filter(pk__in=keys, state=State.ACCEPTED).count() == len(keys),
            "every result written down",
            log=nursery.log,
            seconds=300,
        )
        nursery.end()
        lost = {str(key) for key in keys} - set(
            told.ledger.taken
        )  # the plans of the bookings go out after a while, too
        assert (lost, told.ledger.doubled) == (set(), 0)
        assert sum(len(client.acknowledged) for client in clients) >= times
        check_history(clients)
    assert max(waits) < RECOVERY_SECONDS


def test_control_where_commits_are_not_written_acknowledged_bookings_are_lost(site, flora) -> None:
    """The same with a server that acknowledges before it has written: the history is found wanting."""
    with cluster("synchronous_commit=off", "wal_writer_delay=10s") as server, working_on(server):
        client = Client(ChairFactory(site=site), flora)
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        with in_background(client.book):
            until(lambda: len(client.acknowledged) >= 3, "bookings")
            server.stop_at_once()
            server.start()
        with pytest.raises(AssertionError, match="acknowledged bookings are gone"):
            check_history([client])
