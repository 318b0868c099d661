"""Which visits may follow a break so long that they are like a first one."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from scheduler.engine.request import Rule
from treatments.protocols.horizon import most_days
from treatments.protocols.rulebook import Visits
from treatments.protocols.schema import Protocol


def first_again(
    document: Protocol, course: Visits, rules: Sequence[Rule], took_place_on: Mapping[str, date]
) -> frozenset[str]:
    """The keys of visits that may come after a longer break than their type allows.

    Where the rules do not limit the break, it has to be reckoned with: the longer visit is planned.
    """
    found = set()
    minutes = {visit.key: visit.minutes for visit in course}
    for name, kind in document.visit_types.items():
        if kind.first_again_after_days is None:
            continue
        for before, visit in pairwise(visit for visit in course if visit.kind == name):
            if before.key in took_place_on and visit.key in took_place_on:
                most: int | None = (took_place_on[visit.key] - took_place_on[before.key]).days
            else:
                most = most_days(before.key, visit.key, rules, minutes)
            if most is None or most > kind.first_again_after_days:
                found.add(visit.key)
    return frozenset(found)
