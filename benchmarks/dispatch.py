"""The dispatcher through SMTP against bare ``smtplib`` loops that send the same messages to the same server.

    python -m devtools.local run -- python -m benchmarks.dispatch [messages] [rounds]

The server is the development sink in a process of its own. Rounds alternate, so that a busy machine slows all alike;
what this process itself worked for a message says more there than the clock on the wall.
"""

import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from time import perf_counter, process_time
from typing import Any

from benchmarks import scratch


def main(number: int, rounds: int) -> None:
    with scratch.database(), tempfile.TemporaryDirectory() as folder, sink(folder) as port:
        point_to(port)
        speeds: dict[str, list[float]] = {}
        work: dict[str, list[float]] = {}
        for _ in range(rounds):
            for name, send in METHODS.items():
                make_due(number)
                start, worked = perf_counter(), process_time()
                sent = send(port)
                work.setdefault(name, []).append((process_time() - worked) * 1000 / sent)
                speeds.setdefault(name, []).append(sent / (perf_counter() - start))
                assert sent == number, f"{name} sent {sent}"
        from notifications.actions.delivery import BATCH

        claimed = claim_rate(number)
    print(f"{number} messages a round, {rounds} rounds, messages/s, median (all)\n")
    for name, found in speeds.items():
        every = " ".join(f"{speed:.0f}" for speed in found)
        own = scratch.percentile(work[name], 0.5)
        print(f"{name:44} {scratch.percentile(found, 0.5):6.0f}   ({every})   {own:.2f} ms of this process each")
    print(f"{f'claim alone, {BATCH} at once':44} {claimed:6.0f}\n")
    ours = speeds.pop(DISPATCHER)
    for name, found in speeds.items():
        ratio = scratch.percentile([a / b for a, b in zip(ours, found, strict=True)], 0.5)
        print(f"dispatcher to {name}: {ratio:.2f}")


def with_the_dispatcher(_port: int) -> int:
    """Claim, look again, attempt, send, record: what the product does."""
    from clinics.models import User
    from notifications.actions import delivery
    from notifications.engine.states import State

    return delivery.deliver_due(by=User.objects.service()).states[State.ACCEPTED]


def bare_loop(port: int) -> int:
    """Reads the rows, writes the words, sends over one connection; remembers nothing."""
    from notifications.channels.email.smtp import SmtpSender
    from notifications.models import Message

    rows = Message.objects.select_related("patient__site", "appointment__site").filter(state="scheduled")
    writer = SmtpSender()
    sent = 0
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for message in rows:
            letter = writer.compose(message, [message.appointment])
            connection.sendmail(letter.sender, [letter.recipient], letter.content)
            sent += 1
    return sent


def bare_loop_ready_bytes(port: int) -> int:
    """The same few bytes again and again, over one connection: the server's own limit."""
    from notifications.channels.email.smtp import SmtpSender
    from notifications.models import Message

    rows = Message.objects.select_related("patient__site", "appointment__site").filter(state="scheduled")
    message = rows[0]
    letter = SmtpSender().compose(message, [message.appointment])
    sent = 0
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for _ in range(rows.count()):
            connection.sendmail(letter.sender, [letter.recipient], letter.content)
            sent += 1
    return sent


def bare_loop_connecting_each_time(port: int) -> int:
    """A new connection for each message, as ``django.core.mail.send_mail`` in a task would."""
    from notifications.channels.email.smtp import SmtpSender
    from notifications.models import Message

    writer = SmtpSender()
    sent = 0
    for message in Message.objects.select_related("patient__site", "appointment__site").filter(state="scheduled"):
        letter = writer.compose(message, [message.appointment])
        with smtplib.SMTP("127.0.0.1", port) as connection:
            connection.sendmail(letter.sender, [letter.recipient], letter.content)
        sent += 1
    return sent


DISPATCHER = "dispatcher"
METHODS: dict[str, Callable[[int], int]] = {
    "bare loop, one connection": bare_loop,
    DISPATCHER: with_the_dispatcher,
    "bare loop, connecting each time": bare_loop_connecting_each_time,
    "bare loop, bytes ready": bare_loop_ready_bytes,
}


def claim_rate(number: int) -> float:
    """Messages claimed a second, with the verdict on each and without sending."""
    from notifications.actions import delivery
    from notifications.queries.database_clock import database_now

    make_due(number)
    start = perf_counter()
    done = delivery.Delivered()
    while delivery.claim(clock=database_now, batch=delivery.BATCH, done=done):
        pass
    return number / (perf_counter() - start)


def make_due(number: int, *, afresh: bool = True, apart: timedelta = timedelta(0)) -> None:
    """Fills the outbox, emptied before if ``afresh``, with one reminder a patient, due now or so far apart, whatever the hour."""
    from django.db import connection

    from clinics.models import Patient, Role, Site, User
    from core import clock
    from notifications.models import Message
    from scheduler.models import Appointment, ChangeSet, Status

    now = clock.now()
    site, _ = Site.objects.get_or_create(
        code="bench",
        name="Bench",
        public_name="Alder",
        zone="America/New_York",
        phone="+12125550100",
        address="1 River Street",
        country="US",
    )
    by, _ = User.objects.get_or_create(email="bench@example.org", name="Bench", role=Role.FRONT_DESK)
    if afresh:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE clinics_patient CASCADE")
    starts = now + timedelta(days=1)
    local = clock.local(starts, site.zone)
    shared: dict[str, Any] = {
        "site": site,
        "status": Status.BOOKED,
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=1),
        "local_on": local.date(),
        "local_time": local.time(),
        "zone": site.zone,
        "summary": "Visit",
        "change_set": ChangeSet.objects.create(verb="book", by=by, site=site),
    }
    patients = Patient.objects.bulk_create(
        Patient(
            site=site,
            given_name=f"Ana {n}",
            family_name="Example",
            birth_on=date(1980, 1, 1),
            email=f"ana{n}@example.org",
            may_email=True,
        )
        for n in range(number)
    )
    visits = Appointment.objects.bulk_create(Appointment(patient=patient, **shared) for patient in patients)
    Message.objects.bulk_create(
        Message(
            patient=visit.patient,
            appointment=visit,
            schedule_epoch=1,
            step="one_day",
            channel="email",
            due_at=now + position * apart,
            next_try_at=now + position * apart,
            not_after=starts,
            heeds_quiet_hours=False,
        )
        for position, visit in enumerate(visits)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_message")


def point_to(port: int) -> None:
    """The settings of this process: mail goes to the sink; one line a message in the log would be measured too."""
    import logging

    from django.conf import settings

    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    logging.getLogger().setLevel(logging.WARNING)


@contextmanager
def sink(folder: str) -> Iterator[int]:
    """The development mail sink, running."""
    command = [sys.executable, "-m", "devtools.sink", "--port", "0", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().partition("127.0.0.1:")[2].partition(",")[0])
        # what it says must be read, or it stops when the pipe is full
        reader = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        try:
            yield port
        finally:
            process.terminate()
            reader.wait()


if __name__ == "__main__":
    main(*(int(argument) for argument in [*sys.argv[1:], "400", "5"][:2]))
