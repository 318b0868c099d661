"""Plans a protocol from a file, against a site's calendar or a calendar from a file. Stores nothing."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from clinics.models import Site
from core import clock
from scheduler.models import Resource
from scheduler.queries import calendars
from treatments import explaining
from treatments.protocols.wishes import Wishes, WishesError

if TYPE_CHECKING:
    from scheduler.engine.answer import Plan
    from scheduler.engine.request import PlanRequest
    from treatments.protocols.compile import Compiled
    from treatments.protocols.remedies import Explanation
    from treatments.protocols.schema import Protocol

INCOMPLETE, UNREADABLE = 1, 2
MOST_ALTERNATIVES = 5

Ask = Callable[["Compiled"], "PlanRequest"]
"""What the planner is asked about a course, with the calendars of the clinic."""


class Command(BaseCommand):
    """``manage.py plan protocol.yaml --site alder --start 2026-12-01``."""

    help = (
        "Plan a protocol file and print the plan, its objective and bound, or why it does not fit and what would help. "
        "Exit status: 0 every visit has a place; 1 not every visit has one; 2 something that was given cannot be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the protocol, the calendar and the wishes."""
        parser.add_argument("protocol", type=Path, help="a protocol document in YAML")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--site", help="code of a site, whose calendar is used as it is now")
        where.add_argument("--calendar", type=Path, help="a calendar file in YAML; see treatments/calendar_file.py")
        parser.add_argument("--start", help="the first local date, such as 2026-12-01; tomorrow if not given")
        parser.add_argument("--wishes", default="{}", help='in JSON, such as {"weekdays": [1, 3], "firm": true}')
        parser.add_argument("--alternatives", type=int, default=0, help=f"other plans, up to {MOST_ALTERNATIVES}")
        parser.add_argument("--json", action="store_true", help="print JSON instead of text")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Plans and prints."""
        # imported here: loads the solver and Pydantic, which other commands can do without
        from scheduler.engine.plan import plan

        if not 0 <= options["alternatives"] <= MOST_ALTERNATIVES:
            raise _refused(f"--alternatives: expected a number from 0 to {MOST_ALTERNATIVES}.")
        document, wishes = _document(options["protocol"]), _wishes(options["wishes"])
        zone, names, ask = _clinic(options["site"], options["calendar"])
        planning = _Planning(document, wishes, _start(options["start"], zone), names, ask)
        plans = plan(planning.request, alternatives=1 + options["alternatives"]).plans
        found = None
        if not plans[0].complete:
            self.stderr.write("Not every visit has a place. Looking for what is to blame and what would help.")
            found, turned_up = planning.explained(plans[0])
            if turned_up is not None:
                plans, found = (turned_up,), None
        report = planning.report(plans, found)
        self.stdout.write(json.dumps(report, indent=2) if options["json"] else "\n".join(_lines(report)))
        if not plans[0].complete:
            sys.exit(INCOMPLETE)


@dataclass(frozen=True)
class _Planning:
    """One course to be planned, with everything its answer is read with."""

    document: "Protocol"
    wishes: Wishes
    start_on: date
    names: Mapping[str, str]
    ask: Ask

    @cached_property
    def compiled(self) -> "Compiled":
        """The visits and rules, with their words."""
        return self._compiled(self.start_on)

    @cached_property
    def request(self) -> "PlanRequest":
        """What the planner is asked."""
        return self.ask(self.compiled)

    def _compiled(self, start_on: date) -> "Compiled":
        # imported here: loads Pydantic
        from treatments.protocols.compile import compile as compiled

        return compiled(self.document, start_on=start_on, wishes=self.wishes)

    def explained(self, partial: "Plan") -> tuple["Explanation", "Plan | None"]:
        """Why the course does not fit, or a plan after all."""
        return explaining.explanation(
            self.compiled,
            self.request,
            self.wishes,
            partial,
            names=self.names,
            start_on=self.start_on,
            again=lambda on: self.ask(self._compiled(on)),
        )

    def report(self, plans: "tuple[Plan, ...]", found: "Explanation | None") -> dict[str, Any]:
        """Everything there is to say, as data."""
        # imported here: loads Pydantic
        from treatments.protocols.alternatives import difference

        best = plans[0]
        return {
            "title": self.document.title,
            "start_on": self.start_on.isoformat(),
            "complete": best.complete,
            **self._plan(best),
            "unplaced": [
                {
                    "visit": each.visit,
                    "label": self.compiled.labels[each.visit],
                    "reasons": self._sentences(each.visit, each.reasons),
                }
                for each in best.unplaced
            ],
            "explanation": None if found is None else asdict(found),
            "alternatives": [
                asdict(difference(best, other, self.request.grid)) | self._plan(other) for other in plans[1:]
            ],
        }

    def _plan(self, plan: "Plan") -> dict[str, Any]:
        # imported here: loads Pydantic
        from treatments.protocols.alternatives import terms

        grid = self.request.grid
        return {
            "objective": plan.cost.total,
            "terms": terms(plan),
            "bound": plan.bound,
            "gap": None if plan.gap is None else round(plan.gap, 4),
            "none_complete": plan.none_complete,
            "visits": [
                {
                    "visit": each.visit,
                    "label": self.compiled.labels[each.visit],
                    "local_start": grid.local(each.start).strftime("%Y-%m-%dT%H:%M"),
                    "resources": {role: self.names.get(name, name) for role, name in each.resources},
                    "notes": self._sentences(each.visit, plan.notes.get(each.visit, ())),
                }
                for each in plan.placements
            ],
        }

    def _sentences(self, visit: str, reasons: Any) -> list[str]:
        # imported here: loads Pydantic
        from treatments.protocols import phrases

        return phrases.sentences(tuple(reasons), visit=visit, compiled=self.compiled, names=self.names)


# --- what was given ----------------------------------------------------------------------------------------------------


def _refused(message: str) -> CommandError:
    return CommandError(message, returncode=UNREADABLE)


def _document(path: Path) -> "Protocol":
    # imported here: loads Pydantic
    from treatments.protocols import reading

    try:
        return reading.read_file(path)
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror}.") from error
    except reading.ProtocolError as error:
        raise _refused(f"{path} is no protocol that can be used:\n{error}") from error


def _wishes(text: str) -> Wishes:
    try:
        return Wishes.from_json(json.loads(text))
    except json.JSONDecodeError as error:
        raise _refused(f"--wishes: expected JSON; {error}.") from error
    except WishesError as error:
        raise _refused(f"--wishes: {error}.") from error


def _start(text: str | None, zone: str) -> date:
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    if text is None:
        return today + timedelta(days=1)
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise _refused("--start: expected a date such as 2026-12-01.") from error
    if not today <= found <= today + timedelta(days=731):
        raise _refused("--start: expected a date from today to two years ahead.")
    return found


def _clinic(code: str | None, path: Path | None) -> tuple[str, Mapping[str, str], Ask]:
    """The zone, the names of the resources, and how to ask."""
    return _from_site(code) if path is None else _from_file(path)


def _from_site(code: str | None) -> tuple[str, Mapping[str, str], Ask]:
    site = Site.objects.filter(code=code).first()
    if site is None:
        raise _refused(f"There is no site with the code {code}.")
    now = clock.now()

    def ask(compiled: "Compiled") -> "PlanRequest":
        grid = calendars.grid(site, first_on=compiled.start_on, days=compiled.horizon_days)
        opening = calendars.opening(site, grid)
        return compiled.request(
            grid=grid,
            calendars=calendars.calendars(site, grid, now=now, opening=opening),
            open_days=calendars.open_days(grid, opening),
            not_before=max(0, grid.slot_after(now)),
        )

    return site.zone, {str(each.pk): each.name for each in Resource.objects.filter(site=site)}, ask


def _from_file(path: Path) -> tuple[str, Mapping[str, str], Ask]:
    # imported here: reads YAML
    from scheduler.engine.grid import Grid
    from treatments import calendar_file

    try:
        clinic = calendar_file.read(path.read_bytes())
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror}.") from error
    except calendar_file.CalendarFileError as error:
        raise _refused(f"{path} is no calendar that can be used: {error}.") from error
    now = clock.now()

    def ask(compiled: "Compiled") -> "PlanRequest":
        grid = Grid(clinic.zone, compiled.start_on, compiled.horizon_days)
        return compiled.request(
            grid=grid,
            calendars=clinic.calendars(grid),
            open_days=clinic.open_days(grid),
            not_before=max(0, grid.slot_after(now)),
        )

    return clinic.zone, {each.name: each.name for each in clinic.resources}, ask


# --- what is printed ---------------------------------------------------------------------------------------------------


def _lines(report: dict[str, Any]) -> list[str]:
    total = len(report["visits"]) + len(report["unplaced"])
    lines = [f"{report['title']}: {len(report['visits'])} of {total} visits have a place.", ""]
    for visit in report["visits"]:
        filled = ", ".join(f"{role.replace('_', ' ')}: {name}" for role, name in visit["resources"].items())
        lines.append(f"  {visit['local_start'].replace('T', ' ')}  {visit['label']}  ({filled})")
        lines += [f"      {note}" for note in visit["notes"]]
    lines += ["", *_objective(report)]
    for each in report["unplaced"]:
        lines += [f"No place for {each['label']}:", *(f"  - {reason}" for reason in each["reasons"])]
    if report["explanation"] is not None:
        lines += ["", *_why(report["explanation"])]
    for number, other in enumerate(report["alternatives"], start=1):
        lines += ["", f"Alternative {number}: {other['price']}"]
        lines += [f"  {visit['local_start'].replace('T', ' ')}  {visit['label']}" for visit in other["visits"]]
        lines += _objective(other)
    return lines


def _objective(plan: dict[str, Any]) -> list[str]:
    terms = ", ".join(f"{name} {points}" for name, points in plan["terms"].items()) or "nothing is given up"
    if plan["bound"] is not None:
        proved = f"Lower bound: {plan['bound']} (gap {100 * plan['gap']:.1f} %)."
    elif plan["none_complete"]:
        proved = "It is proved that no plan has a place for every visit."
    else:
        proved = "Whether another plan has a place for every visit is not known: the search was cut short."
    return [f"Objective {plan['objective']}: {terms}.", proved]


def _why(found: dict[str, Any]) -> list[str]:
    proof = "each of these is needed for that" if found["proved"] else "as far as it was searched"
    lines = [f"It does not fit; {proof}:", *(f"  - {cause['message']}" for cause in found["causes"])]
    if found["fixes"]:
        lines += ["What would help:"]
        lines += [f"  - {fix['message']} Price: {fix['price']}. {json.dumps(fix['instead'])}" for fix in found["fixes"]]
    if found["verdict"]:
        lines += [found["verdict"], *(f"  - {each['message']}" for each in found["concessions"])]
    return lines
