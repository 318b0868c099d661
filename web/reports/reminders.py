"""What became of reminders, and whether patients came."""

from notifications.queries import effect
from notifications.queries.effect import Effect, Told
from treatments.queries.scopes import Scope
from web import words
from web.reports.drawing import Bars
from web.reports.parts import FEWEST, Part, Report, Table, percent, row, share

NAMES = {
    Told.CONFIRMED: "Confirmed",
    Told.ARRIVED: "Not confirmed, a reminder arrived",
    Told.SENT: "Not confirmed, sent without a receipt",
    Told.FAILED: "Not confirmed, reminders failed",
    Told.NONE: "Not confirmed, no reminder",
}
NO_PROOF = (
    "This is not proof of cause: patients who confirm or can be reached differ in other ways from those who do not and "
    "cannot. Only a comparison by lot could tell."
)
DEFINITIONS = (
    (
        "Visits",
        "Visits that were to begin in the period and took place or were missed. Each stands in the first group that fits.",
    ),
    ("Confirmed", "The patient said that they come, on the phone, by text or on their page."),
    ("Arrived", "At least one reminder of the visit, or of its week, reached the patient by the provider's receipt."),
    ("Sent without a receipt", "A provider took at least one; e-mail servers, for one, never say that a mail arrived."),
    ("Failed", "Every reminder that was tried was refused, came too late, did not arrive, or nobody knows."),
    ("No reminder", "None was due: booked too late, no consent, no address, or withdrawn."),
)


def report(scope: Scope) -> Report:
    """Who came, by what became of the reminders. One query."""
    found = effect.effect(scope)
    due, came = sum(each.due for each in found), sum(each.came for each in found)
    if not due:
        return Report("No visit was due in this period.", (), DEFINITIONS)
    said = [f"{share(each.came, each.due)} of {each.due} visits {_which(each)}" for each in found if each.due >= FEWEST]
    finding = (
        f"Patients came to {words.listing(said)}."
        if said
        else f"Patients came to {came} of {words.count(due, 'visit')}."
    )
    table = Table(
        ("Reminders", "Visits", "Came", "Missed", "Came, %"),
        tuple(_line(NAMES[each.told], each.due, each.came) for each in found),
        _line("All", due, came),
    )
    rows = tuple(row(NAMES[each.told], each.came, each.due) for each in found)
    part = Part(
        "Came, by what became of the reminders",
        table,
        bars=Bars("Share of visits to which patients came", rows),
        note=NO_PROOF,
    )
    return Report(finding, (part,), DEFINITIONS)


def _which(each: Effect) -> str:
    return {
        Told.CONFIRMED: "they had confirmed",
        Told.ARRIVED: "not confirmed of which a reminder had arrived",
        Told.SENT: "not confirmed of which one was sent",
        Told.FAILED: "whose reminders had failed",
        Told.NONE: "without a reminder",
    }[each.told]


def _line(name: str, due: int, came: int) -> tuple[str, ...]:
    return name, str(due), str(came), str(due - came), percent(came, due)
