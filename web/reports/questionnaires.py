"""Whether questionnaires are filled in."""

from treatments.queries import completion
from treatments.queries.completion import Completion
from treatments.queries.scopes import Scope
from web import words
from web.reports.drawing import Bars
from web.reports.parts import FEWEST, Part, Report, Table, percent, row, share

DEFINITIONS = (
    (
        "Due",
        (
            "A protocol asks for a measure at moments counted from visits, each with a first and a last day. Due in the period "
            "are those whose last day was in it. Moments that fall away with a cancelled visit, or come too soon after the last "
            "answers, were not due."
        ),
    ),
    ("Taken", "Answers were given between the first and the last day. Answers that were corrected later count once."),
    ("On the phone", "Of those taken, by patients on their own page; the others were typed in the clinic."),
)


def report(scope: Scope) -> Report:
    """How many were taken in their time. Four queries."""
    found = completion.completion(scope)
    total = Completion(
        "All",
        "",
        sum(each.due for each in found),
        sum(each.taken for each in found),
        sum(each.by_link for each in found),
    )
    if not total.due:
        return Report("No questionnaire was due in this period.", (), DEFINITIONS)
    finding = (
        f"{total.taken} of {words.count(total.due, 'questionnaire')} whose time was over "
        f"{'was' if total.taken == 1 else 'were'} filled in ({share(total.taken, total.due)}), "
        f"{total.by_link} of them by patients on the phone."
    )
    lowest = min(
        (each for each in found if each.due >= FEWEST),
        key=lambda each: (each.taken / each.due, each.title),
        default=None,
    )
    if lowest is not None and len(found) > 1:
        finding += f" Least often {lowest.title} ({share(lowest.taken, lowest.due)})."
    table = Table(
        ("Measure", "Filled in by", "Due", "Taken", "Taken, %", "On the phone"),
        tuple(_line(each) for each in found),
        _line(total),
    )
    rows = tuple(row(each.title, each.taken, each.due) for each in found)
    part = Part("By measure", table, bars=Bars("Share of due questionnaires that were taken", rows))
    return Report(finding, (part,), DEFINITIONS)


def _line(each: Completion) -> tuple[str, ...]:
    return (
        each.title,
        each.filled_by,
        str(each.due),
        str(each.taken),
        percent(each.taken, each.due),
        str(each.by_link),
    )
