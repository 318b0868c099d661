"""Visits of one patient on one date: the least they cost together.

Places of visits are dates; within a date their times are chosen here, so that the patient is in one place at a time, visits
keep the order their rules ask for, and where two visits touch (turnover runs past the patient's own time) there are resources
for both. The answer is exact, and kept: few sets of visits ever share a date.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from scheduler.engine import staffing
from scheduler.engine.candidates import IMPOSSIBLE, Choice, Points
from scheduler.engine.togo import Numbers, ToGo


class Member(NamedTuple):
    """A visit on the date, the row of its choices, and the first start of its run if it has runs."""

    visit: int
    row: int
    slot: int | None


class Together:
    """What visits cost together beyond what each costs alone."""

    def __init__(self, togo: ToGo) -> None:
        self.togo = togo
        self.course = togo.course
        self._pairs: dict[object, dict[int, Points]] = {}
        self._solved: dict[tuple[Member, ...], dict[int, tuple[int, staffing.Starts]]] = {}
        self._cuts: dict[int, tuple[Numbers, Numbers]] = {}

    # --- two visits -----------------------------------------------------------------------------------------------

    def simple(self, one: int, other: int) -> bool:
        """Whether what two visits cost together depends on their dates and choices only."""
        return (
            self.togo.places[one].slot is None and self.togo.places[other].slot is None and not self._touch(one, other)
        )

    def _touch(self, one: int, other: int) -> bool:
        link = self.course.links[one][other]
        (begins, ends), (other_begins, other_ends) = self.course.extents[one], self.course.extents[other]
        return ends - other_begins > link.clear_after or other_ends - begins > link.clear_before

    def pairs(self, one: int, other: int, days: Numbers, rows: Numbers, other_rows: Numbers) -> Points:
        """For many states: what two simple visits on one date cost beyond their own."""
        link = self.course.links[one][other]
        shape = (link.clear_before, link.clear_after, link.not_later_that_day, link.not_earlier_that_day)
        key = (self.togo.alike[one], self.togo.alike[other], shape, link.soonest, link.latest)
        known = self._pairs.setdefault(key, {})
        extra = np.empty(len(days), dtype=np.int64)
        for day in np.unique(days).tolist():
            if day not in known:
                known[day] = self._pair(one, other, day)
            here = days == day
            extra[here] = known[day][rows[here], other_rows[here]]
        return extra

    def _pair(self, one: int, other: int, day: int) -> Points:
        """Extra points by the rows of both."""
        slots, points = self._on(one, day)
        other_slots, other_points = self._on(other, day)
        if not len(slots) or not len(other_slots):
            return np.full((len(points), len(other_points)), IMPOSSIBLE, dtype=np.int64)
        allowed = self._allowed(one, other, slots, other_slots)
        best = np.where(allowed[None], other_points[:, None, :], IMPOSSIBLE).min(axis=2)
        joint = (points[:, None, :] + best[None]).min(axis=2)
        alone = points.min(axis=1)[:, None] + other_points.min(axis=1)[None]
        return np.where(joint < IMPOSSIBLE, joint - alone, IMPOSSIBLE)

    def _on(self, visit: int, day: int) -> tuple[Numbers, Points]:
        """The starts of a visit on a date with their points, by row."""
        starts = self.togo.candidates.starts[visit]
        begin, end = np.searchsorted(starts.day, [day, day + 1])
        return starts.slot[begin:end], self.togo.rows[visit][:, begin:end]

    def _allowed(self, one: int, other: int, slots: Numbers, other_slots: Numbers) -> "np.typing.NDArray[np.bool_]":
        link = self.course.links[one][other]
        after = other_slots[None, :] - slots[:, None]
        allowed = (after >= link.clear_after) | (after <= -link.clear_before)
        if link.not_later_that_day:
            allowed &= after < 0
        if link.not_earlier_that_day:
            allowed &= after > 0
        if link.soonest is not None:
            allowed &= after >= link.soonest
        if link.latest is not None:
            allowed &= after <= link.latest
        return allowed

    # --- any number of visits -------------------------------------------------------------------------------------

    def surplus(self, members: tuple[Member, ...], day: int) -> int:
        """What some visits on one date cost beyond what each costs alone; ``IMPOSSIBLE`` if they cannot be."""
        total = self.solved(members, day)[0]
        if total >= IMPOSSIBLE:
            return IMPOSSIBLE
        return total - sum(self._alone(member, day) for member in members)

    def _alone(self, member: Member, day: int) -> int:
        return int(self._options(member, day)[1].min(initial=IMPOSSIBLE))

    def _options(self, member: Member, day: int) -> tuple[Numbers, Points]:
        slots, points = self._on(member.visit, day)
        row = points[member.row]
        possible = row < IMPOSSIBLE // 2
        runs = self.togo.places[member.visit].slot
        if member.slot is not None and runs is not None:
            after = int(np.searchsorted(runs, member.slot, side="right"))
            possible &= slots >= member.slot
            if after < len(runs):
                possible &= slots < runs[after]
        return slots[possible], row[possible]

    def solved(self, members: tuple[Member, ...], day: int) -> tuple[int, staffing.Starts]:
        """The least that visits on one date cost, with their starts."""
        known = self._solved.setdefault(members, {})
        if day not in known:
            known[day] = self._solve(members, day)
        return known[day]

    def _solve(self, members: tuple[Member, ...], day: int) -> tuple[int, staffing.Starts]:
        options = []
        for member in members:
            slots, points = self._options(member, day)
            ranking = np.argsort(points, kind="stable")
            options.append((slots[ranking], points[ranking].tolist()))
        if not all(points for _, points in options):
            return IMPOSSIBLE, {}
        goes = {(m, n): self._goes(members, options, m, n) for n in range(len(members)) for m in range(n)}
        rest = [0] * (len(members) + 1)
        for n in range(len(members) - 1, -1, -1):
            rest[n] = rest[n + 1] + options[n][1][0]
        best: tuple[int, staffing.Starts] = (IMPOSSIBLE, {})

        def extend(n: int, total: int, taken: list[int]) -> None:
            nonlocal best
            if n == len(members):
                starts = {one.visit: int(options[m][0][taken[m]]) for m, one in enumerate(members)}
                total += self._shared(members, starts)
                if total < best[0]:
                    best = (total, starts)
                return
            for at, points in enumerate(options[n][1]):
                if total + points + rest[n + 1] >= best[0]:
                    break
                if all(goes[m, n][taken[m]][at] for m in range(n)):
                    extend(n + 1, total + points, [*taken, at])

        extend(0, 0, [])
        return best

    def _goes(
        self, members: tuple[Member, ...], options: list[tuple[Numbers, list[int]]], one: int, other: int
    ) -> list[list[bool]]:
        """Whether each start of one visit goes with each of another. What fixed visits do to each other stands."""
        a, b = members[one].visit, members[other].visit
        if a in self.course.given and b in self.course.given:
            return [[True] * len(options[other][0])] * len(options[one][0])
        found: list[list[bool]] = self._allowed(a, b, options[one][0], options[other][0]).tolist()
        return found

    def _shared(self, members: tuple[Member, ...], starts: staffing.Starts) -> int:
        """What it costs that touching visits need different resources."""
        if not any(
            staffing.touching(self.course, other, starts[other], {one: starts[one]})
            for one, other in combinations(starts, 2)
            if one not in self.course.given or other not in self.course.given
        ):
            return 0
        price = staffing.price(self.course, starts, self._choices(members))
        if price is None:
            return IMPOSSIBLE
        for visit, row, _ in members:
            if visit not in self.course.given:
                table = self.togo.candidates.starts[visit]
                at = table.at(starts[visit])
                price -= int(self.togo.rows[visit][row, at]) - int(table.plain[at])
        return price

    def _choices(self, members: tuple[Member, ...]) -> tuple[Choice | None, ...]:
        """What the series of some visits are planned around."""
        chosen: dict[int, Choice | None] = {}
        for visit, row, _ in members:
            axes = self.togo.concerning[visit]
            names = self.togo.choices(axes)[row]
            chosen |= {k: names[k] for k in axes}
        return tuple(chosen.get(k) for k in range(len(self.togo.options)))
