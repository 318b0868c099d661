"""What the sink caught, for reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Caught:
    """One message. ``name`` is its file's, and begins with the nanosecond of its arrival."""

    name: str
    caught_at: datetime
    mail: EmailMessage

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Every header as it was sent, in order."""
        return [(name, str(value)) for name, value in self.mail.items()]

    @property
    def text(self) -> str:
        """The plain text part."""
        return _part(self.mail, "plain")

    @property
    def html(self) -> str:
        """The HTML part, as source."""
        return _part(self.mail, "html")


def newest(folder: Path) -> list[Caught]:
    """The latest ``SHOWN`` messages, newest first."""
    names = sorted((path.stem for path in folder.glob("*.eml")), reverse=True)[:SHOWN]
    return [caught for name in names if (caught := read(folder, name)) is not None]


def read(folder: Path, name: str) -> Caught | None:
    """One message by name; None when there is none of that name."""
    path = folder / f"{name}.eml"
    # the name comes from an address: only a file right in the folder counts
    if path.parent.resolve() != folder.resolve() or not path.is_file():
        return None
    arrived = name.partition("-")[0]
    at = datetime.fromtimestamp(int(arrived) / 1e9, UTC) if arrived.isdigit() else datetime.fromtimestamp(0, UTC)
    return Caught(name, at, message_from_bytes(path.read_bytes(), policy=policy.default))


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body(preferencelist=(kind,))
    return str(body.get_content()) if body is not None else ""
