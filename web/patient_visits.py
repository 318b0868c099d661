"""What a patient's page shows of their visits: the next one, how far along they are, what to do before, and the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import clock
from notifications.channels.languages import Language, language_of
from notifications.engine.answers import Meaning
from notifications.models import Link
from notifications.queries import inbound
from scheduler.models import Appointment
from treatments.queries import preparations
from treatments.queries.preparations import Done, GetReady
from web import getting_ready
from web.getting_ready import Item
from web.patient_words import WORDS, PatientWords
from web.time_words import WORDS as TIME_WORDS

MOST_DOTS = 40
SHOWN = 4
"""Of the visits after the next one, so many are shown at once."""
TOGETHER = timedelta(days=7)
"""Visits that begin so soon after the first of them can be confirmed with one press."""


@dataclass(frozen=True, slots=True)
class Line:
    """One visit as its patient reads it, and what came of their last answer about it, at length and as a ``short`` word.

    ``label`` is what it is called; empty before the birth date was given.
    """

    visit: Appointment
    day: str
    begins: str
    until: str
    place: str
    label: str = ""
    said: str = ""
    short: str = ""
    is_confirmed: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether an answer was given."""
        return bool(self.said)


@dataclass(frozen=True, slots=True)
class Ready:
    """The get-ready list of the next visit that has one. Without items it is there, but not open in this browser."""

    line: Line
    items: Sequence[Item]
    asks_for_ride: bool
    ride: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page of a link shows about visits."""

    lines: Sequence[Line]
    done: int = 0
    all: int = 0
    progress: str = ""
    together: Sequence[Line] = ()
    confirm_all: str = ""
    show_all: str = ""
    ready: Ready | None = None
    is_elsewhere: bool = False

    @property
    def next(self) -> Line | None:
        """The visit that comes first."""
        return self.lines[0] if self.lines else None

    @property
    def others(self) -> Sequence[Line]:
        """Those that come after it."""
        return self.lines[1 : 1 + SHOWN]

    @property
    def later(self) -> Sequence[Line]:
        """Those that are shown when asked for."""
        return self.lines[1 + SHOWN :]

    @property
    def dots(self) -> Sequence[bool]:
        """One for each visit: whether it is done. None where they would be too many to count."""
        return [number < self.done for number in range(self.all)] if self.all <= MOST_DOTS else []


def page(link: Link, *, is_open: bool, now: datetime) -> Page:
    """What a link shows. Two queries; two more, for the get-ready list, once the birth date was given (``is_open``)."""
    patient = link.patient
    if patient is None:
        return Page(())
    language = language_of(patient.language)
    words = WORDS[language.code]
    visits = inbound.visits_of(link, now=now, every=is_open)
    rows = preparations.rows_of(patient)
    found = preparations.of_rows(visits, rows)
    labels = preparations.labels(rows, language.code) if is_open else {}
    lines = [_line(visit, language, labels.get(visit.pk, ""), has_list=visit.pk in found) for visit in visits]
    done, count = preparations.progress(rows)
    together = [line for line in lines if not line.is_settled and line.visit.starts_at - visits[0].starts_at < TOGETHER]
    return Page(
        lines,
        done=done,
        all=count,
        progress=words.progress.format(done=done, all=count) if count else "",
        together=together if len(together) > 1 else (),
        confirm_all=words.confirm_all.format(count=len(together), day=together[-1].day) if len(together) > 1 else "",
        show_all=words.show_all.format(count=len(lines) - 1 - SHOWN),
        ready=_ready(lines, found, patient.travel_minutes, language, is_open=is_open),
        is_elsewhere=any(
            clock.local(visit.starts_at, patient.home_zone).utcoffset()
            != clock.local(visit.starts_at, visit.zone).utcoffset()
            for visit in visits
        ),
    )


def _ready(
    lines: Sequence[Line],
    found: Mapping[UUID, GetReady],
    travel_minutes: int | None,
    language: Language,
    *,
    is_open: bool,
) -> Ready | None:
    """The list of the first visit that has one; of the very first where there is only the way to it."""
    line = next((line for line in lines if line.visit.pk in found), lines[0] if lines and travel_minutes else None)
    if line is None:
        return None
    if not is_open:
        return Ready(line, (), asks_for_ride=False)
    wanted = found.get(line.visit.pk, GetReady())
    words = WORDS[language.code]
    done = preparations.done([line.visit], {line.visit.pk: wanted}).get(line.visit.pk, Done())
    ride = words.ride_is.format(ride=done.ride) if done.ride else words.ride_known if done.ride_known else ""
    listed = getting_ready.items(
        line.visit, wanted, ticks=done.ticks, travel_minutes=travel_minutes, language=language, words=words
    )
    return Ready(line, listed, asks_for_ride=bool(wanted.gate), ride=ride)


def _line(visit: Any, language: Language, label: str, *, has_list: bool) -> Line:
    words = WORDS[language.code]
    starts, ends = clock.local(visit.starts_at, visit.zone), clock.local(visit.ends_at, visit.zone)
    quiet_until = starts - timedelta(days=1) if has_list else starts
    said, short = _said(visit, words, language, language.day_of(quiet_until))
    until = f"{words.until.format(ends=language.time_of(ends))}, {length(visit.ends_at - visit.starts_at, words)}"
    return Line(
        visit,
        language.day_of(starts),
        language.time_of(starts),
        until,
        visit.site.address,
        label,
        said,
        short,
        short == words.confirmed_short,
    )


def _said(visit: Any, words: PatientWords, language: Language, until: str) -> tuple[str, str]:
    """What came of the last answer about a visit; what was pressed before the visit was confirmed counts no more."""
    answer = visit.said or {}
    is_newer = visit.confirmed_at is None or (
        bool(answer) and datetime.fromisoformat(answer["at"]) > visit.confirmed_at
    )
    meaning = answer.get("meaning") if is_newer else None
    if meaning == Meaning.CHANGE:
        chose = answer["by"] == "link" and answer["words"]
        return (TIME_WORDS[language.code].asked if chose else words.change_noted), words.change_short
    if meaning == Meaning.CANNOT_COME:
        return words.cannot_come_noted, words.cannot_come_short
    if visit.confirmed_at is not None:
        return words.confirmed.format(day=until), words.confirmed_short
    return "", ""


def length(lasts: timedelta, words: PatientWords) -> str:
    """Such as "1 hour 30 minutes"."""
    hours, minutes = divmod(int(lasts.total_seconds()) // 60, 60)
    said = [words.hour if hours == 1 else words.hours.format(count=hours)] if hours else []
    if minutes:
        said.append(words.minutes.format(count=minutes))
    return " ".join(said)
