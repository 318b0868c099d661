"""What a change does, as pages show it: what moves, what has to wait, what is freed, who hears of it, and the button."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinics.models import Patient
from core import clock
from notifications.engine.states import Channel, Step
from notifications.models import Message
from notifications.queries import reach
from treatments.actions import changes
from treatments.actions.changes import Fate, Ripple, Spot
from web import words
from web.visit_lines import who_and_where

_CHANNELS = {Channel.EMAIL: "e-mail", Channel.SMS: "text", Channel.WEBHOOK: "text", Channel.CALL: "call"}
_GROUPS: tuple[tuple[str, tuple[Fate, ...]], ...] = (
    ("Missed", (Fate.MISSED,)),
    ("Cancelled", (Fate.CANCELLED,)),
    ("Freed with it", (Fate.RELEASED,)),
    ("Finds no place and goes to the work list", (Fate.INVALID, Fate.UNPLACED)),
    ("Moves", (Fate.MOVES,)),
    ("Gets a time", (Fate.PLACED, Fate.ADDED)),
)
_PRESSES: tuple[tuple[tuple[Fate, ...], str], ...] = (
    ((Fate.MISSED,), "mark {} as missed"),
    ((Fate.CANCELLED,), "cancel {}"),
    ((Fate.RELEASED,), "free {}"),
    ((Fate.MOVES,), "move {}"),
    ((Fate.PLACED, Fate.ADDED), "book {}"),
    ((Fate.INVALID, Fate.UNPLACED), "put {} on the work list"),
)
"""What the button says it does, in the order in which it says it."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One visit and what becomes of it. ``before`` and ``after`` are where it is, in words; empty for no place.

    ``is_news``: another outcome than the one that was looked at before.
    """

    label: str
    family: str
    fate: Fate
    before: str
    after: str
    why: tuple[str, ...]
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Visits with the same fate."""

    title: str
    lines: tuple[StepLine, ...]


@dataclass(frozen=True, slots=True)
class RipplePage:
    """A ripple in words. ``seen`` is what a form keeps of it, to show later what has become different."""

    digest: str
    seen: str
    groups: tuple[Group, ...]
    stays: tuple[StepLine, ...]
    notes: tuple[str, ...]
    messages: int
    told_by: str
    """Such as "e-mail and text"; empty where somebody has to call."""
    is_told: bool
    press: str
    overridden: int = 0
    """How many rules are overridden."""

    @property
    def summary(self) -> str:
        """Everything in one sentence, before the table."""
        said = [f"{group.title}: {words.count(len(group.lines), 'visit')}" for group in self.groups]
        if self.stays:
            said.append(
                "1 visit stays as it is" if len(self.stays) == 1 else f"{len(self.stays)} visits stay as they are"
            )
        return ". ".join(said) + "." if said else "No visit changes."

    @classmethod
    def of(cls, ripple: Ripple, *, patient: Patient, zone: str, seen: str = "", otherwise: str = "") -> "RipplePage":
        """The page of a ripple.

        ``seen`` is what an earlier page kept, ``otherwise`` what the button says where no visit changes.
        """
        known = _read(seen)
        lines = [(_stays(step), _line(step, zone, known)) for step in ripple.steps]
        changed = [line for stays, line in lines if not stays]
        channels = reachable(patient) if ripple.patients_told else []
        overridden = sum(1 for step in ripple.steps for why in step.reasons if why.code == "overridden")
        return cls(
            digest=ripple.digest,
            seen=json.dumps({step.visit: _outcome(step) for step in ripple.steps}),
            groups=tuple(_groups(changed)),
            stays=tuple(line for stays, line in lines if stays),
            notes=tuple(note.message for note in ripple.notes),
            messages=len(channels),
            told_by=told_by(channels),
            is_told=ripple.patients_told > 0,
            press=_press(changed, len(channels), overridden) or otherwise,
            overridden=overridden,
        )


def reachable(patient: Patient) -> list[Channel]:
    """The channels on which a patient hears of a change. No query."""
    asked = [Message(patient=patient, channel=channel) for channel in reach.channels_of(patient, Step.CHANGED)]
    hindered = reach.hindrances(asked)
    return [Channel(message.channel) for message in asked if message.pk not in hindered]


def told_by(channels: Iterable[Channel]) -> str:
    """Such as "e-mail and text"."""
    return words.listing([_CHANNELS[channel] for channel in channels])


def place(spot: Spot | None, zone: str) -> str:
    """Such as "Fri 8 May, 9:30am · Chair 2 · Nurse Kim"."""
    if spot is None:
        return ""
    where, who = who_and_where(spot.resources.values())
    return " · ".join(part for part in (when(spot.starts_at, zone), where, who) if part)


def when(at: datetime, zone: str) -> str:
    """Such as "Fri 8 May, 9:30am"."""
    local = clock.local(at, zone)
    return f"{words.short_day(local.date())}, {words.clock(local.time())}"


def _stays(step: changes.Step) -> bool:
    waits = step.fate is Fate.UNPLACED and any(why.code == "waiting" for why in step.reasons)
    return step.fate is Fate.STAYS or waits


def _line(step: changes.Step, zone: str, known: dict[str, Any]) -> StepLine:
    return StepLine(
        label=step.label,
        family=step.family,
        fate=step.fate,
        before=place(step.before, zone),
        after=place(step.after, zone),
        why=tuple(why.message for why in step.reasons),
        is_news=bool(known) and known.get(step.visit) != _outcome(step),
    )


def _outcome(step: changes.Step) -> str:
    after = step.after.to_json() if step.after is not None else {}
    return f"{step.fate.value} {after.get('starts_at', '')} {' '.join(sorted(after.get('resources', {}).values()))}"


def _read(seen: str) -> dict[str, Any]:
    """What an earlier page kept. It is only shown, so what cannot be read is as good as nothing."""
    try:
        found = json.loads(seen)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _groups(lines: Sequence[StepLine]) -> Iterable[Group]:
    for title, fates in _GROUPS:
        of_these = tuple(line for line in lines if line.fate in fates)
        if of_these:
            yield Group(title, of_these)


def _press(lines: Sequence[StepLine], messages: int, overridden: int) -> str:
    parts = []
    for fates, text in _PRESSES:
        number = sum(1 for line in lines if line.fate in fates)
        if number:
            parts.append(text.format(words.count(number, "visit")))
    if overridden:
        parts.append(f"override {words.count(overridden, 'rule')}")
    if messages and parts:
        parts.append(f"send {words.count(messages, 'message')}")
    said = words.listing(parts)
    return said[:1].upper() + said[1:]
