"""``python -m devtools.local run -- COMMAND`` and the pytest plugin: throw-away servers around a command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from devtools.local import identity, ports
from tests.devtools.conftest import eventually, processes_naming

RUN = (sys.executable, "-m", "devtools.local", "run", "--")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=identity.CHECKOUT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_command_finds_the_servers_and_its_status_is_ours():
    code = "import os, sys, psycopg; psycopg.connect(os.environ['DATABASE_URL']).close(); print(os.environ['CACHE_URL']); sys.exit(7)"
    done = run(*RUN, sys.executable, "-c", code)
    assert done.returncode == 7, done.stderr
    folder = Path(done.stdout.strip().removeprefix("unix://").split("/sockets/")[0])
    assert folder.name.startswith("courseline-test-")
    assert not folder.exists()


def test_servers_out_of_reach_are_one_line_and_status_2():
    done = run(*RUN, "true", DATABASE_URL=f"postgres://clinic:hidden@127.0.0.1:{ports.any_free()}/clinic")
    assert done.returncode == 2
    assert done.stderr.startswith("error: DATABASE_URL is set, but PostgreSQL at 127.0.0.1")
    assert len(done.stderr.splitlines()) == 1
    assert "hidden" not in done.stderr


def test_a_command_that_is_not_there_is_one_line():
    done = run(*RUN, "no-such-command")
    assert done.returncode != 0
    assert "no-such-command" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_terminated_it_takes_the_command_and_the_servers_along(spawn, tmp_path):
    stays = f"import os, time; print(os.environ['DATABASE_URL'], flush=True); time.sleep(600) # {tmp_path}"
    process = spawn(*RUN, sys.executable, "-c", stays)
    folder = process.stdout.readline().split("host=")[1].split("/sockets")[0]
    process.terminate()
    assert process.wait(20) == 128 + signal.SIGTERM
    assert not processes_naming(tmp_path)
    assert not processes_naming(folder)


PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "tests.plugin_servers", "-p", "no:cacheprovider")
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # only our plugin, and those that are named: a start costs seconds less


def test_all_workers_of_a_test_run_share_one_pair(tmp_path):
    module = tmp_path / "test_shared.py"
    module.write_text(
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('number', range(6))\n"
        "def test_it(number):\n"
        f"    pathlib.Path({str(tmp_path)!r}, os.environ['PYTEST_XDIST_WORKER'] + '.url').write_text(os.environ['DATABASE_URL'])\n"
    )
    done = run(
        *PYTEST,
        "-p",
        "xdist",
        "-n",
        "2",
        "--dist",
        "each",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
        str(module),
        **ALONE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    urls = [path.read_text() for path in tmp_path.glob("gw*.url")]
    assert len(urls) == 2
    assert len(set(urls)) == 1
    assert not Path(urls[0].split("host=")[1]).exists()


def test_the_servers_of_a_killed_test_run_end(tmp_path, spawn):
    module = tmp_path / "test_stays.py"
    module.write_text(
        "import os, pathlib, time\n"
        "def test_it():\n"
        f"    pathlib.Path({str(tmp_path)!r}, 'url').write_text(os.environ['DATABASE_URL'])\n"
        f"    pathlib.Path({str(tmp_path)!r}, 'url').rename({str(tmp_path / 'ready')!r})\n"
        "    time.sleep(600)\n"
    )
    process = spawn(*PYTEST, "-c", os.devnull, "--rootdir", tmp_path, module, **ALONE)
    assert eventually((tmp_path / "ready").exists)
    folder = (tmp_path / "ready").read_text().split("host=")[1].split("/sockets")[0]
    assert processes_naming(folder)
    process.kill()
    assert eventually(lambda: not processes_naming(folder))


def test_a_test_run_says_in_one_line_when_its_database_is_out_of_reach(tmp_path):
    unreachable = f"postgres://clinic:hidden@127.0.0.1:{ports.any_free()}/clinic"
    done = run(*PYTEST, "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path), DATABASE_URL=unreachable, **ALONE)
    assert done.returncode == 4
    assert "ERROR: DATABASE_URL is set, but" in done.stderr
    assert "Traceback" not in done.stderr
