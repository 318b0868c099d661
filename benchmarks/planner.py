"""The planner against booking each visit at the first time that fits.

``python -m benchmarks.planner`` prints, for clinics of 5, 20 and 60 chairs, 30, 60 and 90 % full, and courses of 14 and 26
visits: how often each finds a complete plan, the planner's cost as a share of first-fit's, the gap to its proved bound,
and processor time. ``--seeds N`` sets how many clinics of each kind (3).
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import mean, median
from typing import TypeVar

from benchmarks.clinics import COURSES, Clinic, request
from benchmarks.first_fit import first_fit
from scheduler.engine.check import check
from scheduler.engine.plan import plan
from scheduler.engine.request import PlanRequest

Result = TypeVar("Result")


@dataclass
class Row:
    """Measurements of one kind of clinic and course."""

    complete: int = 0
    greedy_complete: int = 0
    ratios: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    greedy_seconds: list[float] = field(default_factory=list)

    def add(self, asked: PlanRequest) -> None:
        """Plan one request both ways."""
        answer, seconds = timed(lambda: plan(asked))
        greedy, greedy_seconds = timed(lambda: first_fit(asked))
        best = answer.best
        if check(asked, best.placements):
            raise AssertionError("The planner returned a plan that breaks a rule.")
        self.seconds.append(seconds)
        self.greedy_seconds.append(greedy_seconds)
        self.complete += best.complete
        self.greedy_complete += greedy is not None
        if best.complete and best.bound is not None:
            self.gaps.append(best.cost.total / best.bound - 1)
        if best.complete and greedy is not None:
            self.ratios.append(best.cost.total / greedy)

    def __str__(self) -> str:
        ratio = f"{mean(self.ratios):.2f}" if self.ratios else "-"
        gap = f"{median(self.gaps):.1%} / {max(self.gaps):.1%}" if self.gaps else "-"
        times = f"{1000 * median(self.seconds):.0f} / {1000 * max(self.seconds):.0f}"
        total = len(self.seconds)
        return (
            f"{self.complete}/{total:<7} {self.greedy_complete}/{total:<9} {ratio:<12} {gap:<16} {times:<14} "
            f"{1000 * median(self.greedy_seconds):.0f}"
        )


def timed(action: Callable[[], Result]) -> tuple[Result, float]:
    """A result and the processor seconds it took."""
    begin = time.process_time()
    result = action()
    return result, time.process_time() - begin


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="clinics of each kind")
    parser.add_argument("--chairs", type=int, nargs="*", default=[5, 20, 60])
    chosen = parser.parse_args()
    print("chairs fill  course  complete  first-fit  cost ratio   gap med/max      ms med/max     first-fit ms")
    for chairs in chosen.chairs:
        for fill in (0.3, 0.6, 0.9):
            clinics = [Clinic(seed, chairs, fill) for seed in range(chosen.seeds)]
            for name in COURSES:
                row = Row()
                for clinic in clinics:
                    row.add(request(clinic, name))
                print(f"{chairs:<6} {fill:<5.0%} {name:<7} {row}", flush=True)


if __name__ == "__main__":
    main()
