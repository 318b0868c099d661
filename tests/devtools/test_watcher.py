"""The stand-in for setpriv, for systems that have none."""

import os
import signal
import sys
from pathlib import Path

import psycopg
import pytest

from devtools.local import identity, servers
from tests.devtools.conftest import eventually, processes_naming

TIED_SLEEP = """
import subprocess, sys, time
from devtools.local import identity
identity.setpriv = lambda: None
subprocess.Popen(identity.tied_command(["sleep", sys.argv[1]]))
print("ready")
time.sleep(600)
"""


@pytest.fixture
def no_setpriv(monkeypatch):
    monkeypatch.setattr(identity, "setpriv", lambda: None)
    identity.can_run_checkout.cache_clear()
    yield
    identity.can_run_checkout.cache_clear()


@pytest.mark.usefixtures("no_setpriv")
def test_servers_start_and_end_through_it(data_dir):
    with servers.running(data_dir, durable=False) as urls:
        psycopg.connect(urls.database).close()
        if os.geteuid() == 0:
            postmaster = int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            assert Path(f"/proc/{postmaster}").stat().st_uid == identity.unprivileged().uid
    assert not processes_naming(data_dir)


def test_the_command_ends_with_the_killed_parent(script):
    mark = f"600.{os.getpid()}"
    process = script(TIED_SLEEP, mark)
    assert process.stdout.readline() == "ready\n"
    assert eventually(lambda: any("sleep" in command_of(pid) for pid in processes_naming(mark)))
    process.kill()
    assert eventually(lambda: not processes_naming(mark))


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def test_the_exit_status_is_the_commands(spawn):
    run = [sys.executable, "-S", str(identity._WATCHER), "--"]
    assert spawn(*run, "sh", "-c", "exit 7").wait(20) == 7
    assert spawn(*run, "sh", "-c", "kill -TERM $$").wait(20) == 128 + signal.SIGTERM
