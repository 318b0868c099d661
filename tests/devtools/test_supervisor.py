"""The supervisor with real programs: one log, ready together, ended together, none left behind."""

import io
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from devtools.local import conditions, identity, ports
from devtools.local.errors import LocalServerError
from devtools.local.supervisor import Program, Supervisor
from tests.devtools.conftest import eventually, processes_naming

# Prints ready, then sleeps; a child of its own sleeps as well. The first argument marks both in the process table.
STAYS = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]])
print("now ready", flush=True)
time.sleep(600)
"""

SUPERVISE = """
import sys
from devtools.local import conditions
from devtools.local.supervisor import Program, Supervisor
with Supervisor() as supervisor:
    supervisor.start(
        *(
            Program(name, [sys.executable, "-c", sys.argv[1], sys.argv[2]], ready=conditions.printed("now ready"))
            for name in ("one", "two")
        )
    )
    supervisor.say("all ready")
    supervisor.wait()
"""

# The same, with programs that are not tied to the supervisor's life.
SUPERVISE_UNTIED = (
    """
from devtools.local import identity
identity.unprivileged_command = identity.tied_command = lambda argv, **_kinds: list(argv)
"""
    + SUPERVISE
)


def program(name: str, code: str, *arguments: object, **options) -> Program:
    return Program(name, [sys.executable, "-c", code, *map(str, arguments)], **options)


def never(_lines) -> bool:
    return False


def started(process) -> None:
    for line in process.stdout:
        if "all ready" in line:
            return
    pytest.fail("the supervisor ended early")


def test_each_line_of_each_program_is_one_event_with_its_name():
    log = io.StringIO()
    with Supervisor(output=log) as supervisor:
        supervisor.start(
            program(
                "worker", "import time; print('a\\n\\nb', flush=True); time.sleep(600)", ready=conditions.printed("b")
            )
        )
        supervisor.say("hello", name="demo")
    lines = log.getvalue().splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == ["worker a", "worker b", "demo   hello"]


def test_a_program_decides_what_of_its_output_is_shown():
    log = io.StringIO()
    with Supervisor(output=log) as supervisor:
        supervisor.start(
            program(
                "beat",
                "import time; print('noise\\nsent', flush=True); time.sleep(600)",
                ready=conditions.printed("sent"),
                show=lambda line: None if line == "noise" else line.upper(),
            )
        )
        assert supervisor.output("beat") == ("noise", "sent")
    assert [line.split(maxsplit=1)[1] for line in log.getvalue().splitlines()] == ["beat SENT"]


def test_start_returns_when_the_port_answers(tmp_path):
    port = ports.any_free()
    (tmp_path / "health").write_text("ok")
    with Supervisor(output=io.StringIO(), folder=tmp_path) as supervisor:
        assert not conditions.listening(port)(())
        supervisor.start(
            Program(
                "web",
                [sys.executable, "-m", "http.server", str(port), "--bind", ports.LOOPBACK],
                ready=conditions.answering(port, "/health"),
                unprivileged=False,
            )
        )
        assert conditions.listening(port)(())
        assert not conditions.answering(port, "/missing")(())
    assert not conditions.listening(port)(())


def test_a_program_that_dies_is_named_with_its_last_line_and_the_others_end(tmp_path):
    with Supervisor(output=io.StringIO()) as supervisor:
        supervisor.start(program("web", STAYS, tmp_path, ready=conditions.printed("now ready")))
        supervisor.start(program("worker", "import sys; print('no broker'); sys.exit(3)"))
        with pytest.raises(LocalServerError, match=r"^worker ended by itself \(exit status 3\): no broker$"):
            supervisor.wait()
    assert not processes_naming(tmp_path)


def test_a_killed_program_is_named_with_the_signal(tmp_path):
    with Supervisor(output=io.StringIO()) as supervisor:
        supervisor.start(
            program(
                "web",
                STAYS,
                tmp_path,
                ready=conditions.printed("now ready"),
            )
        )
        for pid in processes_naming(tmp_path):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(LocalServerError, match=r"web ended by itself .*SIGKILL"):
            supervisor.wait()


def test_a_program_that_never_gets_ready_is_named(tmp_path):
    slow = program("web", STAYS, tmp_path, ready=never, ready_seconds=1.0)
    with Supervisor(output=io.StringIO()) as supervisor:
        with pytest.raises(LocalServerError, match=r"^web is not ready after 1 s: "):
            supervisor.start(slow)
        assert processes_naming(tmp_path)
    assert not processes_naming(tmp_path)


def test_a_program_that_is_not_there_is_named():
    missing = Program("web", ["no-such-program"], ready=never, ready_seconds=5)
    with (
        Supervisor(output=io.StringIO()) as supervisor,
        pytest.raises(LocalServerError, match=r"web .*no-such-program"),
    ):
        supervisor.start(missing)


def test_one_that_ignores_the_request_to_end_is_killed(tmp_path):
    stubborn = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    log = io.StringIO()
    with Supervisor(output=log) as supervisor:
        supervisor.start(program("web", stubborn, tmp_path, ready=conditions.printed("deaf"), stop_seconds=0.3))
    assert "did not end within 0 s: killed" in log.getvalue()
    assert not processes_naming(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(tmp_path, script, number):
    process = script(SUPERVISE, STAYS, tmp_path)
    started(process)
    assert len(processes_naming(tmp_path)) == 5
    process.send_signal(number)
    process.wait(20)
    assert not processes_naming(tmp_path)


def test_programs_end_with_a_killed_supervisor(tmp_path, script):
    process = script(SUPERVISE, "import sys, time; print('now ready', flush=True); time.sleep(600)", tmp_path)
    started(process)
    assert len(processes_naming(tmp_path)) == 3
    process.kill()
    assert eventually(lambda: not processes_naming(tmp_path))


def test_control_without_the_tie_they_stay(tmp_path, script):
    process = script(SUPERVISE_UNTIED, "import sys, time; print('now ready', flush=True); time.sleep(600)", tmp_path)
    started(process)
    process.kill()
    process.wait()
    try:
        assert not eventually(lambda: not processes_naming(tmp_path), seconds=1.0)
    finally:
        for pid in processes_naming(tmp_path):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(os.geteuid() != 0, reason="shows what happens under root")
def test_under_root_programs_run_as_the_servers_user_where_it_can(tmp_path):
    code = "import os, time; print('uid', os.getuid(), os.environ['HOME'], flush=True); time.sleep(600)"
    with Supervisor(output=io.StringIO(), home=tmp_path) as supervisor:
        supervisor.start(program("worker", code, ready=conditions.printed("uid")))
        supervisor.start(program("sink", code, ready=conditions.printed("uid"), unprivileged=False))
        worker, sink = supervisor.output("worker")[0], supervisor.output("sink")[0]
    if identity.can_run_checkout():
        assert worker == f"uid {identity.unprivileged().uid} {tmp_path}"
    else:  # its user could not read this checkout or this Python
        assert worker.startswith("uid 0 ")
    assert sink == f"uid 0 {Path.home()}"


def test_another_thread_may_not_start_programs():
    errors: list[Exception] = []

    def attempt(supervisor: Supervisor) -> None:
        try:
            supervisor.start(program("web", "input()"))
        except LocalServerError as error:
            errors.append(error)

    with Supervisor(output=io.StringIO()) as supervisor:
        thread = threading.Thread(target=attempt, args=(supervisor,))
        thread.start()
        thread.join()
    assert "main thread" in str(errors[0])
