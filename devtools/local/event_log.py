"""The log of several programs as one: a line per event, with the time and a short name in front."""

from __future__ import annotations

import os
import threading
import time
from typing import TextIO

_COLOURS = (36, 33, 35, 32, 34, 96)  # cyan, yellow, magenta, green, blue, bright cyan
_DIM = "\x1b[2m"
_RESET = "\x1b[0m"


class EventLog:
    """Writes whole lines from any thread. Coloured on a terminal, unless ``NO_COLOR`` is set."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._coloured = output.isatty() and "NO_COLOR" not in os.environ

    def widen(self, name: str) -> None:
        """Make room for ``name`` in the column of names, and give it its colour."""
        with self._lock:
            if name not in self._names:
                self._names.append(name)

    def write(self, name: str, text: str) -> None:
        """Write one event; the time is this computer's local time."""
        self.widen(name)
        with self._lock:
            width = max(len(each) for each in self._names)
            clock = time.strftime("%H:%M:%S")
            label = f"{name:<{width}}"
            if self._coloured:
                colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
                clock, label = f"{_DIM}{clock}{_RESET}", f"\x1b[{colour}m{label}{_RESET}"
            self._output.write(f"{clock} {label} {text}\n")
            self._output.flush()
