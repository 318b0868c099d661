"""``manage.py dispatch``: sends what is due. With ``--loop`` it goes on until it is stopped; needs neither Redis nor beat."""

import signal
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections

from clinics.models import User
from notifications.actions import delivery, sweeps

SWEEP_SECONDS = 30


class Command(BaseCommand):
    """See the module's docstring. Any number may run at once, beside Celery workers or instead of them."""

    help = "Send the messages that are due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--loop", action="store_true", help="go on until stopped")
        parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="pause between two looks")
        parser.add_argument("--batch", type=int, default=delivery.BATCH, metavar="N", help="messages taken at once")

    def handle(self, **options: Any) -> None:
        """Sends, and sweeps every half minute, until nothing is due or somebody says stop."""
        self.stop = threading.Event()
        if options["loop"]:
            signal.signal(signal.SIGTERM, self._stop)
            signal.signal(signal.SIGINT, self._stop)
        swept_at = float("-inf")
        while not self.stop.is_set():
            try:
                if time.monotonic() - swept_at >= SWEEP_SECONDS:
                    sweeps.sweep(by=User.objects.service())
                    swept_at = time.monotonic()
                self._deliver(batch=options["batch"])
            except (OperationalError, InterfaceError) as failure:
                if not options["loop"]:
                    raise
                self.stderr.write(f"database: {type(failure).__name__}; trying again")
            if not options["loop"]:
                return
            self.stop.wait(options["every"])
            close_old_connections()

    def _deliver(self, *, batch: int) -> None:
        done = delivery.deliver_due(by=User.objects.service(), batch=batch, enough=self.stop.is_set)
        if done.looked_at:
            counts = ", ".join(f"{number} {state.label.lower()}" for state, number in sorted(done.states.items()))
            self.stdout.write(f"{done.looked_at} due: {counts or 'none left'}")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop.set()
