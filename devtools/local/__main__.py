"""``python -m devtools.local run -- COMMAND``: run a command beside throw-away servers, with their addresses set.

``--keep`` uses the checkout's own data (that of ``make demo``), and its servers where they run already.
``python -m devtools.local reset`` removes that data.
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
    """Do what the arguments say; a command's exit status is ours, 2 when the servers could not be had."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _exit_on_signal)
    signal.signal(signal.SIGHUP, _exit_on_signal)
    try:
        status: int = options.act(options)
    except LocalServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devtools.local", description=__doc__)
    subparsers = parser.add_subparsers(required=True)
    run = subparsers.add_parser("run", help="run a command beside the local servers")
    run.add_argument("--keep", action="store_true", help="use the data of `make demo` instead of throw-away data")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    run.set_defaults(act=_run_beside)
    reset = subparsers.add_parser("reset", help="remove the data of `make demo`")
    reset.set_defaults(act=_reset)
    return parser


def _run_beside(options: argparse.Namespace) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise LocalServerError("name a command after --")
    folder = data_folder.default() if options.keep else None
    running = servers.started_by_another(folder) if folder else None
    if running is not None:
        return _run(command, running)
    with servers.running(folder, durable=options.keep) as urls:
        return _run(command, urls.as_environment())


def _reset(_options: argparse.Namespace) -> int:
    folder = data_folder.default()
    if not folder.exists():
        print(f"nothing to remove: {folder} does not exist")
        return 0
    data_folder.remove(folder)
    print(f"removed {folder}; `make demo` starts afresh")
    return 0


def _run(command: list[str], addresses: dict[str, str]) -> int:
    environment = {"DEVTOOLS": "1", **os.environ, **addresses}
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
