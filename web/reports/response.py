"""How patients respond, by protocol."""

from treatments.queries import response
from treatments.queries.response import FEWEST, Group
from treatments.queries.scopes import Scope
from web import words
from web.reports.drawing import Bars
from web.reports.parts import TOO_FEW, Part, Report, Table, percent, row, share

DEFINITIONS = (
    (
        "Courses",
        (
            "Courses whose first infusion took place in the quarters named, with a score of the measure from before it and at "
            "least one from after. Courses without either are left out."
        ),
    ),
    (
        "Responded, remitted",
        (
            "The last score so far against the last one before the first infusion, by the limits the measure's authors "
            "publish: half as high for PHQ-9, GAD-7 and QIDS-SR16, 30 % lower for pain measures; remission at PHQ-9 and GAD-7 4 "
            "or less, QIDS-SR16 5 or less."
        ),
    ),
    (
        "Small groups",
        (
            f"Counted in whole quarters that are over. A quarter with fewer than {FEWEST} such courses of a protocol is left out "
            "altogether, and there is no total: neither holding two periods against each other nor taking rows from a sum leads to fewer "
            "than that. The kind of visit does not narrow this report."
        ),
    ),
    ("No comparison", "Protocols are given to different patients. The shares do not show which protocol works better."),
)


def report(scope: Scope) -> Report:
    """Responses by protocol and measure. One query."""
    found = response.response(scope)
    when = f"Courses begun {words.full_date(found.first_on)} to {words.full_date(found.last_on)}."
    few = [f"{protocol} by {scale}" for protocol, scale in found.too_few]
    note = when + (f" Too few to show: {words.listing(few)}." if few else "")
    if not found.groups:
        return Report(f"No group is large enough to show. {note}", (), DEFINITIONS)
    largest = max(found.groups, key=lambda group: group.courses)
    finding = (
        f"{largest.responded} of {words.count(largest.courses, 'patient')} responded to {largest.protocol} by "
        f"{largest.scale} ({share(largest.responded, largest.courses)})"
    )
    if largest.remitted is not None:
        finding += f", {largest.remitted} remitted"
    table = Table(
        ("Protocol", "Measure", "Courses", "Responded", "Responded, %", "Remitted", "Remitted, %"),
        tuple(_line(group) for group in found.groups),
    )
    rows = tuple(row(f"{group.protocol}, {group.scale}", group.responded, group.courses) for group in found.groups)
    part = Part("By protocol and measure", table, bars=Bars("Share of courses with a response", rows), note=note)
    return Report(f"{finding}.", (part,), DEFINITIONS)


def _line(group: Group) -> tuple[str, ...]:
    remitted = (TOO_FEW, TOO_FEW)
    if group.remitted is not None:
        remitted = (str(group.remitted), percent(group.remitted, group.courses))
    return (
        group.protocol,
        group.scale,
        str(group.courses),
        str(group.responded),
        percent(group.responded, group.courses),
        *remitted,
    )
