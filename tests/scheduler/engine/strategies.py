"""Random clinics and courses for property tests: small, tight, and full of combinations."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from scheduler.engine.grid import Grid
from scheduler.engine.request import (
    HANDS_LANE,
    AtMost,
    Calendar,
    ConsecutiveDays,
    DailyLoad,
    Keep,
    Offset,
    PerWeek,
    Placement,
    PlanRequest,
    Preferred,
    Preparation,
    Role,
    SameDay,
    SameResource,
    Segment,
    Span,
    Unit,
    Use,
    Visit,
    Window,
)
from tests.scheduler.engine.building import at

TURNS = [
    ("America/New_York", date(2026, 3, 4)),  # spring forward on Sunday 8 March
    ("America/New_York", date(2026, 10, 28)),  # fall back on Sunday 1 November
    ("Europe/Berlin", date(2026, 3, 25)),
    ("Europe/Berlin", date(2026, 10, 21)),
    ("Europe/Berlin", date(2026, 12, 28)),  # year end
    ("UTC", date(2026, 6, 1)),
]


@st.composite
def grids(draw, least_days=6, most_days=14):
    zone, first = draw(st.sampled_from(TURNS))
    return Grid(zone, first, draw(st.integers(least_days, most_days)))


@st.composite
def calendars(draw, on: Grid, open_days, most=2, close="13:00"):
    """Chairs, nurses and therapists with holes in their days."""
    found = []
    for kind, lanes in (("chair", 1), ("nurse", 2), ("therapist", 1), ("pharmacy", 1)):
        for n in range(draw(st.integers(1, most)) if kind != "pharmacy" else 1):
            off = draw(st.sets(st.integers(0, on.days - 1), max_size=3))
            working = tuple((at(on, day, "09:00"), at(on, day, close)) for day in sorted(open_days - off))
            busy = []
            for begin, end in working:
                for lane in (*range(lanes), *([HANDS_LANE] if lanes > 1 else [])):
                    if draw(st.integers(0, 3)) == 0:
                        first = draw(st.integers(begin, end - 1))
                        busy.append((first, min(first + draw(st.integers(3, 24)), end), lane))
            skills = frozenset(draw(st.sets(st.sampled_from(["iv", "trauma"]), max_size=2)))
            found.append(Calendar(f"{kind}{n}", kind, working, tuple(busy), skills, lanes))
    return tuple(found)


@st.composite
def preparations(draw):
    """None, or a bag from the pharmacy."""
    if draw(st.integers(0, 3)):
        return ()
    lead = draw(st.sampled_from([0, 30, 120]))
    life = lead + draw(st.sampled_from([0, 60, 4 * 60, 26 * 60]))
    until = draw(st.sampled_from([10 * 60, 24 * 60]))
    return (Preparation("bag", "pharmacy", 20, lead, life, until=until, same_day=draw(st.booleans())),)


def _infusion(n: int, turnover: int, made: tuple[Preparation, ...], *, presence: bool, setup: Use) -> Visit:
    roles = [
        Role("chair", "chair", (Segment(0, 60 + turnover, Use.EXCLUSIVE),)),
        Role("nurse", "nurse", (Segment(0, 15, setup), Segment(15, 60, Use.SHARED))),
    ]
    if presence:
        roles.append(Role("prescriber", "therapist", (Segment(0, 60, Use.PRESENCE),)))
    return Visit(f"i{n}", "infusion", 60, tuple(roles), 60, made)


def _talk(n: int, skills) -> Visit:
    return Visit(f"t{n}", "talk", 50, (Role("therapist", "therapist", (Segment(0, 60, Use.EXCLUSIVE),), skills),), 60)


@st.composite
def offsets(draw, visit: str, anchor: str, key: str):
    """A window of days or minutes, forwards, sometimes backwards, sometimes open."""
    if draw(st.integers(0, 3)):
        least = draw(st.integers(0, 3))
        most = least + draw(st.integers(0, 3))
        unit = Unit.DAYS
    else:
        least = draw(st.sampled_from([0, 60, 20 * 60, 24 * 60, 46 * 60]))
        most = least + draw(st.sampled_from([0, 4 * 60, 26 * 60, 50 * 60]))
        unit = Unit.MINUTES
    ideal = draw(st.one_of(st.none(), st.integers(least, most)))
    if draw(st.integers(0, 5)) == 0:
        least, ideal, most = -most, None if ideal is None else -ideal, -least
    ends = draw(st.sampled_from(["both", "both", "both", "least", "most"]))
    return Offset(
        key,
        visit,
        anchor,
        unit,
        None if ends == "most" else least,
        ideal,
        None if ends == "least" else most,
        from_end=draw(st.booleans()),
        weight=draw(st.sampled_from([1, 1, 1, 3])),
    )


@st.composite
def requests(
    draw, most_infusions=3, most_talks=2, days=(6, 14), most_resources=2, close="13:00", fixing=True, always=()
):
    """A whole request with a random choice of rules of every kind, those of ``always`` among them."""
    on = draw(grids(*days))
    closed = draw(st.sets(st.integers(0, on.days - 1), max_size=2))
    open_days = frozenset(
        day for day in range(on.days) if (on.first_on + timedelta(day)).weekday() < 6 and day not in closed
    )
    turnover = draw(st.sampled_from([0, 15]))
    skills = frozenset({"trauma"}) if draw(st.integers(0, 5)) == 0 else frozenset()
    presence = draw(st.booleans())
    setup = draw(st.sampled_from([Use.EXCLUSIVE, Use.HANDS_ON]))
    count = draw(st.integers(1, most_infusions))
    made = draw(preparations())
    infusions = [_infusion(n, turnover, made, presence=presence, setup=setup) for n in range(1, count + 1)]
    talks = [_talk(n, skills) for n in range(1, draw(st.integers(0, most_talks)) + 1)]
    rules = draw(rules_for(on, [v.key for v in infusions], [v.key for v in talks], always))
    people = draw(calendars(on, open_days, most_resources, close))
    patient_busy = ()
    if draw(st.booleans()):
        begin = draw(st.integers(0, on.slots - 20))
        patient_busy = ((begin, begin + 12),)
    fixed = ()
    if fixing and draw(st.integers(0, 4)) == 0:
        start = at(on, draw(st.integers(0, min(4, on.days - 1))), draw(st.sampled_from(["09:00", "11:00"])))
        names = sorted((r.key, next(c.id for c in people if c.kind == r.kind)) for r in infusions[0].roles)
        fixed = (Placement("i1", start, tuple(names)),)
    return PlanRequest(
        on,
        tuple(infusions + talks),
        rules,
        people,
        open_days,
        not_before=draw(st.sampled_from([0, 100, 400])),
        patient_busy=patient_busy,
        patient_gap=draw(st.sampled_from([0, 30])),
        fixed=fixed,
    )


@st.composite
def rules_for(draw, on: Grid, infusions, talks, always=()):
    everyone = tuple(infusions + talks)
    rules = []
    if ConsecutiveDays in always or (Offset not in always and draw(st.integers(0, 3)) == 0):
        weekdays = draw(st.sampled_from([frozenset(range(7)), frozenset(range(5)), frozenset({0, 2, 4})]))
        rules.append(ConsecutiveDays("row", tuple(infusions), skip_closed=draw(st.booleans()), weekdays=weekdays))
    else:
        for before, after in pairwise(infusions):
            rules.append(draw(offsets(after, before, "gap")))
    for n, talk in enumerate(talks):
        if Offset in always or draw(st.integers(0, 4)):
            rules.append(draw(offsets(talk, infusions[n % len(infusions)], "follow")))
    maybe = [
        *spreading_rules(draw, on, infusions, everyone),
        *pairing_rules(draw, on, infusions, talks),
        *keeping_rules(draw, on, infusions, everyone),
    ]
    return tuple(rules + [make() for kind, make in maybe if kind in always or draw(st.booleans())])


def spreading_rules(draw, on: Grid, infusions, everyone):
    """Kinds of rules about when visits are, with how to make one."""
    return [
        (
            PerWeek,
            lambda: PerWeek(
                "week",
                draw(st.sampled_from([tuple(infusions), everyone])),
                draw(st.integers(1, 3)),
                at_least=draw(st.integers(0, 1)),
                rolling=draw(st.booleans()),
                days_apart=draw(st.integers(0, 2)),
            ),
        ),
        (Span, lambda: Span("span", everyone, draw(st.integers(2, 10)))),
        (
            Window,
            lambda: Window(
                "when",
                draw(st.sampled_from([tuple(infusions), everyone])),
                weekdays=frozenset(draw(st.sets(st.integers(0, 6), min_size=2))),
                earliest=draw(st.sampled_from([0, 600])),
                latest=draw(st.sampled_from([660, 1440])),
                from_on=draw(st.sampled_from([None, on.first_on + timedelta(1)])),
                until_on=draw(st.sampled_from([None, on.first_on + timedelta(on.days - 2)])),
            ),
        ),
        (Window, lambda: Window("wish", everyone, weekdays=frozenset({0, 2, 4}), latest=600, hard=False)),
    ]


def pairing_rules(draw, on: Grid, infusions, talks):
    """The same for what visits mean for each other."""
    everyone = (*infusions, *talks)
    return [
        (SameDay, lambda: SameDay("sober", tuple(talks), tuple(infusions), before_too=draw(st.booleans()))),
        (SameResource, lambda: SameResource("therapist", "therapist", tuple(talks), hard=draw(st.booleans()))),
        (
            SameResource,
            lambda: SameResource(
                "nurse", "nurse", tuple(infusions), hard=draw(st.booleans()), at_most=draw(st.integers(1, 2))
            ),
        ),
        (
            AtMost,
            lambda: AtMost(
                "cap",
                draw(st.sampled_from([tuple(infusions), everyone])),
                draw(st.integers(1, 2)),
                draw(st.integers(2, 9)),
                tuple(draw(st.lists(st.integers(-9, 9).map(lambda day: on.first_on + timedelta(day)), max_size=2))),
            ),
        ),
    ]


def keeping_rules(draw, on: Grid, infusions, everyone):
    """The same for what stands already: places, people, other starts."""
    return [
        (
            Keep,
            lambda: Keep(
                "keep",
                draw(st.sampled_from(everyone)),
                at(on, draw(st.integers(0, on.days - 1)), draw(st.sampled_from(["09:00", "10:00"]))),
                (("chair", "chair0"), ("nurse", "nurse1")),
            ),
        ),
        (
            Preferred,
            lambda: Preferred("people", everyone, frozenset({"nurse1", "therapist0"}), hard=draw(st.booleans())),
        ),
        (
            DailyLoad,
            lambda: DailyLoad(
                "load",
                draw(st.sampled_from([tuple(infusions), everyone])),
                tuple((day, draw(st.integers(0, 3))) for day in range(0, on.days, 2)),
                target=draw(st.sampled_from([None, 0, 1])),
                at_most=draw(st.sampled_from([None, 1, 3])),
            ),
        ),
    ]
