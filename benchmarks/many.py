"""Fifty courses wanted in the same week: the planner of many against first-fit and against one after another.

``python -m benchmarks.many`` prints, for a clinic of 20 chairs, 30 and 60 % full: courses placed altogether (every visit)
by first-fit, by the planner one course after another, and after taking out and putting back; with processor time.
Target: at least 1.2 times as many as first-fit within 30 s of processor time, never fewer than one after another.
"""

import argparse
import random
import time
from dataclasses import replace
from functools import partial

from benchmarks.clinics import COURSES, Clinic, course
from benchmarks.first_fit import placed_first_fit
from scheduler.engine.ledger import Ledger
from scheduler.engine.many import Effort, Wanted, plan_many
from scheduler.engine.request import PlanRequest, Rule, Window

TARGET = 1.2
SECONDS = 30
PLANNINGS = 5_000
"""More than fit into the seconds: time ends the search here, so that the target can be read."""


def requests(clinic: Clinic, count: int, seed: int) -> list[PlanRequest]:
    """Courses that all want to begin in the first week; each patient has one weekday and some hours that do not suit."""
    chance = random.Random(f"{seed} patients")
    visits, rules = course(*COURSES["6+8"])
    keys = tuple(visit.key for visit in visits)
    base = PlanRequest(
        clinic.grid, visits, rules, clinic.calendars(), frozenset(clinic.open_days),
        not_before=clinic.grid.midnights[1], patient_gap=30,
    )  # fmt: skip
    until = clinic.grid.date(clinic.grid.midnights[8])
    found = []
    for _ in range(count):
        earliest = chance.choice((8, 8, 9, 10)) * 60
        suits: tuple[Rule, ...] = (
            Window("first week", keys[:1], until_on=until),
            Window("suits", keys, frozenset(range(5)) - {chance.randrange(7)}, earliest, earliest + 8 * 60),
        )
        found.append(replace(base, rules=rules + suits))
    return found


def first_fits(asked: list[PlanRequest]) -> int:
    """How many courses first-fit places, one after another."""
    ledger, placed = Ledger(asked[0]), 0
    for each in asked:
        found = placed_first_fit(each, ledger.free)
        if found is not None:
            placed += 1
            ledger.take(each, found)
    return placed


def _is_past(until: float) -> bool:
    return time.process_time() > until


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="clinics of each kind")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    chosen = parser.parse_args()
    print("chairs fill  courses  first-fit  sequential  together  to first-fit (target 1.2)  plannings  s")
    for chairs, fill, count in ((20, 0.3, 50), (20, 0.6, 50), (5, 0.3, 12)):
        for seed in range(chosen.seeds):
            asked = requests(Clinic(seed, chairs, fill), count, seed)
            wanted = [Wanted(str(n), each) for n, each in enumerate(asked)]
            greedy = first_fits(asked)
            sequential = plan_many(wanted, effort=Effort(0)).complete
            begin = time.process_time()
            until = begin + chosen.seconds
            answer = plan_many(wanted, effort=Effort(PLANNINGS, patience=PLANNINGS), stop=partial(_is_past, until))
            seconds = time.process_time() - begin
            print(
                f"{chairs:<6} {fill:<5.0%} {count:<8} {greedy:<10} {sequential:<11} {answer.complete:<9} "
                f"{answer.complete / max(greedy, 1):<26.2f} {answer.plannings:<10} {seconds:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
