"""Which rules would have to give way where nothing else helps: one if one does, otherwise as few together as can be.

Whoever set a rule may set it anew, so this is no fix. Everything named was planned with.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from scheduler.engine.answer import Plan
from scheduler.engine.blame import Blame, Kind, Part, attempt, binding, lifted
from scheduler.engine.fixes import TRIAL, Change, Fix, Gentle, Leeway, Lift, Trials, applied
from scheduler.engine.planner import Limits
from scheduler.engine.request import PlanRequest

MOST_SETS = 60
"""So many sets of rules at most are lifted to see whether that would do."""
MOST_SEARCHES = 60
"""So many searches at most are spent on how much each has to give."""


@dataclass(frozen=True, slots=True)
class Concession:
    """The rules that would have to give way together, and the plan found with all of these ``changes``.

    ``sure``: it is proved that fewer would not do; without changes, that none would, however many gave way.
    """

    changes: tuple[Change, ...] = ()
    plan: Plan | None = None
    sure: bool = False


_Way = tuple[Gentle, int, Fix]
"""A way to give way: how gentle it is, how many steps it takes, and the plan found with it."""


def concession(
    request: PlanRequest, found: Blame, leeway: Leeway, *, groups: Mapping[str, str], limits: Limits = TRIAL
) -> Concession:
    """The one rule that would have to give way least for the course to fit, whoever may allow that; otherwise several.

    Rules that ``groups`` gives one name give way together. What makes a course longer or less regular comes first, then
    more visits in the same time, then visits nearer to each other, then a rule that would have to be lifted; among
    equals the fewest steps. What the patient wishes gives way only together with something else: alone it is a fix.
    """
    if found.nobody:
        return Concession(sure=True)
    return _Yielding(request, found, leeway, groups, limits).least()


class _Yielding:
    """What could give way in one request, by name."""

    def __init__(
        self, request: PlanRequest, found: Blame, leeway: Leeway, groups: Mapping[str, str], limits: Limits
    ) -> None:
        self.request = request
        self.limits = limits
        self.sets = MOST_SETS
        self.searches = MOST_SEARCHES
        self.sure = True
        """Whether all that did not do is proved not to."""
        self.keys: dict[str, list[str]] = {}
        for key in dict.fromkeys(rule.key for rule in request.rules if binding(rule)):
            self.keys.setdefault(groups.get(key, key), []).append(key)
        wished = {key for wish in leeway.wishes for key in wish} | {*leeway.counts, *leeway.people}
        self.wishes = self._named(wished)
        self.clashes = self._clashes(found) if found.proved else ()
        """Of each of these sets of names one has to give way, or nothing fits."""
        blamed = frozenset[str]().union(*self.clashes)
        self.names = tuple(sorted(self.keys, key=lambda name: name not in blamed))
        """The likeliest first."""

    def _named(self, keys: Collection[str]) -> frozenset[str]:
        return frozenset(name for name, those in self.keys.items() if not set(keys).isdisjoint(those))

    def _clashes(self, found: Blame) -> tuple[frozenset[str], ...]:
        clashes: dict[int, set[str]] = {0: set()}
        for cause in found.causes:
            keys = cause.part.keys if cause.part.kind is Kind.RULE else ()
            clashes.setdefault(cause.clash, set()).update(keys)
        return tuple(self._named(keys) for keys in clashes.values())

    def least(self) -> Concession:
        """One rule, the smallest set, or none."""
        if any(not clash for clash in self.clashes):
            return Concession(sure=True)  # calendars alone forbid it
        return self._alone() or self._together() or Concession(sure=self.sure)

    def _alone(self) -> Concession | None:
        """The one rule that has to give least."""
        best: _Way | None = None
        for some in self._sets(1):
            if self._would_do(some):
                # a wish that would do is a fix, and told as one
                self.sure = self.sure and self.wishes.isdisjoint(some)
                ways = self._ways(self.request, some[0]) if self.wishes.isdisjoint(some) else ()
                best = min([*ways, *([best] if best else [])], key=lambda way: way[:2], default=None)
        return Concession((best[2].change,), best[2].plan, sure=True) if best is not None else None

    def _together(self) -> Concession | None:
        """A set without any of which the others would not do; a smaller one, where there is one among those tried."""
        if len(self.names) < 2 or not self._would_do(self.names):
            return None
        found = self._needed()
        for size in range(2, len(found)):
            for some in self._sets(size):
                if not self.sets:
                    break
                if self._would_do(some):
                    return self._given(some)
            self.sure = self.sure and self.sets > 0
        return self._given(found)

    def _sets(self, size: int) -> Iterator[tuple[str, ...]]:
        for some in combinations(self.names, size):
            if all(not clash.isdisjoint(some) for clash in self.clashes):
                yield some

    def _needed(self) -> tuple[str, ...]:
        """All rules but those that can be kept, the unlikeliest kept first."""
        names = self.names
        for name in reversed(self.names):
            rest = tuple(each for each in names if each != name)
            if self._would_do(rest):
                names = rest
        return names

    def _would_do(self, names: tuple[str, ...]) -> bool:
        """Whether a plan is found without all of these rules."""
        if self.sets <= 0:
            self.sure = False
            return False
        self.sets -= 1
        gone = [Part(Kind.RULE, tuple(self.keys[name])) for name in names]
        plan, proved = attempt(lifted(self.request, gone), self.limits, any_plan=True)
        self.sure = self.sure and (plan is not None or proved)
        return plan is not None

    def _given(self, names: Sequence[str]) -> Concession | None:
        """How much each of these has to give beside the others, one after another."""
        request, changes, plan = self.request, list[Change](), None
        order = [name for name in self.keys if name in names]
        for n, name in enumerate(order, start=1):
            later = tuple(key for other in order[n:] for key in self.keys[other])
            ways = self._ways(applied(request, Lift(later)), name)
            if not ways:
                self.sure = False
                return None
            _, _, fix = min(ways, key=lambda way: way[:2])
            changes.append(fix.change)
            request, plan = applied(request, fix.change), fix.plan
        return Concession(tuple(changes), plan, self.sure)

    def _ways(self, request: PlanRequest, name: str) -> list[_Way]:
        trials = Trials(request, self.limits, self.searches)
        ways = list(trials.giving_way(tuple(self.keys[name])))
        self.searches = trials.left
        return ways
