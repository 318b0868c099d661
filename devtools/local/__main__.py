"""``python -m devtools.local run -- COMMAND``: run a command beside throw-away servers, with their addresses set.

``--keep`` uses the checkout's own data (that of ``make demo``) instead of throw-away data.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import FrameType

from devtools.local import data_folder, identity, servers
from devtools.local.errors import LocalServerError


def main(arguments: list[str]) -> int:
    """Run the command; its exit status is ours, 2 when the servers could not be had."""
    parser = argparse.ArgumentParser(prog="python -m devtools.local", description=__doc__)
    subparsers = parser.add_subparsers(required=True)
    run = subparsers.add_parser("run", help="run a command beside the local servers")
    run.add_argument("--keep", action="store_true", help="use the data of `make demo` instead of throw-away data")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        run.error("name a command after --")
    signal.signal(signal.SIGTERM, _exit_on_signal)
    signal.signal(signal.SIGHUP, _exit_on_signal)
    try:
        with servers.running(data_folder.default() if options.keep else None, durable=options.keep) as urls:
            return _run(command, {"DEVTOOLS": "1", **os.environ, **urls.as_environment()})
    except LocalServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(command: list[str], environment: dict[str, str]) -> int:
    try:
        process = subprocess.Popen(identity.tied_command(command), env=environment)
    except OSError as error:
        raise LocalServerError(f"cannot run {command[0]} ({error.strerror})") from error
    try:
        while True:
            with suppress(KeyboardInterrupt):  # the terminal sends Ctrl-C to the command as well: await its own end
                status = process.wait()
                return status if status >= 0 else 128 - status
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _exit_on_signal(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
