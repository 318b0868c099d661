"""The folder that holds the data of one pair of local servers: where it is, and who uses it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devtools.local import identity
from devtools.local.errors import LocalServerError

THROW_AWAY_PREFIX = "courseline-test-"
_LOCK = "launcher.lock"
_LEFTOVER_SECONDS = 15.0  # servers of a killed launcher stop within this time
_YOUNG_SECONDS = 60.0  # a younger folder may be another run's that has not taken its lock yet
_SOCKET_NAME = ".s.PGSQL.5432"  # the longest of our socket names
_SOCKET_BYTES = 107 if sys.platform == "linux" else 103


def default() -> Path:
    """Where this checkout keeps its local data: ``var/local`` inside it.

    Under root, with a checkout below a private folder such as ``/root``, the unprivileged user could not reach it: then a
    folder of ``/var/lib/courseline`` named after the checkout's path.
    """
    inside = identity.CHECKOUT / "var" / "local"
    if identity.can_reach(identity.CHECKOUT):
        return inside
    key = hashlib.sha256(os.fsencode(identity.CHECKOUT)).hexdigest()[:12]
    return Path("/var/lib/courseline") / key


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Make ``folder`` private to the unprivileged user and lock it; gives the lock's file descriptor.

    Servers inherit the descriptor. So the lock is free exactly when nothing uses the folder any more.

    Raises:
        LocalServerError: another launcher is running on it.
    """
    identity.make_private_folder(folder)
    path = folder / _LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LocalServerError(
            f"cannot write {path} ({error.strerror}): run as the user the folder belongs to"
        ) from error
    try:
        identity.give(path)
        _lock(descriptor, folder)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while not _try_lock(descriptor):
        holder = os.pread(descriptor, 32, 0).decode().strip()
        if holder and _is_alive(int(holder)):
            raise LocalServerError(
                f"the local servers in {folder} are already running (process {holder}): stop that one first, with Ctrl-C"
            )
        if time.monotonic() > deadline:
            raise LocalServerError(
                f"servers of an earlier start still use {folder}: end them (`fuser {folder / _LOCK}`)"
            )
        time.sleep(0.05)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_in_use(folder: Path) -> bool:
    """Whether a launcher or a server it left holds the lock of ``folder``."""
    try:
        with (folder / _LOCK).open("rb") as lock:
            return not _try_lock(lock.fileno())
    except OSError:
        return False


def remove(folder: Path) -> None:
    """Remove ``folder`` with all its data.

    Raises:
        LocalServerError: servers are running on it, or it belongs to somebody else.
    """
    with locked(folder):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise LocalServerError(
                f"cannot remove {folder} ({error.strerror}): run as the user it belongs to"
            ) from error


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def throw_away() -> Iterator[Path]:
    """A fresh folder, removed at the end. Those that killed runs have left behind are removed as well."""
    base = _temporary_base()
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=THROW_AWAY_PREFIX, dir=base))
    try:
        identity.make_private_folder(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_base() -> Path:
    wanted = Path(tempfile.gettempdir())
    return wanted if identity.can_reach(wanted) else Path("/tmp")  # noqa: S108 - TMPDIR is closed to the servers' user


def _remove_abandoned(base: Path) -> None:
    for folder in base.glob(THROW_AWAY_PREFIX + "*"):
        with suppress(OSError), (folder / _LOCK).open("r+b") as lock:
            if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
                continue
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def socket_folder(data: Path) -> Iterator[Path]:
    """A private folder for the Unix sockets: inside ``data``, unless that path is too long or too odd for a socket URL."""
    inside = data / "sockets"
    if len(os.fsencode(inside / _SOCKET_NAME)) <= _SOCKET_BYTES and re.fullmatch(r"[\w./-]+", str(inside), re.ASCII):
        yield identity.make_private_folder(inside)
        return
    short = Path(tempfile.mkdtemp(prefix="courseline-", dir="/tmp"))  # not TMPDIR, which may be long as well
    try:
        yield identity.make_private_folder(short)
    finally:
        shutil.rmtree(short, ignore_errors=True)
