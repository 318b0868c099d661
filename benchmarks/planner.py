"""The planner against its targets: quality, proofs, time, and what it costs a process.

``python -m benchmarks.planner`` plans courses of 14 and 26 visits, one under many more rules, and one with its gaps in hours, in seeded
clinics of 5, 20 and 60 chairs, 30 to 97 % full, each also by booking one visit after the other at the first time that fits. It
prints a line for each kind of clinic and course, then each target as a number with what it should be beside it. ``--seeds N`` sets
how many clinics of each kind (10, 480 courses in all); ``--oracle SECONDS`` lets CP-SAT, one worker, try the first clinic of each
kind for so long. ``--keep FILE`` adds what is measured to the file, and what the file has to the targets: a long run in parts.
All times are processor times.
"""

import argparse
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import TypeVar

from benchmarks.clinics import COURSES, PLAIN, Clinic, request
from benchmarks.first_fit import first_fit
from benchmarks.oracle import Verdict, solve, understands
from scheduler.engine.answer import Plan
from scheduler.engine.check import check
from scheduler.engine.plan import plan
from scheduler.engine.request import PlanRequest

Result = TypeVar("Result")

FILLS = (0.3, 0.6, 0.9, 0.97)


@dataclass(frozen=True)
class Case:
    """One course asked of one clinic, and what came of it."""

    chairs: int
    fill: float
    course: str
    found: Plan
    seconds: float
    greedy: int | None
    greedy_seconds: float
    verdict: Verdict | None

    @property
    def gap(self) -> float | None:
        """By what share the plan could be dearer than the optimum, for all the planner knows."""
        return self.found.gap

    @property
    def settled(self) -> bool:
        """Whether the plan is proved to be the best, or there is proved to be none."""
        return self.gap == 0 or self.found.none_complete

    @property
    def slower(self) -> float | None:
        """How many times as long the solver took to a plan that is as good; the least it can be if it found none."""
        if self.verdict is None or not self.found.complete:
            return None
        good = (at for at, cost in self.verdict.improvements if cost <= self.found.cost.total)
        return next(good, self.verdict.seconds) / self.seconds


