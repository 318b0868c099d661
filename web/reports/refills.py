"""From a cancellation to the next taker of the place."""

from treatments.queries import refills
from treatments.queries.refills import Refill
from treatments.queries.scopes import Scope
from web import words
from web.reports.drawing import Bars
from web.reports.parts import FEWEST, TOO_FEW, Part, Report, Table, percent, row, share

NAMES = ("Less than 1 day", "1 to 3 days", "3 to 7 days", "More than a week")
DEFINITIONS = (
    (
        "Given up",
        (
            "Visits that were to begin in the period, had a chair or room, and were cancelled before they began, by the "
            "patient or the clinic. Visits that were moved are not among them."
        ),
    ),
    ("Taken again", "Another visit was booked into the same chair or room, at a time that meets the one given up."),
    ("Time until then", "From the cancellation to that booking. The median: half of them were faster."),
    ("Notice", "From the cancellation to the start of the visit."),
)


def report(scope: Scope) -> Report:
    """How many places were taken again, and how fast. One query."""
    found = refills.refills(scope)
    bands = [each for each in found if each.band is not None]
    total = next((each for each in found if each.band is None), Refill(None, 0, 0, None))
    if not total.given_up:
        return Report("No chair or room was given up in this period.", (), DEFINITIONS)
    finding = (
        f"{total.taken_again} of {words.count(total.given_up, 'place')} given up were taken again "
        f"({share(total.taken_again, total.given_up)})"
    )
    if total.median_hours is not None and total.taken_again >= FEWEST:
        finding += f", half of these within {_length(total.median_hours)}"
    table = Table(
        ("Notice", "Given up", "Taken again", "Taken again, %", "Median time, hours"),
        tuple(_line(NAMES[each.band or 0], each) for each in bands),
        _line("All", total),
    )
    rows = tuple(row(NAMES[each.band or 0], each.taken_again, each.given_up) for each in bands)
    part = Part("By notice", table, bars=Bars("Share of given-up places that were taken again", rows))
    return Report(f"{finding}.", (part,), DEFINITIONS)


def _line(name: str, each: Refill) -> tuple[str, ...]:
    median = TOO_FEW if each.median_hours is None or each.taken_again < FEWEST else f"{each.median_hours:.1f}"
    return name, str(each.given_up), str(each.taken_again), percent(each.taken_again, each.given_up), median


def _length(hours: float) -> str:
    """Such as "5 hours" or "3 days"."""
    if hours < 1:
        return words.count(max(1, round(hours * 60)), "minute")
    return words.count(round(hours), "hour") if hours < 48 else words.count(round(hours / 24), "day")
