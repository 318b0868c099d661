"""How full the chairs are over the day, and how many visits begin in each hour."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from core import clock
from scheduler.models import Kind
from web import words
from web.board.reading import Facts
from web.board.scale import Scale

QUARTER = 15
HEIGHT = 24
"""Units of the drawing for all chairs in use."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Chairs in use by quarter hours as a drawing and in words; starts by hour."""

    chairs: int
    path: str
    """An area for SVG: one unit wide a quarter hour, ``HEIGHT`` units high when all are in use."""
    width: int
    peak: int
    peak_at: time
    starts: tuple[tuple[time, int], ...]

    @property
    def words(self) -> str:
        """The same for those who do not see it."""
        if not self.peak:
            return f"None of {words.count(self.chairs, 'chair')} in use"
        return f"Chairs in use: at most {self.peak} of {self.chairs}, at {words.clock(self.peak_at)}"


def strip(facts: Facts, scale: Scale) -> Strip | None:
    """Of this day; None for a site without chairs, or a day without visits."""
    chairs = [resource.pk for resource in facts.resources if resource.kind == Kind.CHAIR]
    if not chairs or not facts.appointments:
        return None
    used = [0] * (scale.hours * 60 // QUARTER)
    for chair in chairs:
        busy: set[int] = set()
        for taken in facts.taken.get(chair, {}).values():
            if taken.appointment.is_taking:
                starts, ends = (_quarter(at, facts, scale) for at in (taken.starts_at, taken.ends_at))
                busy.update(range(starts, max(ends, starts + 1)))
        for quarter in busy:
            if quarter < len(used):
                used[quarter] += 1
    peak = max(used)
    at = datetime.combine(facts.on, time(scale.first_hour)) + timedelta(minutes=QUARTER * used.index(peak))
    begins = Counter(
        local.hour for each in facts.appointments.values()
        if each.is_taking and (local := clock.local(each.starts_at, facts.site.zone)).date() == facts.on
    )  # fmt: skip
    return Strip(
        chairs=len(chairs),
        path=_path(used, len(chairs)),
        width=len(used),
        peak=peak,
        peak_at=at.time(),
        starts=tuple((mark, begins[mark.hour]) for mark in scale.marks),
    )


def _quarter(at: datetime, facts: Facts, scale: Scale) -> int:
    return scale.minutes(clock.local(at, facts.site.zone)) // QUARTER


def _path(used: list[int], of: int) -> str:
    steps = [f"V{HEIGHT - HEIGHT * count // of}h1" for count in used]
    return f"M0 {HEIGHT}{''.join(steps)}V{HEIGHT}z"
