"""Chair and room use."""

from datetime import time

from scheduler.models import Kind
from treatments.queries import use
from treatments.queries.scopes import Scope
from web import words
from web.reports.drawing import Bars, Heat, Row
from web.reports.parts import Part, Report, Table, hours, percent, share

DEFINITIONS = (
    (
        "Open hours",
        (
            "The hours in which a chair or room that is in service today could be booked: its own working hours, or else the "
            "opening hours of the site, less holidays, closed days and times out of service."
        ),
    ),
    (
        "Booked hours",
        (
            "Of these, the hours in which at least one visit takes the chair or room, with its set-up, observation and "
            "turnover. Cancelled and missed visits and holds do not count; two visits at once count once."
        ),
    ),
    (
        "By weekday and hour",
        "On the clock of the site. Of every open hour of all chairs and rooms, the share that was booked.",
    ),
)


def report(scope: Scope) -> Report:
    """How much of the open time was booked. Six queries."""
    found = use.use(scope)
    if not found.total.open:
        return Report("No chair or room was open in this period.", (), DEFINITIONS)
    heat = Heat(
        "Booked share of open hours, in percent",
        {at: each.booked / each.open for at, each in found.cells.items() if each.open},
    )
    fullest, emptiest = heat.extremes
    total = found.total
    finding = (
        f"Chairs and rooms were booked for {share(total.booked, total.open)} of their open hours: "
        f"{total.booked / 60:,.0f} of {words.count(round(total.open / 60), 'hour')}."
    )
    if heat.shares[fullest] != heat.shares[emptiest]:
        finding += f" Fullest is {heat.name(fullest)}; emptiest {heat.name(emptiest)}."
    if found.outside:
        finding += (
            f" A further {words.count(round(found.outside / 60) or 1, 'hour')} were booked outside opening hours."
        )
    rows = tuple(
        Row(place.name, (each.of_open,) if each.of_open is not None else None, _says(each))
        for place, each in found.places
    )
    by_place = Part(
        "By chair and room",
        Table(
            ("Chair or room", "Kind", "Open hours", "Booked hours", "Booked, %"),
            tuple(
                (place.name, Kind(place.kind).label, hours(each.open), hours(each.booked), _percent(each))
                for place, each in found.places
            ),
            ("All", "", hours(total.open), hours(total.booked), _percent(total)),
        ),
        bars=Bars("Booked share of open hours by chair and room", rows),
    )
    by_hour = Part(
        "By weekday and hour",
        Table(
            ("Weekday", "From", "Open hours", "Booked hours", "Booked, %"),
            tuple(
                (words.WEEKDAYS[weekday], words.clock(time(hour)), hours(each.open), hours(each.booked), _percent(each))
                for (weekday, hour), each in sorted(found.cells.items())
            ),
            ("All", "", hours(total.open), hours(total.booked), _percent(total)),
        ),
        heat=heat,
    )
    return Report(finding, (by_hour, by_place), DEFINITIONS)


def _says(each: use.Share) -> str:
    return (
        f"{share(each.booked, each.open)}, {words.grouped(hours(each.booked))} of {words.grouped(hours(each.open))} h"
        if each.open
        else "never open"
    )


def _percent(each: use.Share) -> str:
    return percent(each.booked, each.open, fewest=0)
