"""What the rules of a document say, in words; and their units as the planner counts them."""

from collections.abc import Iterable, Mapping

from treatments.protocols import schema, words
from treatments.protocols.policies import Cap
from treatments.protocols.rulebook import CourseVisit, Visits
from treatments.protocols.vocabulary import WEEKDAYS, Distance

# --- units --------------------------------------------------------------------------------------------------


def in_hours(distance: Distance) -> bool:
    """Whether a distance is elapsed time rather than local dates."""
    return any(hours is not None for hours in (distance.min_hours, distance.ideal_hours, distance.max_hours))


def to_minutes(hours: float | None) -> int | None:
    """Hours as whole minutes."""
    return None if hours is None else round(hours * 60)


def minute_of(clock: str) -> int:
    """A time of day as minutes since midnight."""
    return int(clock[:2]) * 60 + int(clock[3:])


def weekday_numbers(names: Iterable[str]) -> frozenset[int]:
    """Weekdays as numbers, Monday = 0."""
    return frozenset(WEEKDAYS.index(name) for name in names)


def position(which: str) -> int:
    """The index that "first", "last" or a number from 1 stands for."""
    return {"first": 0, "last": -1}[which] if not which.isdigit() else int(which) - 1


# --- words --------------------------------------------------------------------------------------------------


def days_words(least: int | None, ideal: int | None, most: int | None) -> str:
    """A distance in days: "2 to 5 days", "about 28 days"."""
    limits = words.within(least, most, "day")
    return limits or (f"about {words.count(ideal, 'day')}" if ideal is not None else "")


def distance_words(distance: Distance) -> str:
    """A distance in words, in its own unit."""
    if not in_hours(distance):
        return days_words(distance.min_days, distance.ideal_days, distance.max_days)
    limits = words.within(distance.min_hours, distance.max_hours, "hour")
    ideal = distance.ideal_hours
    return limits or (f"about {words.count(ideal, 'hour')}" if ideal is not None else "")


def gap_words(gap: schema.Gap) -> str:
    """A gap in words; of several ideals all are named."""
    if in_hours(gap) or gap.min_days is not None or gap.max_days is not None or not gap.ideal_days:
        return words.within(gap.min_days, gap.max_days, "day") or distance_words(gap)
    return f"about {words.listing(str(day) for day in gap.ideal_days)} days"


def placed(limits: str, side: str, label: str, *, ideal: int | None = None) -> str:
    """Why a visit is where it is: "2 to 5 days after infusion 2 (best: 3)"."""
    text = f"{limits} {side} {label}".strip()
    return f"{text} (best: {ideal})" if ideal is not None and "to" in limits.split() else text


def cycle_words(cycle: schema.Cycle) -> str:
    """A cycle in words: "2 visits every 2 weeks"."""
    every = "every week" if cycle.weeks == 1 else f"every {cycle.weeks} weeks"
    return every if cycle.visits == 1 else f"{cycle.visits} visits {every}"


def per_week_words(rule: schema.PerWeek) -> str:
    """A weekly count in words: "at most twice a week, at least 2 days apart"."""
    times = {1: "once", 2: "twice"}.get(rule.at_most, f"{rule.at_most} times")
    week = "a week" if rule.week == "calendar" else "in any 7 days"
    limit = times if rule.at_least == rule.at_most else f"at most {times}"
    apart = f", at least {words.count(rule.days_apart, 'day')} apart" if rule.days_apart > 1 else ""
    return f"{limit} {week}{apart}"


def window_words(window: schema.Window) -> str:
    """A window in words: "on Monday to Friday, starting between 8am and 1pm"."""
    parts = [f"on {words.weekdays(weekday_numbers(window.weekdays))}"] if window.weekdays else []
    first, last = (at and words.clock(minute_of(at)) for at in (window.first_start, window.last_start))
    if first and last:
        parts.append(f"starting between {first} and {last}")
    elif first:
        parts.append(f"starting at {first} or later")
    elif last:
        parts.append(f"starting at {last} or earlier")
    return ", ".join(parts)


def cap_words(cap: Cap) -> str:
    """A cap in words: "at most 12 in any 365 days", "at least 140 days apart"."""
    if cap.at_most == 1:
        return f"at least {words.count(cap.in_days, 'day')} apart, earlier courses included"
    return f"at most {cap.at_most} in any {words.count(cap.in_days, 'day')}, earlier courses included"


def daily_load_words(load: schema.DailyLoad) -> str:
    """A limit of starts in words: "best at most 6 a day in the clinic, never more than 8"."""
    parts = [f"best at most {load.target} a day in the clinic"] if load.target is not None else []
    if load.at_most is not None:
        parts.append(f"never more than {load.at_most}{'' if parts else ' a day in the clinic'}")
    return ", ".join(parts)


def reference_words(reference: str, by_block: Mapping[str, list[CourseVisit]]) -> str:
    """What a reference stands for: "infusion 6", "the infusion it belongs to"."""
    name, _, which = reference.partition(".")
    visits: Visits = by_block[name]
    if which in ("each", "next"):
        kind = words.in_sentence(visits[0].label.rpartition(" ")[0])
        return f"the {kind} it belongs to" if which == "each" else f"the next {kind}"
    return words.in_sentence(visits[position(which)].label)


def names_words(document: schema.Protocol, names: tuple[str, ...]) -> str:
    """The blocks or visit types of a rule: "Psychotherapy and physical therapy"."""
    found = []
    for name in names:
        if name in document.visit_types:
            found.append(document.visit_types[name].name)
        else:
            block = document.block(name)
            found.append(block.title or document.visit_types[block.visit].name)
    return words.at_start(words.listing(words.in_sentence(text) for text in dict.fromkeys(found)))
