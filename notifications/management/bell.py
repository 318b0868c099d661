"""Hearing PostgreSQL's NOTIFY between two looks."""

import threading
import time

import psycopg
from django.db import DatabaseError, connection

from notifications.actions.wakers import BELL

STEP = 0.5
"""Seconds after which a waiting dispatcher notices that it should stop."""


class Bell:
    """Waits until a time is over, somebody rings, or ``stop`` is set. With the database away it only waits."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._line: psycopg.Connection[tuple[object, ...]] | None = None

    def listen(self) -> None:
        """Connects, if that is not done; what rings from now on is heard by the next ``wait``.

        On a connection of its own: Django closes its connections from time to time.
        """
        if self._line is not None:
            return
        try:
            line = connection.get_new_connection(connection.get_connection_params())
            line.autocommit = True
            line.execute(f"LISTEN {BELL}")
        except (DatabaseError, psycopg.Error):
            return
        self._line = line

    def wait(self, seconds: float) -> None:
        """Waits, at most this long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._stop.is_set():
            if self._line is None:
                self._stop.wait(left)
                return
            try:
                if list(self._line.notifies(timeout=min(left, STEP), stop_after=1)):
                    return
            except psycopg.Error:
                self.close()

    def close(self) -> None:
        """Hangs up. Never raises."""
        if self._line is not None:
            self._line.close()
            self._line = None
