"""Whose rights local processes run with, and how they are tied to the life of their parent.

PostgreSQL refuses to run as root and Celery warns about it, so under root everything local runs as ``nobody``;
a normal user keeps their own identity. The one command built here also makes the kernel signal the child when its parent
dies, even by ``kill -9``. The kernel ties that signal to the *thread* that started the child: start children from the
main thread only.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.local.errors import LocalServerError

CHECKOUT = Path(__file__).resolve().parents[2]
_WATCHER = Path(__file__).with_name("watcher.py")


@dataclass(frozen=True)
class Identity:
    """A system user as numbers."""

    name: str
    uid: int
    gid: int


@functools.cache
def unprivileged() -> Identity | None:
    """The user that local processes run as, or None when this process already has no root rights.

    It must have an entry in the user database: ``initdb`` looks its own name up.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise LocalServerError(
            "running as root, and there is no user `nobody` to run the servers as: run as a normal user"
        ) from None
    return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid)


@functools.cache
def setpriv() -> str | None:
    """Path of util-linux' ``setpriv``, or None where it is missing or too old (BusyBox) to know ``--pdeathsig``."""
    path = shutil.which("setpriv")
    if path is None:
        return None
    text = subprocess.run([path, "--help"], capture_output=True, text=True, check=False).stdout
    return path if "--pdeathsig" in text else None


def unprivileged_command(argv: Sequence[str | Path], *, death_signal: str = "TERM") -> list[str]:
    """``argv`` without root rights, sent ``death_signal`` (``"INT"``, ``"TERM"``) when the starting thread dies."""
    return _command(argv, death_signal=death_signal, who=unprivileged())


def tied_command(argv: Sequence[str | Path], *, death_signal: str = "TERM") -> list[str]:
    """``argv`` with the rights of this process, sent ``death_signal`` when the starting thread dies."""
    return _command(argv, death_signal=death_signal, who=None)


def _command(argv: Sequence[str | Path], *, death_signal: str, who: Identity | None) -> list[str]:
    command = [str(part) for part in argv]
    tool = setpriv()
    if tool is None:  # macOS, Alpine: a small process in between watches the parent instead of the kernel
        drop = [f"--uid={who.uid}", f"--gid={who.gid}"] if who else []
        return [sys.executable, "-S", str(_WATCHER), f"--signal={death_signal}", *drop, "--", *command]
    drop = [f"--reuid={who.uid}", f"--regid={who.gid}", "--clear-groups"] if who else []
    return [tool, *drop, f"--pdeathsig={death_signal}", "--", *command]


def can_run(*argv: str | Path, cwd: Path | None = None) -> bool:
    """Whether the unprivileged user can run ``argv`` successfully; a real try, as modes alone do not tell."""
    return _output_of(argv, cwd=cwd) is not None


@functools.cache
def can_run_checkout() -> bool:
    """Whether the unprivileged user can run this checkout with this same Python (not so if either is below ``/root``)."""
    if unprivileged() is None:
        return True
    same = (
        f"{sys.version}|{sys.base_prefix}"  # an unreadable Python can fall back to the system's library and half work
    )
    probe = "import sys, django, devtools; print(sys.version, sys.base_prefix, sep='|')"
    return _output_of([sys.executable, "-c", probe], cwd=CHECKOUT) == same


def _output_of(argv: Sequence[str | Path], *, cwd: Path | None) -> str | None:
    # The shell in between runs the program with no rights left; setpriv itself may still have root's when it does.
    command = unprivileged_command(["sh", "-c", 'exec "$@"', "sh", *argv])
    try:
        done = subprocess.run(
            command, cwd=cwd or "/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def make_private_folder(path: Path) -> Path:
    """Create ``path`` (and missing parents) for the unprivileged user alone: mode 0700.

    Raises:
        LocalServerError: the folder belongs to somebody else or cannot be made.
    """
    who = unprivileged()
    try:
        for parent in reversed([parent for parent in path.parents if not parent.exists()]):
            parent.mkdir()
            parent.chmod(0o755)  # whatever the umask: the unprivileged user passes through it
        path.mkdir(exist_ok=True)
        if who is not None:
            os.chown(path, who.uid, who.gid)
        path.chmod(0o700)
        next(path.iterdir(), None)  # an unreadable folder is found here, not inside initdb
    except OSError as error:
        raise LocalServerError(
            f"cannot use the folder {path} ({error.strerror}): remove it, or run as the user it belongs to"
        ) from error
    return path


def give(path: Path) -> Path:
    """Make the unprivileged user the owner of the file ``path``."""
    who = unprivileged()
    if who is not None:
        os.chown(path, who.uid, who.gid)
    return path


def can_reach(folder: Path) -> bool:
    """Whether the unprivileged user can pass through ``folder`` (every parent included)."""
    return unprivileged() is None or can_run("test", "-x", folder)
