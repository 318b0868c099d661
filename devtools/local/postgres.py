"""One local PostgreSQL: Unix socket only, password required, without root rights."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from devtools.local import binaries, identity, processes
from devtools.local.errors import LocalServerError

ROLE = "courseline"  # what the application signs in as: owns its database, may create test databases, is no superuser
DATABASE = "courseline"
_SUPERUSER = "postgres"

# Only for data that is thrown away: a crash of the machine may damage it.
_NOT_DURABLE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum_naptime=5min")


@contextmanager
def running(data: Path, *, sockets: Path, durable: bool, lock: int) -> Iterator[str]:
    """Run PostgreSQL on ``data/postgres`` for the length of the block; gives the URL for ``DATABASE_URL``.

    The caller holds the lock of ``data``. A missing cluster is made first.

    Raises:
        LocalServerError: no server program, a cluster of another major version, or it does not start.
    """
    install = binaries.postgres_install(data)
    cluster = data / "postgres"
    superuser_password = _password(data / "postgres-superuser.password")
    role_password = _password(data / "postgres.password")
    if not (cluster / "PG_VERSION").is_file():
        _make_cluster(install, cluster, password_file=data / "postgres-superuser.password", durable=durable)
    _refuse_other_major(install, cluster)
    _remove_stale_pid(cluster)
    settings = ["listen_addresses=", "unix_socket_permissions=0700", "timezone=UTC", "log_timezone=UTC"]
    settings += () if durable else _NOT_DURABLE
    command: list[str | Path] = [install / "bin" / "postgres", "-D", cluster, "-k", sockets]
    with processes.server(
        "PostgreSQL",
        [*command, *(part for setting in settings for part in ("-c", setting))],
        log=data / "postgres.log",
        ready=lambda: _answers(sockets, superuser_password),
        stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, data is flushed
        lock=lock,
    ):
        _ensure_role_and_database(sockets, superuser_password, role_password)
        yield f"postgres://{ROLE}:{role_password}@/{DATABASE}?host={quote(str(sockets))}"


def _password(path: Path) -> str:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(24))  # hexadecimal: needs no quoting in a URL
        identity.give(path)
    return path.read_text().strip()


def _make_cluster(install: Path, cluster: Path, *, password_file: Path, durable: bool) -> None:
    shutil.rmtree(cluster, ignore_errors=True)  # what an interrupted initdb left
    options: list[str | Path] = ["-D", cluster, "-U", _SUPERUSER, "--auth=scram-sha-256", "--pwfile", password_file]
    options += ["-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", *(() if durable else ("--no-sync",))]
    result = _initdb(install, options)
    if result.returncode != 0 and "invalid locale" in result.stdout:  # macOS before 15 knows no C.UTF-8
        shutil.rmtree(cluster, ignore_errors=True)
        result = _initdb(install, [option for option in options if option != "--locale=C.UTF-8"] + ["--locale=C"])
    if result.returncode != 0:
        shutil.rmtree(cluster, ignore_errors=True)
        lines = result.stdout.splitlines()
        told = [line for line in lines if "error:" in line or "FATAL:" in line] or lines[-1:] or ["it printed nothing"]
        raise LocalServerError(f"PostgreSQL could not make its data folder: {told[0]}")


def _initdb(install: Path, options: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        identity.unprivileged_command([install / "bin" / "initdb", *options], death_signal="INT"),
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},  # its messages are read above
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _refuse_other_major(install: Path, cluster: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    version = subprocess.run(
        [install / "bin" / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    if f" {made_by}." not in version:
        found = version.split()[-1] if version.split() else "unknown"
        raise LocalServerError(
            f"{cluster} was made by PostgreSQL {made_by}, the program found is {found}: "
            "install the earlier one, or start afresh with `make demo-reset`"
        )


def _remove_stale_pid(cluster: Path) -> None:
    """Remove what a killed server left. Process ids are reused, and PostgreSQL refuses when the old one is alive again."""
    path = cluster / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        pid = int(path.read_text().splitlines()[0])
        if not _serves(pid, cluster):
            path.unlink()


def _serves(pid: int, cluster: Path) -> bool:
    proc = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return True  # no way to tell: leave the decision to PostgreSQL
    try:
        return (proc / "cwd").resolve() == cluster.resolve()  # a postmaster works inside its data folder
    except OSError:
        return False


def _answers(sockets: Path, password: str) -> bool:
    import psycopg  # imported here: `make` targets that start no server do not pay for it

    try:
        with psycopg.connect(host=str(sockets), user=_SUPERUSER, password=password, dbname=_SUPERUSER):
            return True
    except psycopg.OperationalError:
        return False


def _ensure_role_and_database(sockets: Path, superuser_password: str, role_password: str) -> None:
    import psycopg
    from psycopg import sql

    role, name = sql.Identifier(ROLE), sql.Identifier(DATABASE)
    with psycopg.connect(
        host=str(sockets), user=_SUPERUSER, password=superuser_password, dbname=_SUPERUSER, autocommit=True
    ) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, sql.Literal(role_password))
            )
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))
