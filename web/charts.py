"""The chart of a course as coordinates: one time axis, a panel for each scale, a lane for infusions and one for the rest.

Only where things are drawn is worked out here; what they mean comes from ``treatments.queries.progress``. Lengths are the
units of the drawing, which scales with the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from treatments.measures.relief import Knowledge, joined_within
from treatments.models import Visit, VisitStatus
from treatments.queries.progress import INFUSION, Panel, Scored
from web import words
from web.therapies import Therapy, therapy

LEFT, WIDTH, RIGHT = 150, 640, 130
PANEL, GAP, LANE, TOP = 96, 30, 30, 12
LETTER = 6.2
"""About the width of a letter of the small words."""
ROOMY, LEGIBLE, SMALLEST = 9.5, 7.5, 3.0
"""Half the width of a visit's mark where there is room, the least into which its letters fit, and the least at all."""
FEWEST_DAYS = 14
"""A shorter course is drawn as if it took so long, so that days keep a readable width."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Local dates to the right."""

    first: date
    last: date

    def at(self, on: date) -> float:
        """Where the middle of a date stands."""
        days = (self.last - self.first).days + 1
        return round(LEFT + ((on - self.first).days + 0.5) * WIDTH / days, 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Mondays, of a long course fewer of them, with their dates."""
        step = max(1, -(-((self.last - self.first).days + 1) // 70)) * 7
        monday = self.first + timedelta(days=-self.first.weekday() % 7)
        return [
            (self.at(on), words.short_day(on).partition(" ")[2])
            for on in (monday + timedelta(days=n) for n in range(0, (self.last - monday).days + 1, step))
        ]


@dataclass(frozen=True, slots=True)
class Point:
    """A score as a mark, with what it says in words."""

    x: float
    y: float
    in_clinic: bool
    look_back: float
    """Where the time begins that the questions ask about; the same as ``x`` for a measure of now."""
    says: str
    value: str

    @property
    def left(self) -> float:
        """The left edge of a square mark."""
        return self.x - 4

    @property
    def above(self) -> float:
        """Its upper edge."""
        return self.y - 4

    @property
    def text_y(self) -> float:
        """Where its number stands: above it, or below where there is no room."""
        return self.y - 8 if self.y > TOP + 14 else self.y + 18


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of relief, or one of which nothing is known."""

    x: float
    width: float
    relief: bool
    says: str
    label: str
    """The same without dates where it fits, else nothing."""

    @property
    def middle(self) -> float:
        """Where its words stand."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A level with its label."""

    y: float
    label: str
    text_y: float = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel: from ``top`` to ``bottom``, the scale from 0 below to its highest above."""

    panel: Panel
    top: float
    bottom: float
    highest: Line
    levels: tuple[Line, ...]
    shades: tuple[Shade, ...]
    points: tuple[Point, ...]
    strokes: tuple[tuple[Point, Point], ...]
    says: str

    @property
    def tall(self) -> float:
        """Its height."""
        return self.bottom - self.top

    @property
    def title_y(self) -> float:
        """The line of its title."""
        return self.top + 14

    @property
    def hint_y(self) -> float:
        """The line below the title."""
        return self.top + 30

    @property
    def highest_y(self) -> float:
        """The line of its highest value."""
        return self.top + 10

    @property
    def shade_y(self) -> float:
        """The line of the words in a shade."""
        return self.bottom - 6


@dataclass(frozen=True, slots=True)
class Mark:
    """A visit in its lane. ``number`` is that of the infusion; ``half`` is half its width, less where others are near."""

    x: float
    number: str
    kind: Therapy
    state: str
    says: str
    half: float = ROOMY

    @property
    def left(self) -> float:
        """The left edge of a box around it."""
        return self.x - self.half

    @property
    def wide(self) -> float:
        """The width of the box."""
        return 2 * self.half

    @property
    def text(self) -> str:
        """What stands in it; nothing where there is no room, but what was missed is always crossed out."""
        if self.state == "missed":
            return "×"
        return (self.number or self.kind.code) if self.half >= LEGIBLE else ""


@dataclass(frozen=True, slots=True)
class Span:
    """The planned window for follow-ups, as far as it is drawn."""

    x: float
    width: float
    says: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything of the drawing."""

    axis: Axis
    panels: tuple[Drawn, ...]
    infusions: tuple[Mark, ...]
    others: tuple[Mark, ...]
    decisions: tuple[tuple[float, str], ...]
    window: "Span | None"
    today: float | None
    height: float

    @property
    def width(self) -> float:
        """The whole width."""
        return self.right + RIGHT

    @property
    def left(self) -> float:
        """Where the time axis begins."""
        return LEFT

    @property
    def right(self) -> float:
        """Where it ends."""
        return LEFT + WIDTH

    @property
    def scale_x(self) -> float:
        """Where the numbers of a scale end, left of the axis."""
        return LEFT - 6

    @property
    def labels_x(self) -> float:
        """Where the names of levels begin, right of it."""
        return self.right + 6

    @property
    def infusions_y(self) -> float:
        """The middle of the lane of infusions."""
        return TOP + len(self.panels) * (PANEL + GAP) + LANE / 2

    @property
    def others_y(self) -> float:
        """The middle of the lane of other visits."""
        return self.infusions_y + LANE

    @property
    def window_top(self) -> float:
        """The upper edge of the window for them."""
        return self.others_y - 13

    @property
    def window_y(self) -> float:
        """The line of its words."""
        return self.others_y + 4

    @property
    def others_top(self) -> float:
        """The upper edge of their boxes."""
        return self.others_y - 8

    @property
    def decisions_y(self) -> float:
        """The middle of the lane of decisions."""
        return self.others_y + LANE

    @property
    def foot(self) -> float:
        """Where the lines of the dates end."""
        return self.height - 26

    @property
    def dates(self) -> float:
        """The line of the dates."""
        return self.height - 10


def chart(
    panels: Sequence[Panel],
    visits: Sequence[tuple[Visit, date]],
    decisions: Sequence[tuple[str, date]],
    *,
    today: date,
    window: tuple[date, date] | None = None,
) -> Chart:
    """The drawing of a course: its visits with their local dates, its open decisions with the dates they are due.

    ``window`` is the planned one for follow-ups; it is drawn as far as the rest reaches.
    """
    days = (
        [on for _, on in visits] + [each.on for panel in panels for each in panel.scores] + [on for _, on in decisions]
    )
    days += [each.ends_on for panel in panels for each in panel.stretches]
    first = min(days, default=today)
    axis = Axis(first - timedelta(days=1), max([*days, first + timedelta(days=FEWEST_DAYS)]) + timedelta(days=1))
    infusions = [_mark(visit, on, axis) for visit, on in visits if visit.family == INFUSION]
    others = [_mark(visit, on, axis) for visit, on in visits if visit.family != INFUSION]
    return Chart(
        axis=axis,
        panels=tuple(_drawn(panel, TOP + number * (PANEL + GAP), axis) for number, panel in enumerate(panels)),
        infusions=_side_by_side(infusions),
        others=_side_by_side(others),
        decisions=tuple((axis.at(on), f"{title}, due {words.day(on)}") for title, on in decisions),
        window=_span(window, axis) if window else None,
        today=axis.at(today) if axis.first <= today <= axis.last else None,
        height=TOP + len(panels) * (PANEL + GAP) + 3 * LANE + 34,
    )


def _drawn(panel: Panel, top: float, axis: Axis) -> Drawn:
    bottom = top + PANEL

    def y(value: Fraction | int) -> float:
        return round(bottom - float(value) / panel.scale.highest * PANEL, 1)

    points = tuple(_point(panel, each, axis, y(each.value)) for each in panel.scores)
    levels = []
    if panel.line is not None:
        levels.append(_level(y(panel.line), f"response {number(panel.line)}"))
    if panel.scale.remission is not None:
        levels.append(_level(y(panel.scale.remission), f"remission {number(panel.scale.remission)}"))
    return Drawn(
        panel=panel,
        top=top,
        bottom=bottom,
        highest=Line(top, str(panel.scale.highest)),
        levels=_apart(levels),
        shades=tuple(_shade(each.starts_on, each.ends_on, each.what, axis) for each in panel.stretches),
        points=points,
        strokes=_strokes(panel, points),
        says=sentence(panel),
    )


def _level(y: float, label: str) -> Line:
    return Line(y, label, y + 4)


def _apart(levels: list[Line]) -> tuple[Line, ...]:
    """Labels that would touch are drawn apart; the lines stay where they are."""
    if len(levels) == 2 and abs(levels[0].y - levels[1].y) < 13:
        upper, lower = sorted(levels, key=lambda line: line.y)
        middle = (upper.y + lower.y) / 2 + 4
        return replace(upper, text_y=round(middle - 6.5, 1)), replace(lower, text_y=round(middle + 6.5, 1))
    return tuple(levels)


def _point(panel: Panel, scored: Scored, axis: Axis, y: float) -> Point:
    back = scored.on - timedelta(days=panel.instrument.look_back_days)
    how = "in the clinic" if scored.assessment.by_id else "by phone"
    band = f", {scored.band}" if scored.band else ""
    return Point(
        x=axis.at(scored.on),
        y=y,
        in_clinic=scored.assessment.by_id is not None,
        look_back=max(axis.at(back), float(LEFT)),
        says=f"{panel.scale.title} {number(scored.value)}{band}, {words.day(scored.on)}, {how}",
        value=number(scored.value),
    )


def _strokes(panel: Panel, points: Sequence[Point]) -> tuple[tuple[Point, Point], ...]:
    """Lines join scores no farther apart than twice the instrument's interval."""
    within = joined_within(panel.instrument.interval_days)
    pairs = zip(panel.scores, panel.scores[1:], points, points[1:], strict=False)
    return tuple((start, end) for one, other, start, end in pairs if other.on - one.on <= within)


def _shade(starts_on: date, ends_on: date, what: Knowledge, axis: Axis) -> Shade:
    x = axis.at(starts_on)
    days = words.count((ends_on - starts_on).days, "day")
    relief = what is Knowledge.RELIEF
    width = round(axis.at(ends_on) - x, 1)
    label = f"relief {days}" if relief else f"not known {days}"
    says = f"{label}, {words.short_day(starts_on)} to {words.short_day(ends_on)}"
    return Shade(x, width, relief, says, label if width > len(label) * LETTER else "")


def _span(window: tuple[date, date], axis: Axis) -> Span | None:
    starts_on, ends_on = window
    if starts_on > axis.last:
        return None
    half = (axis.at(axis.last) - axis.at(axis.first)) / max((axis.last - axis.first).days, 1) / 2
    x = max(axis.at(starts_on) - half, LEFT)
    end = min(axis.at(ends_on) + half, LEFT + WIDTH) if ends_on <= axis.last else LEFT + WIDTH
    days = words.count((ends_on - starts_on).days + 1, "day")
    says = f"Planned window for follow-ups: {words.day(starts_on)} to {words.day(ends_on)}, {days}"
    return Span(round(x, 1), round(end - x, 1), says, f"window until {words.short_day(ends_on).partition(' ')[2]}")


def _mark(visit: Visit, on: date, axis: Axis) -> Mark:
    state = {VisitStatus.DONE: "done", VisitStatus.MISSED: "missed"}.get(VisitStatus(visit.status), "planned")
    kind = therapy(visit.family)
    last = visit.label.rpartition(" ")[2]
    number = last if visit.family == INFUSION and last.isdecimal() else ""
    return Mark(axis.at(on), number, kind, state, f"{visit.label}, {words.day(on)}, {state}")


def _side_by_side(marks: list[Mark]) -> tuple[Mark, ...]:
    """As wide as they can be without touching; those of one day stand one on the other."""
    places = sorted({mark.x for mark in marks})
    gaps = [later - sooner for sooner, later in pairwise(places)]
    room = {x: min(gaps[max(n - 1, 0) : n + 1], default=2 * ROOMY) for n, x in enumerate(places)}
    return tuple(replace(mark, half=round(max(SMALLEST, min(ROOMY, room[mark.x] / 2 - 0.5)), 1)) for mark in marks)


def number(value: Fraction) -> str:
    """A score as people write it: whole, or with one decimal."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.1f}"


def sentence(panel: Panel) -> str:
    """What the scores say, in one line."""
    if not panel.scores:
        return "No scores yet."
    last = panel.scores[-1]
    said = f"{number(last.value)} on {words.day(last.on)}"
    if last.band:
        said += f" ({last.band})"
    if panel.first is None or panel.latest is None:
        return f"{said}: the first score, nothing to compare with yet."
    said += f", first score {number(panel.first.value)}"
    said += " (taken after the first infusion)" if panel.first_is_late else ""
    latest = panel.latest
    change = panel.first.value - last.value
    if not change:
        said += ": no change."
    else:
        share = f", {abs(round(float(latest.drop) * 100))} %" if latest.drop is not None else ""
        said += f": {number(abs(change))} {'lower' if change > 0 else 'higher'}{share}."
    if latest.remitted:
        return f"{said} Remission."
    if latest.responded:
        return f"{said} Response."
    if latest.meaningful is False and change:
        return f"{said} Less than patients usually notice."
    return said
