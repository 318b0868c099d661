"""Backups read in: a dump, and a copy of the files. Nothing that was sent before is sent again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from psycopg import sql

from notifications.actions import delivery, pauses, restores
from notifications.channels import Accepted
from notifications.engine.states import Reason, State
from notifications.models import Cause, Message, Pause
from notifications.queries.database_clock import database_now
from tests.faults import outbox
from tests.faults.cluster import Cluster, cluster, dump, working_on
from tests.notifications.fake_sender import AskableSender, FakeSender, in_place_of_mail

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

HOUR = timedelta(hours=1)


class Patients:
    """What arrived, whatever a database says about it."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def take(self, key: str) -> Accepted:
        self.got.append(key)
        return Accepted("250", f"id-{key}")

    def look(self, key: str) -> Accepted | None:
        return Accepted("found", f"id-{key}") if key in self.got else None


def deliver(kind: type[FakeSender], to: Patients, service, *, most: int = 1000, later: timedelta = timedelta(0)) -> int:
    """Sends what is due, or was in so long; how many."""
    before = len(to.got)
    with in_place_of_mail(kind):
        delivery.deliver_due(
            by=service,
            clock=lambda: database_now() + later,
            batch=5,
            enough=lambda: len(to.got) - before >= most,
            open_sender=lambda _: kind(answer=to.take, known=to.look),
        )
    return len(to.got) - before


def checksums() -> dict[str, str]:
    """One for every table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY relname")
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for table in tables:
            rows = sql.SQL("SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {} AS t")
            cursor.execute(rows.format(sql.Identifier(table)))
            (found[table],) = cursor.fetchone()
    return found


@contextmanager
def a_day(site, service) -> Iterator[tuple[Cluster, Patients, bytes, dict[str, str]]]:
    """20 messages due, 7 sent before the backup and 8 after it; 5 more due in an hour. The server, and the backup."""
    arrived = Patients()
    with cluster() as server:
        with working_on(server):
            messages = outbox.fill(site, 25, by=service)
            later = [message.pk for message in messages[20:]]
            due_at = messages[0].due_at + HOUR
            Message.objects.filter(pk__in=later).update(due_at=due_at, next_try_at=due_at)
            restores.guard(by=service, now=database_now())
            assert deliver(FakeSender, arrived, service, most=7) == 7
            backup, then = dump(server.url), checksums()
            assert deliver(FakeSender, arrived, service, most=8) == 8
        yield server, arrived, backup, then


def lift(service) -> None:
    pauses.lift(pause=Pause.objects.get(cause=Cause.RESTORE, lifted_at=None), by=service, now=database_now())


def test_a_dump_read_in_is_what_was_dumped_and_sends_nothing_again(site, service, monkeypatch) -> None:
    with a_day(site, service) as (server, arrived, backup, then):
        server.read_in(backup, name="asked")
        with working_on(server, name="asked"):
            assert checksums() == then
            assert deliver(AskableSender, arrived, service) == 0, "held back until somebody has looked"
            lift(service)
            assert deliver(AskableSender, arrived, service) == 5, "what had not been sent"
            assert deliver(AskableSender, arrived, service, later=HOUR) == 5, "what was not due yet"
            assert set(Message.objects.values_list("state", flat=True)) == {State.ACCEPTED}
        assert set(Counter(arrived.got).values()) == {1}
        assert len(arrived.got) == 25

        server.read_in(backup, name="silent")
        with working_on(server, name="silent"):
            del arrived.got[15:]
            assert deliver(FakeSender, arrived, service) == 0
            lift(service)
            assert deliver(FakeSender, arrived, service, later=HOUR) == 5, "only what was not due yet"
            left = Message.objects.for_people()
            assert set(left.values_list("state", "reason")) == {(State.UNCERTAIN, Reason.RESTORED)}
            assert left.count() == 13, "sent after the backup or not at all: nobody can tell, so people look"
        assert set(Counter(arrived.got).values()) == {1}

        server.read_in(backup, name="control")
        with working_on(server, name="control"):
            monkeypatch.setattr(restores, "guard", lambda **_: False)
            deliver(FakeSender, arrived, service)
        assert max(Counter(arrived.got).values()) == 2, "without the guard they arrive again"


@contextmanager
def running(server: Cluster) -> Iterator[Cluster]:
    server.start()
    try:
        yield server
    finally:
        server.stop_at_once()


@pytest.mark.soak
def test_a_copy_of_the_files_sends_nothing_again(site, service, settings, tmp_path: Path) -> None:
    settings.RESTORE_MARKER = tmp_path / "epoch"
    with a_day(site, service) as (server, arrived, _, _):
        with working_on(server):
            to_a_point = server.copied("point", "recovery_target=immediate", "recovery_target_action=promote",
                                       "restore_command=false")  # fmt: skip
            (to_a_point.data / "recovery.signal").touch()
            whole = server.copied("whole")
            unmarked = server.copied("unmarked")
            restores.remember(now=database_now())  # as every sweep does
            assert deliver(FakeSender, arrived, service) == 5
        settings.RESTORE_MARKER = None
        with running(to_a_point) as restored, working_on(restored):
            assert deliver(FakeSender, arrived, service) == 0, "another timeline"
            assert Pause.objects.get().cause == Cause.RESTORE
        settings.RESTORE_MARKER = tmp_path / "epoch"
        with running(whole) as restored, working_on(restored):
            assert deliver(FakeSender, arrived, service) == 0, "older than the marker"
            assert Pause.objects.get().cause == Cause.RESTORE
            assert Message.objects.for_people().count() == 5
        assert set(Counter(arrived.got).values()) == {1}

        settings.RESTORE_MARKER = None
        with running(unmarked) as restored, working_on(restored):
            assert deliver(FakeSender, arrived, service) == 5
        assert max(Counter(arrived.got).values()) == 2, "without the marker they arrive again"