@dataclass
class Bench:
    """Everything measured."""

    oracle: float
    cases: list[Case] = field(default_factory=list)

    def add(self, clinic: Clinic, chairs: int, fill: float, course: str, *, solved: bool) -> None:
        """Plan one course both ways."""
        asked = request(clinic, course)
        answer, seconds = timed(lambda: plan(asked))
        found = answer.best
        if check(asked, found.placements):
            raise AssertionError("The planner returned a plan that breaks a rule.")
        greedy, greedy_seconds = timed(lambda: first_fit(asked))
        verdict = self._verdict(asked) if solved and all(map(understands, asked.rules)) else None
        self.cases.append(Case(chairs, fill, course, found, seconds, greedy, greedy_seconds, verdict))

    def _verdict(self, asked: PlanRequest) -> Verdict | None:
        return solve(asked, seconds=self.oracle) if self.oracle else None

    def line(self, cases: list[Case]) -> str:
        """The cases of one kind in a line."""
        first = cases[0]
        complete = sum(case.found.complete for case in cases)
        greedy = sum(case.greedy is not None for case in cases)
        settled = sum(case.settled for case in cases)
        ratio = f"{mean(found):.2f}" if (found := ratios(cases)) else "-"
        gap = f"{max(gaps):.1%}" if (gaps := known(case.gap for case in cases)) else "-"
        times = [1000 * case.seconds for case in cases]
        return (
            f"{first.chairs:<6} {first.fill:<5.0%} {first.course:<11} {complete}/{len(cases):<7} {greedy}/{len(cases):<8} "
            f"{settled}/{len(cases):<6} {ratio:<6} {gap:<7} {median(times):.0f} / {max(times):.0f}"
        )

    def targets(self) -> Iterable[tuple[str, str, str]]:
        """Name, what was measured, and what it should be."""
        plain = [case for case in self.cases if case.course in PLAIN]
        fourteen = [case for case in self.cases if case.course == "6+8"]
        if plain:
            yield from self._plain(plain)
        if fourteen:
            yield (
                "P4 14 visits settled within 1 s",
                f"{mean(c.settled and c.seconds <= 1 for c in fourteen):.0%}",
                ">= 90 %",
            )
        for chairs, most in ((20, 250), (60, 600)):
            times = [1000 * case.seconds for case in plain if case.chairs == chairs]
            if times:
                yield f"P5 ms at {chairs} chairs, 95 %", f"{share(times, 0.95):.0f}", f"<= {most}"
        for chairs, least in ((20, 10), (60, 5)):
            slower = known(case.slower for case in fourteen if (case.chairs <= 20) == (chairs == 20))
            if slower:
                yield f"P5 CP-SAT's time to the same plan, {chairs} chairs", f"{median(slower):.0f} x", f">= {least} x"
        for name in COURSES:
            cases = [case for case in self.cases if case.course == name]
            if cases and name not in PLAIN:
                yield from self._more_rules(cases)
        disagree = [case for case in self.cases if case.verdict is not None and not agrees(case)]
        yield "Courses on which CP-SAT's proof says otherwise", f"{len(disagree)}", "0"

    def _plain(self, plain: list[Case]) -> Iterable[tuple[str, str, str]]:
        """The targets for chains of gaps."""
        optima = known(over_optimum(case) for case in plain)
        if optima:
            yield "P1 cost over optimum, median", f"{median(optima):.4f}", "<= 1.005"
            yield "P1 cost over optimum, 95 %", f"{share(optima, 0.95):.4f}", "<= 1.02"
        yield "P1 courses with a known optimum", f"{len(optima)} of {len(plain)}", ">= 200"
        missed = sum(not case.found.complete and not case.found.none_complete for case in plain)
        yield "P2 courses neither planned nor proved impossible", f"{missed}", "0"
        fits = [case for case in plain if case.found.complete and case.fill >= 0.9]
        yield (
            "P2 of those that fit at 90 %, one by one fails",
            share_of(fits, lambda case: case.greedy is None),
            ">= 30 %",
        )
        if both := ratios(plain):
            yield "P3 cost to one by one, mean", f"{mean(both):.2f}", "<= 0.80"
        if gaps := known(case.gap for case in plain):
            yield "P4 gap, median", f"{median(gaps):.2%}", "<= 1.5 %"

    def _more_rules(self, cases: list[Case]) -> Iterable[tuple[str, str, str]]:
        """The targets again, for 14 visits under more rules than chains of gaps."""
        name = f"P8 {cases[0].course}"
        unknown = sum(not case.found.complete and not case.found.none_complete for case in cases)
        yield f"{name}: neither planned nor proved impossible", f"{unknown}", "0"
        yield f"{name}: settled within 1 s", share_of(cases, lambda c: c.settled and c.seconds <= 1), ">= 90 %"
        if gaps := known(case.gap for case in cases):
            yield f"{name}: gap, median and most", f"{median(gaps):.2%} {max(gaps):.1%}", "<= 1.5 %"
        for chairs, most in ((20, 250), (60, 600)):
            times = [1000 * case.seconds for case in cases if case.chairs == chairs]
            if times:
                yield f"{name}: ms at {chairs} chairs, 95 %", f"{share(times, 0.95):.0f}", f"<= {most}"


def over_optimum(case: Case) -> float | None:
    """The plan's cost to the optimum, where that is proved by either."""
    if not case.found.complete:
        return None
    if case.verdict is not None and case.verdict.proved and case.verdict.optimum is not None:
        return case.found.cost.total / case.verdict.optimum
    return 1.0 if case.gap == 0 else None


