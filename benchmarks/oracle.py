"""The optimum by another method: the same request as a constraint model for CP-SAT.

For tests and benchmarks only; the solver is imported when it is asked, never by the planner. The model shares with the planner
the calendars' sets of starts and the weights, and nothing of its search. Each start has a domain that is split by cost, which with
presolve switched off is the fastest of the formulations tried.

Not modelled: the kinds of rules that `understands` denies, visits that stay where they are, and two visits of one patient that need the same resource during turnover.
Where the patient's gap is no shorter than every turnover, the second cannot happen.
"""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from scheduler.engine import bits
from scheduler.engine.availability import Availability
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.grid import SLOT_MINUTES, slots
from scheduler.engine.objective import FINISH_PER_DAY, IDEAL_PER_MINUTE, OTHER_RESOURCE, SLIVER, slivers, wish_cost
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    Offset,
    PerWeek,
    PlanRequest,
    Role,
    Rule,
    SameDay,
    SameResource,
    Span,
    Unit,
    Visit,
    Window,
)
from scheduler.engine.rules import row


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the solver found: ``optimum`` is the cost of a plan, ``bound`` what none can cost less than."""

    optimum: int | None
    bound: int
    proved: bool
    """Whether ``optimum`` is the optimum; with no optimum, whether there is no plan."""
    seconds: float
    improvements: tuple[tuple[float, int], ...] = ()
    """After how many seconds a plan of which cost was found."""


def understands(rule: Rule) -> bool:
    """Whether the model has the rule."""
    if isinstance(rule, SameResource):
        return rule.at_most == 1
    return isinstance(rule, Window) or type(rule) in _RULES


def solve(request: PlanRequest, *, seconds: float = math.inf, work: float = math.inf, workers: int = 1) -> Verdict:
    """The best plan in which every visit has a place.

    ``work`` is the solver's own measure, about seconds on a machine with nothing else to do: with it and one worker the
    same request has the same verdict on any machine, however busy.
    """
    return _Model(request).solve(seconds, work, workers)


class _Model:
    """One request as a model."""

    def __init__(self, request: PlanRequest) -> None:
        from ortools.sat.python import cp_model

        self.cp = cp_model
        self.begun = time.process_time()
        self.request = request
        self.free = Availability(request)
        self.model: Any = cp_model.CpModel()
        self.terms: list[Any] = []
        self.visits = {visit.key: visit for visit in request.visits}
        self.domain = {key: self.free.starts(visit) for key, visit in self.visits.items()}
        self.possible = all(self.domain.values())
        if not self.possible:
            return
        self.start = {key: self._within(self.domain[key], f"start {key}") for key in self.visits}
        self.day: dict[str, Any] = {}
        self.on: dict[str, dict[int, Any]] = {}
        for key in self.visits:
            self._dates(key)
            self._plain(key)
        self.series = [rule for rule in request.rules if isinstance(rule, SameResource)]
        self.main = [self._main(rule) for rule in self.series]
        for visit in request.visits:
            for role in visit.roles:
                self._role(visit, role)
        self._one_place()
        for rule in request.rules:
            if made := _RULES.get(type(rule)):
                made(self, rule)
        self.model.minimize(sum(self.terms))

    # --- variables ------------------------------------------------------------------------------------------------

    def _values(self, starts: int) -> Any:
        return self.cp.Domain.from_values(bits.members(starts).tolist())

    def _within(self, starts: int, name: str) -> Any:
        return self.model.new_int_var_from_domain(self._values(starts), name)

    def _literal(self) -> Any:
        return self.model.new_bool_var("")

    def _dates(self, key: str) -> None:
        """The local date of a start, as a number and as one literal for each date."""
        days = np.unique(self.free.clock.day[bits.members(self.domain[key])]).tolist()
        self.day[key] = self.model.new_int_var_from_domain(self.cp.Domain.from_values(days), "")
        self.on[key] = {}
        for day in days:
            self.on[key][day] = literal = self._literal()
            begins, ends = self.free.clock.whole_days(day, day)
            self.model.add_linear_constraint(self.start[key], begins, ends - 1).only_enforce_if(literal)
            self.model.add(self.day[key] == day).only_enforce_if(literal)
        self.model.add_exactly_one(self.on[key].values())

    def _split(self, key: str, levels: dict[int, int], when: list[Any]) -> None:
        """Charge by which set the start of a visit is in; the sets are tried from the cheapest."""
        literals = []
        for cost, starts in sorted(levels.items()):
            if starts:
                literals.append(literal := self._literal())
                self.model.add_linear_expression_in_domain(self.start[key], self._values(starts)).only_enforce_if(
                    literal
                )
                if cost:
                    self.terms.append(cost * literal)
        self.model.add_exactly_one(literals) if not when else self.model.add_at_least_one(
            *literals, *(literal.negated() for literal in when)
        )
        for literal in literals if when else []:
            for condition in when:
                self.model.add_implication(literal, condition)

    def _plain(self, key: str) -> None:
        """Wishes and the finish."""
        levels: dict[int, int] = {}
        wishes = [
            rule for rule in self.request.rules if isinstance(rule, Window) and not rule.hard and key in rule.visits
        ]
        for start in bits.members(self.domain[key]).tolist() if wishes else []:
            cost = sum(wish_cost(rule, start, self.request.grid) for rule in wishes)
            levels[cost] = levels.get(cost, 0) | 1 << start
        if len(levels) > 1:
            self._split(key, levels, [])
        elif levels:
            self.terms.append(next(iter(levels)))
        share = DAY_MINUTES * len(self.request.visits)
        most = self.request.grid.slots * SLOT_MINUTES * FINISH_PER_DAY // share
        finish = self.model.new_int_var(0, most, "")
        late = (self.start[key] - self.request.not_before) * (SLOT_MINUTES * FINISH_PER_DAY)
        self.model.add(share * finish >= late - (share - 1))
        self.terms.append(finish)

    # --- resources ------------------------------------------------------------------------------------------------

    def _able(self, rule: SameResource) -> list[str]:
        roles = [role for key in rule.visits for role in self.visits[key].roles if role.key == rule.role]
        return sorted({name for role in roles for name in self.free.eligible(role)})

    def _main(self, rule: SameResource) -> dict[str, Any]:
        literals = {name: self._literal() for name in self._able(rule)}
        if literals:
            self.model.add_exactly_one(literals.values())
        return literals

    def _role(self, visit: Visit, role: Role) -> None:
        rules = [n for n, rule in enumerate(self.series) if rule.role == role.key and visit.key in rule.visits]
        everybody = self._levels(visit, role, self.free.eligible(role))
        if not rules:
            self._split(visit.key, everybody, [])
            return
        if len(rules) > 1:
            raise NotImplementedError("One role under two rules about the same resource is not modelled.")
        with_main = self._literal()
        for name, chosen in self.main[rules[0]].items():
            levels = self._levels(visit, role, [name] if name in self.free.eligible(role) else [])
            self._split(visit.key, levels, [with_main, chosen])
        if self.series[rules[0]].hard:
            self.model.add(with_main == 1)
        else:
            self._split(visit.key, everybody, [with_main.negated()])
            self.terms.append(OTHER_RESOURCE * (1 - with_main))

    def _levels(self, visit: Visit, role: Role, names: list[str]) -> dict[int, int]:
        """Points to starts at which the cheapest of some resources leaves slivers worth so many."""
        levels = {0: 0, SLIVER: 0, 2 * SLIVER: 0}
        for name in names:
            starts = self.free.role_starts(role, name) & self.domain[visit.key]
            before, after = slivers(self.free, visit, role, name)
            levels[0] |= starts & ~before & ~after
            levels[SLIVER] |= starts & (before ^ after)
            levels[2 * SLIVER] |= starts & before & after
        levels[SLIVER] &= ~levels[0]
        levels[2 * SLIVER] &= ~levels[0] & ~levels[SLIVER]
        return levels

    # --- rules ----------------------------------------------------------------------------------------------------

    def _one_place(self) -> None:
        """The patient is in one place at a time."""
        self.model.add_no_overlap(
            self.model.new_fixed_size_interval_var(self.start[key], slots(visit.minutes + self.request.patient_gap), "")
            for key, visit in self.visits.items()
        )

    def _offset(self, rule: Offset) -> None:
        if rule.unit is Unit.DAYS:
            distance = self.day[rule.visit] - self.day[rule.anchor]
        else:
            distance = SLOT_MINUTES * (self.start[rule.visit] - self.start[rule.anchor])
            distance -= self.visits[rule.anchor].minutes if rule.from_end else 0
        if rule.least is not None:
            self.model.add(distance >= rule.least)
        if rule.most is not None:
            self.model.add(distance <= rule.most)
        if rule.ideal is not None:
            off = self.model.new_int_var(0, 10**6, "")
            self.model.add(off >= distance - rule.ideal)
            self.model.add(off >= rule.ideal - distance)
            self.terms.append(IDEAL_PER_MINUTE * rule.weight * (DAY_MINUTES if rule.unit is Unit.DAYS else 1) * off)

    def _in_days(self, visits: tuple[str, ...], first: int, last: int) -> list[Any]:
        return [literal for key in visits for day, literal in self.on[key].items() if first <= day <= last]

    def _per_week(self, rule: PerWeek) -> None:
        monday = -self.request.grid.first_on.weekday()
        for first in range(-6 if rule.rolling else monday, self.request.grid.days, 1 if rule.rolling else 7):
            week = self._in_days(rule.visits, first, first + 6)
            if len(week) > rule.at_most:
                self.model.add(sum(week) <= rule.at_most)
        for first in range(self.request.grid.days if rule.days_apart > 0 else 0):
            close = self._in_days(rule.visits, first, first + rule.days_apart - 1)
            if len(close) > 1:
                self.model.add_at_most_one(close)
        if rule.at_least:
            self._at_least(rule, monday)

    def _at_least(self, rule: PerWeek, monday: int) -> None:
        """Where one visit is in an earlier week and one in a later, the week between has its number."""
        for first in range(monday, self.request.grid.days, 7):
            earlier, later = self._literal(), self._literal()
            for literal in self._in_days(rule.visits, -7, first - 1):
                self.model.add_implication(literal, earlier)
            for literal in self._in_days(rule.visits, first + 7, self.request.grid.days):
                self.model.add_implication(literal, later)
            week = self._in_days(rule.visits, first, first + 6)
            self.model.add(sum(week) >= rule.at_least).only_enforce_if(earlier, later)

    def _at_most(self, rule: AtMost) -> None:
        taken = [self.request.grid.day_of(on) for on in rule.taken]
        for first in range(-rule.days, self.request.grid.days):
            others = sum(first <= day < first + rule.days for day in taken)
            inside = self._in_days(rule.visits, first, first + rule.days - 1)
            if inside:  # what others have too many of is not the course's fault
                self.model.add(sum(inside) <= max(rule.at_most - others, 0))

    def _span(self, rule: Span) -> None:
        first = self.model.new_int_var(0, self.request.grid.days, "")
        for key in rule.visits:
            self.model.add(self.day[key] >= first)
            self.model.add(self.day[key] <= first + rule.most_days)

    def _same_day(self, rule: SameDay) -> None:
        for after in rule.after:
            for key in rule.visits:
                if after == key:
                    continue
                for day in self.on[key].keys() & self.on[after].keys():
                    both = [self.on[key][day], self.on[after][day]]
                    if rule.before_too:
                        self.model.add_bool_or(*(literal.negated() for literal in both))
                    else:
                        self.model.add(self.start[key] < self.start[after]).only_enforce_if(both)

    def _consecutive(self, rule: ConsecutiveDays) -> None:
        counted = row(rule, self.request)
        for before, after in zip(rule.visits, rule.visits[1:], strict=False):
            for day, literal in self.on[before].items():
                due = min((number for number in counted if number > day), default=None)
                there = self.on[after].get(due) if due is not None else None
                if there is None:
                    self.model.add(literal == 0)
                else:
                    self.model.add_implication(literal, there)

    # --- solving --------------------------------------------------------------------------------------------------

    def solve(self, seconds: float, work: float, workers: int) -> Verdict:
        """Run the solver."""
        if not self.possible:
            return Verdict(None, 0, True, time.process_time() - self.begun)
        solver = self.cp.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.max_deterministic_time = work
        solver.parameters.num_workers = workers
        solver.parameters.cp_model_presolve = False
        solver.parameters.random_seed = 1
        watch = _Watch(self.cp, self.begun)
        status = solver.solve(self.model, watch.callback)
        found = status in (self.cp.OPTIMAL, self.cp.FEASIBLE)
        return Verdict(
            optimum=round(solver.objective_value) if found else None,
            bound=round(solver.best_objective_bound) if found else 0,
            proved=status in (self.cp.OPTIMAL, self.cp.INFEASIBLE),
            seconds=time.process_time() - self.begun,
            improvements=tuple(watch.seen),
        )


class _Watch:
    """Notes when each better plan was found."""

    def __init__(self, cp: Any, begun: float) -> None:
        seen: list[tuple[float, int]] = []

        class Callback(cp.CpSolverSolutionCallback):  # type: ignore[misc, name-defined]
            def on_solution_callback(self) -> None:
                seen.append((time.process_time() - begun, round(self.objective_value)))

        self.seen = seen
        self.callback = Callback()


_RULES: dict[type, Any] = {
    Offset: _Model._offset,  # noqa: SLF001 - a table of the class's own methods
    AtMost: _Model._at_most,  # noqa: SLF001
    PerWeek: _Model._per_week,  # noqa: SLF001
    Span: _Model._span,  # noqa: SLF001
    SameDay: _Model._same_day,  # noqa: SLF001
    ConsecutiveDays: _Model._consecutive,  # noqa: SLF001
}
