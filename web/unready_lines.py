"""Visits of a day whose patients have not seen to what comes before, as the desk reads them."""

from dataclasses import dataclass
from datetime import date, datetime, time

from clinics.models import Patient, Site
from core import clock
from treatments.models import Preparing
from treatments.queries import preparations
from web import words

MISSING = {Preparing.FOOD: "not eating", Preparing.DRINK: "not drinking"}


@dataclass(frozen=True, slots=True)
class UnreadyLine:
    """One row: whose visit, from when on the clock of the site, and what is missing in one sentence."""

    patient: Patient
    starts: time
    missing: str


def lines(site: Site, on: date, *, now: datetime) -> list[UnreadyLine]:
    """The rows of one local date, in order of time. At most four queries."""
    found = []
    for each in preparations.unready(site, on, now=now):
        if each.appointment.patient is None:
            continue
        parts = []
        if each.unticked:
            parts.append(f"Not ticked: {words.listing([MISSING[item] for item in each.unticked])}.")
        if each.needs_ride:
            parts.append("Nobody named who drives home.")
        starts = clock.local(each.appointment.starts_at, site.zone).time()
        found.append(UnreadyLine(each.appointment.patient, starts, " ".join(parts)))
    return found
