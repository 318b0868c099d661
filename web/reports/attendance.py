"""No-shows and late cancellations."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from treatments.queries import attendance
from treatments.queries.attendance import LATE_HOURS, Kind, Outcome, Tally
from treatments.queries.scopes import Scope
from web import words
from web.reports.drawing import Bars, Row
from web.reports.parts import FEWEST, Part, Report, Table, percent, share
from web.therapies import therapy

LEAD_NAMES = ("Up to 2 days", "3 to 7 days", "8 to 28 days", "More than 4 weeks")
FIRST, LATER = "First visit of a course", "Later visits"
DEFINITIONS = (
    (
        "Expected visits",
        (
            "Visits that were to begin in the period and took place, were missed, or were cancelled late. Those cancelled in "
            "time are left out, and so are those of which nobody recorded what became."
        ),
    ),
    ("Missed", "Marked as missed: the patient did not come and had not cancelled."),
    (
        "Cancelled late",
        (
            f"Cancelled less than {LATE_HOURS} hours before the start, or after it, by the patient or the clinic. Clinics draw the "
            "line at 24, 48 or 72 hours; ours is the notice that patients on the waitlist need by default, so a place given up "
            "later is mostly lost."
        ),
    ),
    (
        "Lead time",
        (
            "Days from the day a visit was first booked to the day it was to be. The last band begins after four weeks: in "
            "263,464 appointments (Marshfield Clinic 2021, PMC11149957) no-shows were 5.5 times as likely there as on the day."
        ),
    ),
    ("First or later", "First: no visit of the course that was not cancelled stood before it."),
)


def report(scope: Scope) -> Report:
    """How many visits were lost, and which. One query."""
    found = attendance.attendance(scope)
    total = _sum(found.values())
    if not total.expected:
        return Report("No visit was expected in this period.", (), DEFINITIONS)
    visits = words.count(total.expected, "expected visit")
    finding = (
        f"Of {visits} {total.missed} {'was' if total.missed == 1 else 'were'} missed "
        f"({share(total.missed, total.expected)}) and {total.late} cancelled late ({share(total.late, total.expected)})."
    )
    by_turn = _group(found, lambda kind: FIRST if kind.first else LATER)
    first, later = by_turn.get(FIRST), by_turn.get(LATER)
    if first and later and min(first.expected, later.expected) >= FEWEST:
        finding += (
            f" Of first visits {share(first.lost, first.expected)} were lost either way, "
            f"of later ones {share(later.lost, later.expected)}."
        )
    if total.counts[Outcome.OPEN]:
        finding += f" Of {words.count(total.counts[Outcome.OPEN], 'visit')} nobody recorded what became."
    by_lead = _group(found, lambda kind: LEAD_NAMES[kind.lead])
    by_type = _group(found, lambda kind: therapy(kind.family).name if kind.family else "In no course")
    parts = (
        _part("By kind of visit", "Kind of visit", dict(sorted(by_type.items())), total),
        _part(
            "By lead time",
            "From booking to visit",
            {name: by_lead[name] for name in LEAD_NAMES if name in by_lead},
            total,
        ),
        _part(
            "First or later",
            "In its course",
            {name: by_turn[name] for name in (FIRST, LATER) if name in by_turn},
            total,
        ),
    )
    return Report(finding, parts, DEFINITIONS)


def _group(found: Mapping[Kind, Tally], name: Callable[[Kind], str]) -> dict[str, Tally]:
    groups: dict[str, list[Tally]] = {}
    for kind, tally in found.items():
        groups.setdefault(name(kind), []).append(tally)
    return {key: _sum(tallies) for key, tallies in groups.items()}


def _sum(tallies: Iterable[Tally]) -> Tally:
    counts: Counter[Outcome] = Counter()
    for tally in tallies:
        counts.update(tally.counts)
    return Tally(counts)


def _part(title: str, what: str, groups: Mapping[str, Tally], total: Tally) -> Part:
    head = (what, "Expected", "Missed", "Missed, %", "Cancelled late", "Late, %", "Cancelled in time", "Not recorded")
    return Part(
        title,
        Table(head, tuple(_line(name, tally) for name, tally in groups.items()), _line("All", total)),
        bars=Bars(
            f"Missed and cancelled late, of expected visits, {title.lower()}",
            tuple(Row(name, _shares(tally), _says(tally)) for name, tally in groups.items()),
            ("Missed", "Cancelled late"),
        ),
    )


def _line(name: str, tally: Tally) -> tuple[str, ...]:
    return (
        name,
        str(tally.expected),
        str(tally.missed),
        percent(tally.missed, tally.expected),
        str(tally.late),
        percent(tally.late, tally.expected),
        str(tally.counts[Outcome.IN_TIME]),
        str(tally.counts[Outcome.OPEN]),
    )


def _shares(tally: Tally) -> tuple[float, ...] | None:
    if tally.expected < FEWEST:
        return None
    return tally.missed / tally.expected, tally.late / tally.expected


def _says(tally: Tally) -> str:
    if tally.expected < FEWEST:
        return f"too few to say, n {tally.expected}"
    missed, late = share(tally.missed, tally.expected), share(tally.late, tally.expected)
    return f"{missed} missed, {late} late, n {tally.expected}"
