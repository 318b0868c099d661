"""``python -m devtools.demo [--once] [--port N]``: a demo clinic with everything running, until Ctrl-C.

``--once`` does the same, checks what was shown, and ends: 0 when everything was as it should be.
"""

import argparse
import io
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from devtools.local import data_folder, identity, ports, servers
from devtools.local.errors import LocalServerError
from devtools.local.servers import ServerUrls
from devtools.phone_network import account

BEGAN = time.monotonic()
PORT = 8000


class QuietableLog(io.TextIOBase):
    """Standard output for the programs' log, which keeps quiet while the story is told."""

    quiet = False

    def write(self, text: str) -> int:
        """Writes, unless quiet."""
        return len(text) if self.quiet else sys.stdout.write(text)

    def flush(self) -> None:
        """Flushes standard output."""
        sys.stdout.flush()

    def isatty(self) -> bool:
        """Whether a person is looking."""
        return sys.stdout.isatty()


def step(text: str) -> None:
    """Says what is being done and how long after the start."""
    print(f"[{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)


def main(argv: Sequence[str]) -> int:
    """Runs the demo. 0: all well; 1: something was not as it should be; 2: it could not start."""
    parser = argparse.ArgumentParser(prog="python -m devtools.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="show everything once, check it, and end")
    parser.add_argument("--port", type=int, default=PORT, help="where the pages are served (default: %(default)s)")
    options = parser.parse_args(argv)
    try:
        ports.require_free(options.port, advice="make demo PORT={port}")
        folder = data_folder.default()
        step("Starting PostgreSQL and Valkey")
        with servers.running(folder) as urls:
            sinks = prepare(urls, port=options.port, folder=folder)
            return run(port=options.port, sinks=sinks, folder=folder, once=options.once)
    except LocalServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The data is kept; `make demo` goes on with it, `make demo-reset` starts afresh.")
        return 0


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where what is sent ends up: the ports of the mail sink and of the phone network, and the folder of both."""

    mail_port: int
    phone_port: int
    folder: Path


def prepare(urls: ServerUrls, *, port: int, folder: Path) -> Sinks:
    """Sets the environment that every program of the demo reads. Gives where what is sent ends up."""
    mail_port, phone_port = ports.any_free(), ports.any_free()
    sink = identity.make_private_folder(folder / "messages")
    os.environ |= {
        **urls.as_environment(),
        "DEVTOOLS": "1",
        "PUBLIC_URL": f"http://localhost:{port}",
        "EMAIL_URL": f"smtp://localhost:{mail_port}",
        "DEFAULT_FROM_EMAIL": "appointments@alder.example",
        "MESSAGE_SINK_DIR": str(sink),
        "TEXTS_OVER": "sms",
        "SMS_SENDER": account.NUMBER,
        "TWILIO_URL": f"http://127.0.0.1:{phone_port}",
        "TWILIO_ACCOUNT": account.ACCOUNT,
        "TWILIO_TOKEN": account.TOKEN,
        "PLAN_HOLD_SECONDS": os.environ.get("PLAN_HOLD_SECONDS", "1"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    return Sinks(mail_port, phone_port, sink)


def run(*, port: int, sinks: Sinks, folder: Path, once: bool) -> int:
    """Fills the database where it is empty, starts the programs, tells the story, keeps running."""
    import django
    from django.core.management import call_command

    step("Preparing the database")
    django.setup()
    call_command("migrate", verbosity=0)

    # imported here: models exist only after django.setup
    from django.db import connection

    from devtools.demo import clinic, programs, story
    from devtools.local.supervisor import Supervisor

    clinic.ensure(step)
    connection.close()
    log = QuietableLog()
    with Supervisor(home=folder, output=cast(TextIO, log)) as supervisor:
        step("Starting mail sink, phone network, web, worker and beat")
        supervisor.start(
            programs.mail_sink(port=sinks.mail_port, folder=sinks.folder),
            programs.phone_network(port=sinks.phone_port, folder=sinks.folder, clinic_port=port),
        )
        supervisor.start(programs.web(port=port), programs.worker(), programs.beat(folder=folder))
        step("Everything runs")
        address = f"http://localhost:{port}"
        log.quiet = True
        failures = story.tell(address=address, sink=sinks.folder, supervisor=supervisor)
        log.quiet = False
        for failure in failures:
            print(f"NOT AS IT SHOULD BE: {failure}", file=sys.stderr)
        if once:
            step("Done" if not failures else "Done, with failures")
            return 1 if failures else 0
        story.farewell(address=address)
        supervisor.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
