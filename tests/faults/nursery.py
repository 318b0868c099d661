"""Dispatchers by fork: a process that starts Django once, and a dispatcher for every line it reads.

Each line is a JSON object: ``sender`` (a class of ``tests.faults.http_sender``), ``url``, and what to set otherwise in the
pipeline (``{"module:NAME": value}``; a number of seconds becomes a length of time where one stands). With a ``broker`` it is a
Celery worker; with ``sweeps`` alone it only sweeps. It writes the pid.
"""

import importlib
import json
import os
import signal
import sys
import time
from datetime import timedelta

import django


def main() -> None:
    """Goes on until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        order = json.loads(line)
        if (pid := os.fork()) == 0:
            live(order)
        print(pid, flush=True)  # noqa: T201


def live(order: dict) -> None:
    """The life of one of them, until it is killed."""
    from notifications import channels

    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a worker greets, where the pids are read
    os.environ["PROVIDER_URL"] = order["url"]
    channels.SENDERS["email"] = f"tests.faults.http_sender.{order['sender']}"
    for name, value in order["set"].items():
        module_name, _, attribute = name.partition(":")
        module = importlib.import_module(f"notifications.{module_name}")
        is_length = isinstance(getattr(module, attribute), timedelta)
        setattr(module, attribute, timedelta(seconds=value) if is_length else value)
    try:
        if order.get("broker"):
            work(order["broker"])
        else:
            dispatch(batch=order["batch"], sends=not order.get("sweeps"))
    finally:
        os._exit(1)


def work(broker: str) -> None:
    """A Celery worker."""
    from config.celery import app

    app.conf.broker_url = broker
    app.worker_main(
        ["worker", "-Q", "default,delivery", "-c", "1", "--without-mingle", "-n", f"{os.getpid()}@%h", "-l", "INFO"]
    )


def dispatch(*, batch: int, sends: bool) -> None:
    """A dispatcher with sweeps, or the sweeps alone."""
    from django.db import InterfaceError, OperationalError, connection

    from clinics.models import User
    from notifications.actions import delivery, sweeps

    while True:
        try:
            sweeps.recover(clock=delivery.database_clock())
            if sends:
                delivery.deliver_due(by=User.objects.service(), batch=batch)
        except (OperationalError, InterfaceError):
            connection.close()
        time.sleep(0.05)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    importlib.import_module("notifications.actions.delivery")
    importlib.import_module("tests.faults.http_sender")
    main()
