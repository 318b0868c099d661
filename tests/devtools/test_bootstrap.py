"""scripts/bootstrap where it must not install anything: what it says, and that it leaves a ready environment alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.local.identity import CHECKOUT


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A checkout with the script and one tiny set of requirements."""
    shutil.copytree(CHECKOUT / "scripts", tmp_path / "checkout" / "scripts")
    folder = tmp_path / "checkout" / "requirements"
    folder.mkdir()
    (folder / "demo.txt").write_text("# nothing\n")
    return tmp_path / "checkout"


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def bootstrap(checkout: Path, *, first: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with the folder ``first`` before everything else on the PATH."""
    return subprocess.run(
        [checkout / "scripts" / "bootstrap", "demo"],
        env={**os.environ, "PATH": f"{first}:{os.environ['PATH']}", "PIP_NO_INDEX": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_old_python_is_named_in_one_line(checkout, tmp_path):
    old = program(tmp_path / "bin", "python3", 'test "$1" = --version && echo Python 3.9.2 && exit 0\nexit 1')
    done = bootstrap(checkout, first=tmp_path / "bin", PYTHON=str(old))
    assert done.returncode == 1
    assert done.stderr == (
        "error: Python 3.11 or newer is needed, found Python 3.9.2: install it, or name one with PYTHON=/path/to/python3\n"
    )


def test_a_python_without_venv_is_answered_with_the_command_to_run(checkout, tmp_path):
    bare = f'case "$*" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"'
    program(tmp_path / "bin", "python3", bare)
    program(tmp_path / "bin", "id", "echo 1000")  # a normal user: nothing may be installed
    done = bootstrap(checkout, first=tmp_path / "bin")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert done.returncode == 1
    assert done.stderr == (
        f"error: Python's venv module is missing: run `sudo apt-get install python{version}-venv`, then this again\n"
    )
    assert not (checkout / ".venv").exists()


def test_an_unchanged_environment_is_left_alone_and_a_changed_one_is_not(checkout, tmp_path):
    log = tmp_path / "log"
    program(tmp_path / "bin", "uv", f'echo "$@" >> {log}')
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "lib").mkdir()
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)

    def installs() -> int:
        done = bootstrap(checkout, first=tmp_path / "bin")
        assert done.returncode == 0, done.stderr
        return len(log.read_text().splitlines())

    assert installs() == 1
    assert "--require-hashes -r requirements/demo.txt" in log.read_text()
    assert installs() == 1
    (checkout / "requirements" / "demo.txt").write_text("# something else\n")
    assert installs() == 2


def test_a_failed_installation_is_tried_again_next_time(checkout, tmp_path):
    program(tmp_path / "bin", "uv", "exit 1")
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for _attempt in range(2):
        done = bootstrap(checkout, first=tmp_path / "bin")
        assert done.returncode == 1
        assert done.stderr.endswith("error: the demo requirements could not be installed; the reason stands above\n")