def agrees(case: Case) -> bool:
    """Whether what the solver proved fits what the planner did."""
    verdict, found = case.verdict, case.found
    if verdict is None or not verdict.proved:
        cheaper = verdict is not None and verdict.optimum is not None and found.bound is not None
        return not cheaper or verdict.optimum >= found.bound
    if verdict.optimum is None:
        return not found.complete
    return found.bound is not None and found.bound <= verdict.optimum <= found.cost.total


def ratios(cases: Iterable[Case]) -> list[float]:
    """The planner's cost to that of one by one, where both found a plan."""
    return [case.found.cost.total / case.greedy for case in cases if case.found.complete and case.greedy is not None]


def known(numbers: Iterable[float | None]) -> list[float]:
    """The numbers there are."""
    return [number for number in numbers if number is not None]


def share(numbers: list[float], part: float) -> float:
    """The number that so large a part of the numbers does not exceed."""
    return sorted(numbers)[min(int(part * len(numbers)), len(numbers) - 1)]


def share_of(cases: list[Case], holds: Callable[[Case], bool]) -> str:
    """How many of the cases."""
    return f"{mean(map(holds, cases)):.0%}" if cases else "-"


def timed(action: Callable[[], Result]) -> tuple[Result, float]:
    """A result and the processor seconds it took."""
    begin = time.process_time()
    result = action()
    return result, time.process_time() - begin


FOOTPRINT = """
import resource, sys, time
def megabytes():
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * resource.getpagesize() / 2**20
begin, before = time.process_time(), megabytes()
from scheduler.engine.plan import plan
seconds, imported = time.process_time() - begin, megabytes()
from benchmarks.clinics import Clinic, request
asked = request(Clinic(0, 20, 0.6), "6+8")
ready = megabytes()
plan(asked)
solver = any(name.split(".")[0] in ("ortools", "highspy", "pyscipopt") for name in sys.modules)
print(imported - before, megabytes() - ready, seconds, solver)
"""


def footprint() -> Iterable[tuple[str, str, str]]:
    """What the planner adds to a process that is otherwise bare Python."""
    ran = subprocess.run([sys.executable, "-c", FOOTPRINT], capture_output=True, text=True, check=True)
    imported, planned, seconds, solver = ran.stdout.split()
    yield "P6 MB for importing the planner and numpy, and planning", f"{float(imported) + float(planned):.0f}", "<= 35"
    yield "P6 seconds for the import", f"{float(seconds):.2f}", "<= 0.5"
    yield "P6 a solver was imported", solver, "False"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="clinics of each kind")
    parser.add_argument("--chairs", type=int, nargs="*", default=[5, 20, 60])
    parser.add_argument("--fills", type=float, nargs="*", default=FILLS)
    parser.add_argument("--courses", nargs="*", choices=COURSES, default=list(COURSES))
    parser.add_argument("--oracle", type=float, default=0, help="seconds for CP-SAT on the first clinic of each kind")
    parser.add_argument("--keep", type=Path, help="a file for what was measured, read first if it exists")
    chosen = parser.parse_args()
    bench = Bench(chosen.oracle)
    print("chairs fill  course      complete  first-fit  settled  cost   gap max ms med/max")
    for chairs in chosen.chairs:
        for fill in chosen.fills:
            clinics = [Clinic(seed, chairs, fill) for seed in range(chosen.seeds)]
            for name in chosen.courses:
                for seed, clinic in enumerate(clinics):
                    bench.add(clinic, chairs, fill, name, solved=not seed)
                print(bench.line(bench.cases[-len(clinics) :]), flush=True)
    if chosen.keep is not None:
        if chosen.keep.exists():
            bench.cases += pickle.loads(chosen.keep.read_bytes())  # noqa: S301 - a file of one's own
        chosen.keep.write_bytes(pickle.dumps(bench.cases))
    print()
    for name, found, target in [*bench.targets(), *footprint()]:
        print(f"{name:<56} {found:>12}   {target}")


if __name__ == "__main__":
    main()
