"""How courses ended."""

from collections import Counter

from treatments.life import finishing
from treatments.life.finishing import Ended
from treatments.queries.scopes import Scope
from web import words
from web.reports.drawing import Bars
from web.reports.parts import Part, Report, Table, percent, row, share

NAMES = {
    Ended.INSIDE: "Inside the rules",
    Ended.OUTSIDE: "Outside a rule",
    Ended.NOT_IN_FULL: "Not in full",
    Ended.BROKEN_OFF: "Broken off",
}
DEFINITIONS = (
    (
        "Courses that ended",
        (
            "Courses of which nothing is open and whose last visit that took place or was missed was in the period. Each "
            "stands in one column."
        ),
    ),
    (
        "Inside the rules",
        (
            "Every visit that was due took place, and where they took place they keep every hard rule of the protocol version "
            "the course ran on: distances, order, weekly counts, the same person. Judged by the checks that judge a booking. What "
            "the patient wished is left aside; so are visits that a clinician's decision released, and what was decided to be "
            "later or at another distance counts as decided."
        ),
    ),
    ("Outside a rule", "Every visit that was due took place, but at least one against a hard rule."),
    ("Not in full", "At least one visit was missed and not made up, or was cancelled."),
    ("Broken off", "Somebody cancelled the course after it had begun."),
)


def report(scope: Scope) -> Report:
    """How many courses ended as their protocols mean them to. Six queries."""
    found = finishing.ended(scope)
    total: Counter[Ended] = sum(found.values(), Counter())
    if not total.total():
        return Report("No course ended in this period.", (), DEFINITIONS)
    inside = total[Ended.INSIDE]
    finding = (
        f"{inside} of {words.count(total.total(), 'course')} that ended "
        f"{'was' if inside == 1 else 'were'} finished inside the rules of the protocol "
        f"({share(inside, total.total())}); {total[Ended.OUTSIDE]} outside a rule, "
        f"{total[Ended.NOT_IN_FULL]} not in full, {total[Ended.BROKEN_OFF]} broken off."
    )
    table = Table(
        ("Protocol", "Ended", *NAMES.values(), "Inside, %"),
        tuple(_line(title, counts) for title, counts in sorted(found.items())),
        _line("All", total),
    )
    rows = tuple(row(title, counts[Ended.INSIDE], counts.total()) for title, counts in sorted(found.items()))
    part = Part("By protocol", table, bars=Bars("Share of courses that were finished inside their rules", rows))
    return Report(finding, (part,), DEFINITIONS)


def _line(title: str, counts: Counter[Ended]) -> tuple[str, ...]:
    ended = counts.total()
    return title, str(ended), *(str(counts[how]) for how in NAMES), percent(counts[Ended.INSIDE], ended)
