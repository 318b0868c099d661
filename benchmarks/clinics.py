"""Seeded clinics and courses for the planner's benchmark.

As in a real house: Monday to Friday, 8 to 18; per chair half a nurse, a quarter of a psychotherapist, a third of
a physiotherapist; staff work four days of five. Calendars are first packed until nothing more fits, then bookings are
cancelled at random down to the fill asked for, so "90 %" means nine tenths of what could ever be booked.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from scheduler.engine import bits
from scheduler.engine.grid import Grid
from scheduler.engine.request import (
    AtMost,
    Calendar,
    DailyLoad,
    Offset,
    Period,
    PerWeek,
    PlanRequest,
    Preferred,
    Role,
    Rule,
    SameDay,
    SameResource,
    Segment,
    Span,
    Unit,
    Use,
    Visit,
    Window,
)

DAYS = 90
WATCHED = 4
"""Patients one nurse can watch at once."""
Booking = list[tuple[str, int, int, int]]
"""Resource, start, end, lane."""


class Clinic:
    """Calendars being filled."""

    def __init__(self, seed: int, chairs: int, fill: float) -> None:
        self.random = random.Random(f"{seed} {chairs} {fill}")
        self.grid = Grid("America/New_York", date(2026, 3, 2), DAYS)
        self.open_days = [n for n in range(DAYS) if self.grid.date(self.grid.midnights[n]).weekday() < 5]
        self.lanes: dict[str, list[int]] = {}
        self.working: dict[str, tuple[Period, ...]] = {}
        self.kinds: dict[str, str] = {}
        for kind, count in _staff(chairs).items():
            for n in range(count):
                self._add(f"{kind}-{n}", kind, person=kind in ("nurse", "psychotherapist", "physiotherapist"))
        packed = [booking for day in self.open_days for booking in self._pack(day)]
        self.random.shuffle(packed)
        self.kept = packed[: round(len(packed) * fill)]

    def _add(self, name: str, kind: str, *, person: bool) -> None:
        off = self.random.randrange(5)
        hours = []
        for day in self.open_days:
            if not person or day % 7 != off:
                begin = self.random.choice((8, 9, 10)) if person else 8
                hours.append((self._slot(day, begin), self._slot(day, begin + 8 if person else 18)))
        self.kinds[name] = kind
        self.working[name] = tuple(hours)
        self.lanes[name] = [bits.union(hours, self.grid.slots)] * (WATCHED if kind == "nurse" else 1)

    def _slot(self, day: int, hour: int) -> int:
        return self.grid.slot(datetime.combine(self.grid.first_on + timedelta(day), time(hour), self.grid.tz))

    def _named(self, kind: str) -> list[str]:
        names = [name for name, found in self.kinds.items() if found == kind]
        self.random.shuffle(names)
        return names

    def _take(self, kind: str, start: int, end: int, *, all_lanes: bool) -> Booking | None:
        need = bits.span(start, end)
        for name in self._named(kind):
            free = [lane for lane, slots in enumerate(self.lanes[name]) if slots & need == need]
            if len(free) == len(self.lanes[name]) or (free and not all_lanes):
                return [(name, start, end, lane) for lane in (free if all_lanes else free[:1])]
        return None

    def _book(self, *parts: tuple[str, int, int, bool]) -> Booking | None:
        booking: Booking = []
        for kind, start, end, all_lanes in parts:
            taken = self._take(kind, start, end, all_lanes=all_lanes)
            if taken is None:
                for name, a, b, lane in booking:
                    self.lanes[name][lane] |= bits.span(a, b)
                return None
            for name, a, b, lane in taken:
                self.lanes[name][lane] &= ~bits.span(a, b)
            booking += taken
        return booking

    def _pack(self, day: int) -> Iterator[Booking]:
        """Book one date until nothing more fits from quarter-hour marks."""
        for start in range(self._slot(day, 8), self._slot(day, 17), 3):
            while booking := self._book(
                ("chair", start, start + 24, True),
                ("nurse", start, start + 3, True),
                ("nurse", start + 3, start + 21, False),
            ):
                yield booking
            for person, place in (("psychotherapist", "room"), ("physiotherapist", "gym")):
                while booking := self._book((person, start, start + 12, True), (place, start, start + 12, True)):
                    yield booking

    def calendars(self) -> tuple[Calendar, ...]:
        """The calendars with the bookings that were kept."""
        busy: dict[str, list[tuple[int, int, int]]] = {name: [] for name in self.kinds}
        for booking in self.kept:
            for name, start, end, lane in booking:
                busy[name].append((start, end, lane))
        return tuple(
            Calendar(name, kind, self.working[name], tuple(sorted(busy[name])), lanes=len(self.lanes[name]))
            for name, kind in self.kinds.items()
        )


def _staff(chairs: int) -> dict[str, int]:
    return {
        "chair": chairs,
        "nurse": max(3, chairs // 2 + 1),
        "psychotherapist": max(2, chairs // 4),
        "physiotherapist": max(2, chairs // 3),
        "room": max(2, chairs // 4),
        "gym": max(2, chairs // 3),
    }


def _role(kind: str, *segments: tuple[int, int, Use], key: str | None = None) -> Role:
    return Role(key or kind, kind, tuple(Segment(*segment) for segment in segments))


def course(infusions: int, talks: int, exercises: int) -> tuple[tuple[Visit, ...], tuple[Rule, ...]]:
    """Infusions twice a week, a talk after some of them, exercise twice a week from the first infusion on."""
    whole = (0, 60, Use.EXCLUSIVE)
    infusion_roles = (
        _role("chair", (0, 120, Use.EXCLUSIVE)),
        _role("nurse", (0, 15, Use.HANDS_ON), (15, 105, Use.SHARED)),
    )
    series = {
        "infusion": [Visit(f"i{n}", "infusion", 105, infusion_roles) for n in range(infusions)],
        "talk": [
            Visit(f"t{n}", "talk", 50, (_role("psychotherapist", whole), _role("room", whole))) for n in range(talks)
        ],
        "exercise": [
            Visit(f"e{n}", "exercise", 50, (_role("physiotherapist", whole), _role("gym", whole)))
            for n in range(exercises)
        ],
    }
    keys = {kind: tuple(visit.key for visit in visits) for kind, visits in series.items()}
    rules: list[Rule] = [
        *_chain("infusion gap", keys["infusion"], 2, 3, 5),
        *_chain("exercise gap", keys["exercise"], 2, 3, 5),
        *(Offset("talk after", t, i, Unit.DAYS, 1, 1, 3) for t, i in zip(keys["talk"], keys["infusion"], strict=False)),
        Offset("exercise begins", keys["exercise"][0], keys["infusion"][0], Unit.DAYS, 1, 2, 7),
        PerWeek("infusions a week", keys["infusion"], 2),
        PerWeek("exercise a week", keys["exercise"], 2, days_apart=2),
        Span("infusion span", keys["infusion"], 7 * infusions),
        SameDay("sober", (*keys["talk"], *keys["exercise"]), keys["infusion"]),
        SameResource("one physiotherapist", "physiotherapist", keys["exercise"]),
        SameResource("one psychotherapist", "psychotherapist", keys["talk"]),
        SameResource("usual nurse", "sets up", keys["infusion"], hard=False),
        Window("mornings", keys["infusion"], latest=12 * 60, hard=False),
    ]
    return tuple(visit for visits in series.values() for visit in visits), tuple(rules)


def _chain(key: str, visits: Sequence[str], least: int, ideal: int, most: int) -> list[Offset]:
    return [Offset(key, b, a, Unit.DAYS, least, ideal, most) for a, b in pairwise(visits)]


def _strict(visits: Sequence[Visit], clinic: Clinic) -> Iterator[Rule]:
    """More rules, of the kinds that chains of gaps do not have."""
    keys = {
        kind: tuple(visit.key for visit in visits if visit.kind == kind) for kind in ("infusion", "talk", "exercise")
    }
    everyone = tuple(visit.key for visit in visits)
    gyms = sorted(name for name, kind in clinic.kinds.items() if kind == "gym")
    yield AtMost("four in eleven days", keys["infusion"], 4, 11)
    yield PerWeek("exercise in seven days", keys["exercise"], 3, rolling=True)
    yield Window("no Friday talks", keys["talk"], weekdays=frozenset({0, 1, 2, 3}))
    yield Window("early exercise", keys["exercise"], latest=14 * 60, hard=False)
    yield Preferred("large gym", keys["exercise"], frozenset(gyms[: len(gyms) // 2 + 1]))
    yield DailyLoad("level", everyone, tuple((day, day % 5) for day in clinic.open_days), target=3, at_most=5)
    yield SameDay("no exercise before a talk", keys["exercise"], keys["talk"], before_too=True)
    for infusion, talk in zip(keys["infusion"], keys["talk"], strict=False):
        yield Offset("awake", talk, infusion, Unit.MINUTES, 18 * 60, from_end=True)


HOURS = {"infusion gap": (44, 72, 100), "exercise gap": (42, 84, 126), "talk after": (24, 48, 72)}
"""Least, ideal and most hours in place of days."""


def _by_hours(rule: Rule) -> Rule:
    if isinstance(rule, Offset) and rule.key in HOURS:
        least, ideal, most = (60 * hours for hours in HOURS[rule.key])
        return replace(rule, unit=Unit.MINUTES, least=least, ideal=ideal, most=most)
    return rule


COURSES = {"6+8": (6, 4, 4), "10+16": (10, 4, 12), "6+8 strict": (6, 4, 4), "6+8 hours": (6, 4, 4)}
PLAIN = ("6+8", "10+16")


def request(clinic: Clinic, name: str) -> PlanRequest:
    """One course asked of one clinic, from its second date on."""
    visits, rules = course(*COURSES[name])
    if name.endswith("strict"):
        rules = (*rules, *_strict(visits, clinic))
    if name.endswith("hours"):
        rules = tuple(map(_by_hours, rules))
    return PlanRequest(
        clinic.grid, visits, rules, clinic.calendars(), frozenset(clinic.open_days),
        not_before=clinic.grid.midnights[1], patient_gap=30,
    )  # fmt: skip
