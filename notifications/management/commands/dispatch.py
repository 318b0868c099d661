"""``manage.py dispatch``: sends what is due. With ``--loop`` it goes on until it is stopped; needs neither Redis nor beat."""

import gc
import signal
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections

from clinics.models import User
from notifications.actions import delivery, staff_notices, sweeps
from notifications.management.bell import Bell
from notifications.queries import messages
from notifications.queries.database_clock import database_now

SWEEP_SECONDS = 30
"""How often is swept; and how long patients' messages are sent, if that many are due, before notices to staff have their turn."""
GAPS_SECONDS = 3600
"""How often the rows of all coming visits are checked, not only of the next days'."""
SHORTEST_PAUSE = 0.05


class Command(BaseCommand):
    """See the module's docstring. Any number may run at once, beside Celery workers or instead of them."""

    help = "Send the messages that are due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--loop", action="store_true", help="go on until stopped")
        parser.add_argument(
            "--every", type=float, default=5.0, metavar="SECONDS", help="longest pause between two looks"
        )
        parser.add_argument("--batch", type=int, default=delivery.BATCH, metavar="N", help="messages taken at once")

    def handle(self, **options: Any) -> None:
        """Sends, and sweeps every half minute, until nothing is due or somebody says stop."""
        self.stop = threading.Event()
        self.swept_at = self.gaps_at = float("-inf")
        if not options["loop"]:
            while self._work(batch=options["batch"]):
                pass
            return
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: looking through it again and again takes a tenth of a second each time
        bell = Bell(self.stop)
        while not self.stop.is_set():
            pause = options["every"]
            bell.listen()
            try:
                more = self._work(batch=options["batch"])
                pause = 0 if more else min(pause, self._until_next())
            except (OperationalError, InterfaceError) as failure:
                self.stderr.write(f"database: {type(failure).__name__}; trying again")
            bell.wait(pause)
            close_old_connections()
        bell.close()

    def _work(self, *, batch: int) -> bool:
        """One round. Whether it ended because its time was over, so that more may be due."""
        now = time.monotonic()
        if now - self.swept_at >= SWEEP_SECONDS:
            everything = now - self.gaps_at >= GAPS_SECONDS
            sweeps.sweep(by=User.objects.service(), afresh=everything)
            self.swept_at = now
            self.gaps_at = now if everything else self.gaps_at
        staff_notices.send_due(by=User.objects.service(), enough=self.stop.is_set)
        end = time.monotonic() + SWEEP_SECONDS
        done = delivery.deliver_due(
            by=User.objects.service(), batch=batch, enough=lambda: self.stop.is_set() or time.monotonic() >= end
        )
        if done.looked_at:
            counts = ", ".join(f"{number} {state.label.lower()}" for state, number in sorted(done.states.items()))
            self.stdout.write(f"{done.looked_at} due: {counts or 'none left'}")
        return time.monotonic() >= end and not self.stop.is_set()

    def _until_next(self) -> float:
        """Seconds until the next message is due. One that is due already is held back, or in others' hands: no hurry."""
        due_at = messages.next_due_at()
        left = (due_at - database_now()).total_seconds() if due_at else float("inf")
        return max(left, SHORTEST_PAUSE) if left > 0 else float("inf")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop.set()
