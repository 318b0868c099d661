"""A PostgreSQL server of a test's own: stopped as hard as it can be, started again, dumped, copied."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import psycopg
from django.db import connection, connections

from devtools.local import binaries, data_folder, identity
from tests.faults.processes import database_url, until

NAME = "courseline"
COMMON = ["listen_addresses=", "unix_socket_permissions=0700", "timezone=UTC", "fsync=off", "autovacuum=off"]
"""``fsync=off`` gives nothing away here: the machine stays up, so what was written reaches the disk."""


class Cluster:
    """One server on a Unix socket in a private folder; its only user needs no password."""

    def __init__(self, folder: Path, *, data: Path | None = None, settings: tuple[str, ...] = ()) -> None:
        self.folder, self.settings = folder, settings
        self.data = data or folder / "data"
        self._bin = binaries.postgres_install(folder) / "bin"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``DATABASE_URL``."""
        return f"postgres://{NAME}@/{NAME}?host={self.folder}"

    def make(self) -> None:
        """A new, empty one."""
        self._do("initdb", "-D", self.data, "-U", NAME, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def start(self) -> None:
        options = [part for setting in (*COMMON, *self.settings) for part in ("-c", setting)]
        command = [self._bin / "postgres", "-D", self.data, "-k", self.folder, *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                identity.unprivileged_command(command, death_signal="QUIT"), cwd="/", stdout=log, stderr=log
            )
        until(self._answers, "PostgreSQL")

    def stop_at_once(self) -> None:
        """What ``pg_ctl stop -m immediate`` does: every process ends without a word, and nothing is written any more."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def read_in(self, dump: bytes, *, name: str = NAME) -> None:
        """Makes a database of a dump."""
        self._do("createdb", *self._where, name)
        self._do("psql", *self._where, "-q", "-v", "ON_ERROR_STOP=1", "-d", name, given=dump)

    def copied(self, name: str, *settings: str) -> Cluster:
        """The files of the running server, as a backup takes them, for another one beside it."""
        target = self.folder / name
        self._do("pg_basebackup", *self._where, "-D", target, "--checkpoint=fast", "--no-sync")
        sockets = identity.make_private_folder(self.folder / f"{name}-sockets")
        return Cluster(sockets, data=target, settings=settings)

    @property
    def _where(self) -> list[str]:
        return ["-h", str(self.folder), "-U", NAME]

    def _do(self, program: str, *arguments: str | Path, given: bytes = b"") -> None:
        command = identity.unprivileged_command([self._bin / program, *arguments])
        done = subprocess.run(command, cwd="/", input=given, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]

    def _answers(self) -> bool:
        """Whether it does, and takes writes."""
        try:
            with psycopg.connect(host=str(self.folder), user=NAME, dbname="postgres") as line:
                return line.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,)
        except psycopg.OperationalError:
            return False


def dump(url: str) -> bytes:
    """A database as ``pg_dump`` writes it; who owns what is left out."""
    with data_folder.throw_away() as folder:
        program = binaries.postgres_install(folder) / "bin" / "pg_dump"
        return subprocess.run(
            [program, "--no-owner", "--no-acl", f"--dbname={url}"], check=True, capture_output=True
        ).stdout


@contextmanager
def cluster(*settings: str) -> Iterator[Cluster]:
    """A running one with this test's tables and rows, for the length of the block."""
    with data_folder.throw_away() as folder:
        made = Cluster(folder, settings=settings)
        made.make()
        made.start()
        try:
            made.read_in(dump(database_url()))
            yield made
        finally:
            made.stop_at_once()


@contextmanager
def working_on(server: Cluster, *, name: str = NAME) -> Iterator[None]:
    """Django here, in every thread, and the processes started meanwhile use this server's database."""
    used = connection.settings_dict
    before = dict(used)
    connection.close()
    used.update(HOST=str(server.folder), PORT="", NAME=name, USER=NAME, PASSWORD="")
    try:
        with mock.patch.dict(os.environ, DATABASE_URL=server.url):
            yield
    finally:
        connections.close_all()
        used.update(before)
