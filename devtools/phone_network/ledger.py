"""What the network took: in memory for looking up, in a folder for reading."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Text:
    """One text message. ``name`` is its file's and begins with the nanosecond of its arrival; ``sid`` its id."""

    name: str
    sid: str
    sender: str
    to: str
    body: str
    callback: str
    key: str = ""

    @property
    def caught_at(self) -> datetime:
        """When it arrived."""
        return datetime.fromtimestamp(int(self.name.partition("-")[0]) / 1e9, UTC)


class Ledger:
    """Texts in the order they were taken for good: the truth about duplicates and losses."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._texts: list[Text] = []
        self.requests = 0

    def take(self, *, sender: str, to: str, body: str, callback: str = "", key: str = "") -> Text:
        """Keeps one, whole or not at all. With a ``key`` that was used before, gives the one of that time."""
        with self._lock:
            if key:
                for known in self._texts:
                    if known.key == key:
                        return known
            name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
            text = Text(name, f"SM{uuid.uuid4().hex}", sender, to, body, callback, key)
            unfinished = self._folder / f".{name}"
            unfinished.write_text(json.dumps(asdict(text)), encoding="utf-8")
            unfinished.rename(self._folder / f"{name}.text.json")
            self._texts.append(text)
        return text

    def texts(self, *, to: str = "") -> list[Text]:
        """All of them, or those to one number, oldest first."""
        with self._lock:
            return [text for text in self._texts if not to or text.to == to]

    def count_request(self) -> None:
        """One more hand-over was tried."""
        with self._lock:
            self.requests += 1


def newest(folder: Path) -> list[Text]:
    """The latest ``SHOWN`` texts of a folder, newest first."""
    paths = sorted(folder.glob("*.text.json"), reverse=True)[:SHOWN]
    return [Text(**json.loads(path.read_text(encoding="utf-8"))) for path in paths]
