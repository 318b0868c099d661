"""Placed visits with their dates: what the rules look at."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from scheduler.engine.request import Placement, PlanRequest, Visit


class Schedule:
    """The placements of one course, the fixed ones always among them.

    Raises:
        KeyError: a placement names a visit that the request does not have.
    """

    def __init__(self, request: PlanRequest, placements: Iterable[Placement]) -> None:
        self.request = request
        self.visits: Mapping[str, Visit] = {visit.key: visit for visit in request.visits}
        self.fixed = frozenset(placement.visit for placement in request.fixed)
        self.placed: dict[str, Placement] = {placement.visit: placement for placement in placements}
        self.placed |= {placement.visit: placement for placement in request.fixed}
        self.day = {key: request.grid.day(placement.start) for key, placement in self.placed.items()}
        unknown = self.placed.keys() - self.visits.keys()
        if unknown:
            raise KeyError(f"Placements of visits that are not in the request: {sorted(unknown)}")

    def start(self, visit: str) -> int:
        """The slot at which a placed visit starts."""
        return self.placed[visit].start

    def resource(self, visit: str, role: str) -> str | None:
        """Who or what fills a role of a placed visit; ``None`` where the visit has no such role."""
        return dict(self.placed[visit].resources).get(role)

    def present(self, visits: Iterable[str]) -> list[str]:
        """Those of ``visits`` that have a place, in order of time."""
        return sorted((key for key in visits if key in self.placed), key=lambda key: (self.start(key), key))

    @cached_property
    def in_order(self) -> tuple[Placement, ...]:
        """All placements in order of time."""
        return tuple(self.placed[key] for key in self.present(self.placed))

    def week(self, day: int) -> int:
        """The number of the calendar week (Monday to Sunday) that a local date of the grid falls in."""
        return (day + self.request.grid.first_on.weekday()) // 7

    def with_visit(self, placement: Placement) -> "Schedule":
        """The same schedule with one visit placed, or placed elsewhere; a fixed one too."""
        other = Schedule(self.request, self.placed.values())
        other.placed[placement.visit] = placement
        other.day[placement.visit] = self.request.grid.day(placement.start)
        return other
