"""Runs one command and ends it when the process that asked for it dies. For systems without ``setpriv --pdeathsig``.

Started by path, so it imports nothing of this project. Signals to stop are passed on; the exit status is the command's.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from types import FrameType

POLL_SECONDS = 0.2


def main(arguments: list[str]) -> int:
    """Run the command after ``--`` until it ends or the parent is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", default="TERM")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    parent = os.getppid()
    child = subprocess.Popen(
        options.command,
        close_fds=False,  # the data folder's lock is inherited on purpose
        user=options.uid,
        group=options.gid,
        extra_groups=None if options.uid is None else [],
    )

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, pass_on)
    while child.poll() is None:
        if os.getppid() != parent:
            child.send_signal(getattr(signal, f"SIG{options.signal}"))
            return child.wait()
        time.sleep(POLL_SECONDS)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
