"""The search: all partial plans that matter, side by side, visit after visit.

Visits are placed in the order of the course. A layer holds partial plans as rows of arrays: where each visit is, the dates
still left to each open one, what the plan costs at least. Of partial plans that leave the same to the visits still open only
the cheapest is kept, so where a layer holds all that could beat the limit the search is exact. Where it would hold more than
its width, the least promising go, and the least of their bounds is remembered: no plan that was lost costs less.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from scheduler.engine.beside import Beside
from scheduler.engine.candidates import IMPOSSIBLE, Points
from scheduler.engine.counts import NOWHERE, Flags, counts
from scheduler.engine.layers import Layer, Moves, no_moves
from scheduler.engine.links import Link
from scheduler.engine.merging import Merging
from scheduler.engine.objective import UNPLACED
from scheduler.engine.reach import Reach
from scheduler.engine.together import Together
from scheduler.engine.togo import Axes, Numbers, ToGo, due_days, timed

_WIDER = 6
"""So many times the width of a layer are looked at closely at once."""
_MANY = 500
"""More moves than this are looked through for those that lead to the same, before anything else is done with them."""
_FORESEEN = 10_000
"""Of so many, or of twice the width, it is foreseen what their next visits cost; then the most promising are kept."""


@dataclass(slots=True)
class Outcome:
    """What one run through the layers found."""

    layer: Layer
    """Plans in which every visit has a place, cheapest first."""
    lost: int
    """No plan that was given up costs less."""
    rows: int = 0
    """How many partial plans were looked at."""
    stopped: bool = False
    """Whether it was asked to stop."""


@dataclass
class Frontier:
    """The search over one course."""

    togo: ToGo
    together: Together
    trip: int = 0
    """Points for each date on which the patient comes; only for alternatives."""
    spread: bool = False
    """Where not all partial plans can be kept, keep some that are not promising, in case the others lead nowhere."""
    careful: bool = False
    """Keep plans apart that differ in any date, though they leave the same to the open visits."""

    def __post_init__(self) -> None:
        self.course = self.togo.course
        self.size = len(self.course.visits)
        self.counts = counts(self.course)
        self.merging = Merging(self.togo, self.counts)
        links = self.course.links
        self.least = np.array([[link.least for link in row] for row in links], dtype=np.int64)
        self.most = np.array([[link.most for link in row] for row in links], dtype=np.int64)
        self.apart = np.array([[link.apart for link in row] for row in links], dtype=np.int64)
        self.beside = Beside(self.togo, self.together, self.trip)
        self.reach = Reach(self.togo)
        self._prepare_dates()
        self._prepare_runs()

    def _prepare_dates(self) -> None:
        """For each visit and date: the next and the previous date on which it could start."""
        days = self.course.request.grid.days
        self.next = np.full((self.size, days + 1), 10**6, dtype=np.int64)
        self.previous = np.full((self.size, days + 1), NOWHERE, dtype=np.int64)
        for n in range(self.size):
            if n in self.course.given:
                continue
            values, places = self.togo.values[n], self.togo.places[n]
            numbers = np.unique(places.day[values.min(axis=tuple(range(values.ndim - 1))) < IMPOSSIBLE // 2])
            if len(numbers):
                at = np.searchsorted(numbers, np.arange(days))
                self.next[n, :days] = np.where(at < len(numbers), numbers[np.minimum(at, len(numbers) - 1)], 10**6)
                at = np.searchsorted(numbers, np.arange(days), side="right") - 1
                self.previous[n, 1:] = np.where(at >= 0, numbers[np.maximum(at, 0)], NOWHERE)

    def _prepare_runs(self) -> None:
        """For each place of each visit from which to before which slot its starts are; -1 where that is all day."""
        self.run_slot, self.run_until = [], []
        for n, places in enumerate(self.togo.places):
            starts = self.togo.candidates.starts[n]
            until = np.full(len(places.day), -1, dtype=np.int64)
            if places.slot is None:
                self.run_slot.append(until)
                self.run_until.append(until)
                continue
            if n not in self.course.given and len(until):
                until = np.append(places.slot[1:], starts.slot[-1] + 1)
                whole = np.diff(places.day, prepend=-1, append=10**6) != 0
                until[whole[1:] & whole[:-1]] = -1
            self.run_slot.append(places.slot)
            self.run_until.append(until)

    # --- the layers -----------------------------------------------------------------------------------------------

    def run(self, width: int, limit: int, stop: Callable[[], bool] | None = None) -> Outcome:
        """Go through all layers for plans cheaper than ``limit``, with at most ``width`` partial plans in each."""
        layer = self._root()
        lost, rows = IMPOSSIBLE, 0
        for visit in range(self.size):
            if stop is not None and stop():
                nothing = layer.take(np.zeros(0, dtype=np.int64))
                return Outcome(nothing, min(lost, int(layer.bound.min())), rows, stopped=True)
            layer, forgone = self._extended(layer, visit, width, limit)
            lost = min(lost, forgone)
            rows += len(layer)
            if not len(layer):
                break
        return Outcome(layer.take(np.argsort(layer.bound, kind="stable")), lost, rows)

    def _root(self) -> Layer:
        axes = self.togo.opened[-1]
        shape = self.togo.shape(axes)
        rows = int(np.prod(shape, dtype=np.int64))
        days = self.course.request.grid.days
        layer = Layer(
            day=np.full((rows, self.size), NOWHERE, dtype=np.int64),
            slot=np.full((rows, self.size), -1, dtype=np.int64),
            until=np.full((rows, self.size), -1, dtype=np.int64),
            choice=np.full((rows, len(self.togo.options)), -1, dtype=np.int64),
            first=np.zeros((rows, self.size), dtype=np.int64),
            last=np.full((rows, self.size), days - 1, dtype=np.int64),
            due=np.zeros((rows, self.size), dtype=np.int64),
            bound=np.zeros(rows, dtype=np.int64),
            gone=np.zeros((rows, self.size), dtype=np.bool_),
        )
        for n, k in enumerate(axes):
            layer.choice[:, k] = np.unravel_index(np.arange(rows), shape)[n]
        for visit, parent in enumerate(self.togo.parent):
            if parent is None:
                layer.due[:, visit] = self._gather(self.togo.loose[visit], self.togo.message_axes[visit], layer.choice)
        layer.bound = layer.due.sum(axis=1)
        return layer

    def _gather(self, array: Points, axes: Axes, choice: Numbers, place: Numbers | None = None) -> Points:
        """The entries of an array for the choices, and places, of many plans."""
        index = tuple(choice[:, k] for k in axes)
        if place is not None:
            if place.ndim == 2:
                index = tuple(one[:, None] for one in index)
            index = (*index, place)
        found: Points = array[index] if index else np.broadcast_to(array, len(choice))
        return found

    def _extended(self, layer: Layer, visit: int, width: int, limit: int) -> tuple[Layer, int]:
        """The next layer, and the least bound among the plans that were given up.

        The most promising plans are looked at closely; the others only where none of those can be.
        """
        most = _WIDER * width
        moves, lost = self._moves(layer, visit, limit, most)
        ranking = self._ranked(moves.bound, most)
        after = self._entered(layer, visit, moves.take(np.sort(ranking[:most])), limit)
        seen = most
        if not len(after) and lost < IMPOSSIBLE:
            moves, lost = self._moves(layer, visit, limit)
            ranking = self._ranked(moves.bound, most)
        while not len(after) and seen < len(moves):
            after = self._entered(layer, visit, moves.take(np.sort(ranking[seen : seen + most])), limit)
            seen += most
        if seen < len(moves):
            lost = min(lost, int(moves.bound[ranking[seen:]].min()))
        after, forgone = self._best(after, max(2 * width, _FORESEEN))
        after, more = self._best(self.reach.foreseen(after, visit, limit), width)
        return after, min(lost, forgone, more)

    def _best(self, layer: Layer, width: int) -> tuple[Layer, int]:
        """The most promising of the plans, and the least bound among the others."""
        if len(layer) <= width:
            return layer, IMPOSSIBLE
        ranking = self._ranked(layer.bound, width)
        return layer.take(ranking[:width]), int(layer.bound[ranking[width:]].min())

    def _ranked(self, bound: Points, first: int) -> Numbers:
        """The most promising first, as far as it matters which are; with ``spread`` half of them from all the others."""
        if len(bound) <= first:
            return np.arange(len(bound))
        ranking = np.argsort(bound, kind="stable")
        if not self.spread:
            return ranking
        best = first - first // 2
        others = best + np.arange(first // 2) * (len(bound) - best) // (first // 2)
        chosen = np.concatenate([np.arange(best), others])
        return np.concatenate([ranking[chosen], np.delete(ranking, chosen)])

    def _entered(self, layer: Layer, visit: int, moves: Moves, limit: int) -> Layer:
        """The plans after some moves, without those that cannot be and those another stands for."""
        moves.bound = moves.bound + self.beside.surplus(layer, visit, moves)
        moves = moves.take(moves.bound < limit)
        after = self._moved(layer, visit, moves)
        return self.merging.distinct(after.take(self._narrowed(after, visit)), visit, careful=self.careful)

    def _moves(self, layer: Layer, visit: int, limit: int, most: int | None = None) -> tuple[Moves, int]:
        """Every plan with every place of the visit that its bound allows.

        With ``most`` the least promising may be left out, as long as so many others are there; and the least of their bounds.
        """
        opened = self.togo.opened[visit]
        shape = self.togo.shape(opened)
        ways = int(np.prod(shape, dtype=np.int64))
        source = np.repeat(np.arange(len(layer)), ways)
        choice = layer.choice[source]
        for n, k in enumerate(opened):
            choice[:, k] = np.tile(np.unravel_index(np.arange(ways), shape)[n], len(layer))
        moves, lost = self._placings(layer, visit, source, choice, limit=limit, most=None if self.spread else most)
        if not self.course.whole and visit not in self.course.given:
            moves = moves.plus(self._droppings(layer, visit, source, choice))
        return moves, lost

    def _placings(
        self, layer: Layer, visit: int, source: Numbers, choice: Numbers, *, limit: int, most: int | None
    ) -> tuple[Moves, int]:
        places = self.togo.places[visit]
        run = self.reach.ranges(layer, visit)
        branch, limit = self.reach.all[visit], min(limit, IMPOSSIBLE // 2)
        left = self.reach.left(layer, visit, branch, source, choice, limit=limit)
        some = (left > 0) & ~layer.gone[source, visit]
        source, choice, left = source[some], choice[some], left[some]
        begin, end = self.reach.worthwhile(layer, visit, source, left, (run[0][source], run[1][source]))
        index = begin[:, None] + np.arange(max(int((end - begin).max(initial=0)), 0))
        inside = index < end[:, None]
        for low, high in self.reach.shut(layer, visit, visit, run):
            inside &= (index < low[source, None]) | (index >= high[source, None])
        index = np.minimum(index, max(len(places.day) - 1, 0))
        if not index.size or not len(places.day):
            return no_moves(choice.shape[1]), IMPOSSIBLE
        bound = self.reach.costs(branch.axes, branch.points, choice, index)
        bound += (layer.bound - layer.due[:, visit])[source][:, None]
        bound += self.reach.ideals(layer, visit, source, index)
        fits = inside & (bound < limit)
        lost, some_fit = IMPOSSIBLE, np.count_nonzero(fits)
        code = None
        if some_fit > _MANY and not self.careful:
            within = self._within(layer, visit, source, places.day[index], fits)
            code = self.merging.forgetting(within, visit)
        if code is None and most is not None and not self.togo.tied[visit] and some_fit > most:
            found = bound[fits]
            promising = np.partition(found, most - 1)[most - 1]
            lost = int(found.min(initial=IMPOSSIBLE, where=found > promising))
            fits &= bound <= promising
        at, column = np.nonzero(fits)
        place = index[at, column]
        moves = Moves(
            source[at], choice[at], place, places.day[place], self.run_slot[visit][place], self.run_until[visit][place],
            bound[fits],
        )  # fmt: skip
        moves = moves.take(self._allowed(layer, visit, moves))
        if self.togo.tied[visit]:
            moves = self._cut(layer, visit, moves, limit)
        # those that lead to the same are many: they are told apart before they are priced and entered, not after
        return moves if code is None else self.merging.foremost(layer, visit, moves, code), lost

    def _cut(self, layer: Layer, visit: int, moves: Moves, limit: int) -> Moves:
        """The same with only those starts of the date that placed visits tied to this one by minutes leave it.

        Where one of them wants it at a distance in minutes, the least over those starts that this costs is added.
        """
        starts = self.togo.candidates.starts[visit].slot
        begin, end = self.beside.edges[visit][moves.day], self.beside.edges[visit][moves.day + 1]
        low, high = begin, end
        for other in self.togo.tied[visit]:
            link, here = self.course.links[other][visit], layer.day[moves.row, other] != NOWHERE
            start = layer.slot[moves.row, other]
            if link.soonest is not None:
                low = np.where(here, np.maximum(low, np.searchsorted(starts, start + link.soonest)), low)
            if link.latest is not None:
                latest = np.searchsorted(starts, start + link.latest, side="right")
                high = np.where(here, np.minimum(high, latest), high)
        wished, some = self.beside.wished(layer, visit, moves.row), low < high
        cut = some & ((low > begin) | (high < end))
        moves.slot[cut], moves.until[cut] = starts[low[cut]], starts[high[cut] - 1] + 1
        moves.bound[~some] = IMPOSSIBLE
        dearer = np.flatnonzero(cut | (some & (wished != NOWHERE)))
        rows = self.beside.rows(visit, moves.choice[dearer])
        least = self._least(visit, rows, low[dearer], high[dearer], wished[dearer])
        moves.bound[dearer] += least - self.togo.places[visit].own[rows, moves.day[dearer]]
        return moves.take(moves.bound < min(limit, IMPOSSIBLE // 2))

    def _least(self, visit: int, rows: Numbers, low: Numbers, high: Numbers, wished: Numbers) -> Points:
        """The least a visit costs by itself at the starts from one number to before another, with its way from where it is wished."""
        starts = len(self.togo.candidates.starts[visit].slot)
        at = low[:, None] + np.arange(int((high - low).max(initial=0)))
        inside = at < high[:, None]
        points = self.beside.points(visit, rows, np.minimum(at, max(starts - 1, 0)), wished)
        least: Points = np.where(inside, points, IMPOSSIBLE).min(axis=1, initial=IMPOSSIBLE)
        return least

    def _droppings(self, layer: Layer, visit: int, source: Numbers, choice: Numbers) -> Moves:
        """Every plan without the visit."""
        bound = (layer.bound - layer.due[:, visit])[source] + UNPLACED
        for child in self.togo.children[visit]:
            bound = bound + self._left_alone(visit, child, choice)
        nowhere, none = np.full(len(source), NOWHERE), np.full(len(source), -1)
        return Moves(source, choice, none, nowhere, none, none, bound)

    def _left_alone(self, visit: int, child: int, choice: Numbers) -> Points:
        """The least the branch of a visit costs when the one it hangs on has no place."""
        if child in self.course.dependents[visit]:
            return np.full(len(choice), self.togo.dropped(child), dtype=np.int64)
        return self._gather(self.togo.loose[child], self.togo.message_axes[child], choice)

    def _moved(self, layer: Layer, visit: int, moves: Moves) -> Layer:
        after = layer.take(moves.row)
        after.choice, after.bound = moves.choice, moves.bound
        after.day[:, visit], after.slot[:, visit], after.until[:, visit] = moves.day, moves.slot, moves.until
        after.due[:, visit] = 0
        placed = moves.day != NOWHERE
        for child in self.togo.children[visit]:
            axes, message = self.togo.message_axes[child], self.togo.messages[child]
            due = self._gather(message, axes, moves.choice, np.maximum(moves.place, 0)) if placed.any() else 0
            after.due[:, child] = np.where(
                placed, due, 0 if placed.all() else self._left_alone(visit, child, moves.choice)
            )
        if not placed.all():
            for other in self.course.dependents[visit]:
                after.gone[:, other] |= ~placed
        return after

    def _allowed(self, layer: Layer, visit: int, moves: Moves) -> Flags:
        """Which moves keep visits apart and the counts per week."""
        before = layer.day[moves.row]
        fits = np.ones(len(moves), dtype=np.bool_)
        if visit in self.course.given:
            return fits
        for other in range(visit):
            apart = self.apart[other, visit]
            if apart > 0 and self.least[other, visit] < apart:
                fits &= np.abs(before[:, other] - moves.day) >= apart
        for count in self.counts:
            if visit in count.members:
                fits &= count.allows(before, moves.day)
        fits |= moves.day == NOWHERE
        return fits

    # --- what is left to the others -------------------------------------------------------------------------------

    def _narrowed(self, layer: Layer, visit: int) -> Flags:
        """Take from every open visit the dates that do not go with this one; which plans leave each some."""
        fits = np.ones(len(layer), dtype=np.bool_)
        day = layer.day[:, visit]
        placed = day != NOWHERE
        for other in range(visit + 1, self.size):
            link = self.course.links[visit][other]
            if other in self.course.given or not link.dated:
                continue
            first, last = day + link.least, day + link.most
            if link.following:
                due = due_days(link, day)
                first, last = np.maximum(first, due), np.minimum(last, due)
            if timed(link) and visit not in self.course.given:
                first, last = self._by_time(link, layer.slot[:, visit], first, last)
            self._leave(layer, other, placed, first, last)
            if self.course.whole:
                fits &= layer.first[:, other] <= layer.last[:, other]
        return fits

    def _leave(self, layer: Layer, other: int, some: Flags, first: Numbers, last: Numbers) -> None:
        """Leave an open visit of some plans no dates but those from one to another."""
        days = self.course.request.grid.days
        first = np.where(some, np.maximum(layer.first[:, other], first), layer.first[:, other])
        last = np.where(some, np.minimum(layer.last[:, other], last), layer.last[:, other])
        layer.first[:, other] = self.next[other, np.clip(first, 0, days)]
        layer.last[:, other] = self.previous[other, np.clip(last, -1, days - 1) + 1]

    def _within(self, layer: Layer, visit: int, source: Numbers, day: Numbers, fits: Flags) -> Layer:
        """The plans with no dates left to the open visits but those that go with some place the visit may take.

        ``fits`` says which; a row of it, and of their dates, for each plan in ``source``.
        """
        some = np.flatnonzero(fits.any(axis=1))
        begin, end = np.full(len(layer), 10**6), np.full(len(layer), NOWHERE)
        np.minimum.at(begin, source[some], day[some, fits[some].argmax(axis=1)])
        np.maximum.at(end, source[some], day[some, fits.shape[1] - 1 - fits[some, ::-1].argmax(axis=1)])
        narrowed = replace(layer, first=layer.first.copy(), last=layer.last.copy())
        for other in range(visit + 1, self.size):
            link = self.course.links[visit][other]
            if other not in self.course.given and link.dated:
                self._leave(narrowed, other, end != NOWHERE, begin + link.least, end + link.most)
        return narrowed

    def _by_time(self, link: Link, start: Numbers, first: Numbers, last: Numbers) -> tuple[Numbers, Numbers]:
        """The dates left to another visit by the time of one, of whose starts ``start`` is the first that leaves it the same."""
        day = self.course.free.clock.day
        if link.soonest is not None:
            first = np.maximum(first, day[np.clip(start + link.soonest, 0, len(day) - 1)])
        if link.latest is not None:
            last = np.minimum(last, day[np.clip(start + link.latest, 0, len(day) - 1)])
        return first, last

    # --- plans --------------------------------------------------------------------------------------------------------

    def starts(self, layer: Layer, row: int) -> dict[int, int] | None:
        """The start of each visit of a plan in which all have a place; ``None`` if for some none was found in time."""
        found: dict[int, int] = {}
        day = layer.day[row]
        for number in np.unique(day[day != NOWHERE]).tolist():
            members = self.beside.members(layer, row, np.flatnonzero(day == number).tolist(), layer.choice[row])
            starts = self.together.solved(members, number)[1]
            if len(starts) < len(members):
                return None
            found |= starts
        return found
