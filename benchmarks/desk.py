"""How long the server works on the answers the front desk waits for, against planning the same course and nothing else.

``python -m devtools.local run -- python -m benchmarks.desk [rounds]``

The course: six infusions and eight follow-ups, in the demo clinic with its booked weeks. Processor time of this process,
without what PostgreSQL spends; the 95th of a hundred where there are that many rounds.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - after setup

from benchmarks import scratch  # noqa: E402
from clinics.models import Patient, Site, User  # noqa: E402
from core import clock  # noqa: E402
from devtools.demo import clinic  # noqa: E402
from treatments import planning  # noqa: E402
from treatments.actions import courses, reasons, starts  # noqa: E402
from treatments.actions.courses import Adjusted, Placed, Proposal  # noqa: E402
from treatments.models import Protocol  # noqa: E402
from web.booking_page import ALTERNATIVES  # noqa: E402

PROTOCOL = "iv-ketamine-depression-twice-weekly"
TARGETS = {"a plan": 1000, "plan with one visit moved": 300, "why not": 200}
"""Milliseconds for 95 of 100 answers, set for the project's reference machine."""


def main(rounds: int) -> None:
    """Builds the clinic, measures, prints."""
    call_command("migrate", verbosity=0)
    clinic.ensure(print)
    site, now = Site.objects.get(code=clinic.CODE), clock.now()
    took: dict[str, list[float]] = {}
    for number, patient in enumerate(scratch.newcomers(site, rounds, now=now)):
        _round(number, patient, took)
    alone = scratch.percentile(took["planning alone"], 0.5)
    print(f"{rounds} rounds, processor time in ms; ratio to planning alone\n")
    print(f"{'answer':28} {'p50':>6} {'p95':>6} {'ratio':>6} {'target p95':>11}")
    for name, times in took.items():
        p50, p95 = (scratch.percentile(times, share) for share in (0.5, 0.95))
        print(f"{name:28} {p50:6.0f} {p95:6.0f} {p50 / alone:6.2f} {TARGETS.get(name, ''):>11}")


def _round(number: int, patient: Patient, took: dict[str, list[float]]) -> None:
    """One course at one date: every answer once."""
    site, by, now = patient.site, User.objects.service(), clock.now()
    wanted: dict[str, Any] = {
        "protocol_version": Protocol.objects.get(code=PROTOCOL).current,
        "site": site,
        "patient": patient,
        "start_on": (now + timedelta(days=1 + number % 14)).date(),
        "wishes": {},
        "by": by,
        "now": now,
    }

    def timed(name: str, do: Callable[[], Any]) -> Any:
        began = time.process_time()
        found = do()
        took.setdefault(name, []).append(1000 * (time.process_time() - began))
        return found

    question = planning.ask(
        **{name: value for name, value in wanted.items() if name not in {"by", "wishes"}},
        wishes=planning.read_wishes({}),
    )
    timed("planning alone", lambda: planning.best(question))
    proposal: Proposal = timed("a plan", lambda: courses.propose(**wanted))
    # asked for by itself once the plan is on the screen
    timed("a plan with alternatives", lambda: courses.propose(**wanted, alternatives=ALTERNATIVES))
    placed = [
        Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
        for visit in proposal.visits
        if visit.starts_at is not None
    ]
    moved = placed[len(placed) // 2]
    on = clock.local(moved.starts_at, site.zone).date()
    offered = timed("times of a day", lambda: starts.for_proposal(**wanted, visit=moved.key, on=on, visits=placed))
    if offered:
        put = (moved.key, offered[number % len(offered)].starts_at)
        adjusted = Adjusted(put=put, stood=placed)
        timed("plan with one visit moved", lambda: courses.propose(**wanted, adjusted=adjusted))
    at = moved.starts_at + timedelta(hours=12)
    timed("why not", lambda: reasons.for_proposal(**wanted, visit=moved.key, starts_at=at, visits=placed))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
