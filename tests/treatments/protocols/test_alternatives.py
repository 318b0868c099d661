"""How another plan differs from the best one, in words."""

from dataclasses import replace

import pytest

from scheduler.engine.answer import Cost, Kind, Plan
from scheduler.engine.plan import plan
from scheduler.engine.request import Placement
from tests.scheduler.engine.building import at, grid
from tests.treatments.protocols import clinic
from tests.treatments.protocols.documents import compiled, short
from treatments.protocols.alternatives import difference, terms

ON = grid(days=21)


def made(*starts: tuple[int, str], **cost: int) -> Plan:
    placements = tuple(Placement(f"i{n}", at(ON, day, clock), ()) for n, (day, clock) in enumerate(starts))
    return Plan(placements, (), Cost(**cost))


BEST = made((0, "09:00"), (2, "10:00"), (7, "09:30"), ideal=60)


@pytest.mark.parametrize(
    ("other", "kind", "price"),
    [
        (
            made((1, "09:30"), (8, "09:30"), (15, "09:30"), ideal=60),
            Kind.SAME_TIME,
            "Begins 1 day later, every visit on Tuesday at 9:30am; but ends 8 days later.",
        ),
        (
            made((0, "09:00"), (0, "14:00"), (7, "09:30"), ideal=100),
            Kind.FEWEST_TRIPS,
            "1 trip fewer; but further from the best distances.",
        ),
        (made((0, "09:00"), (2, "10:00"), (4, "09:30"), ideal=100), Kind.EARLIEST_FINISH, None),
        (
            made((1, "09:00"), (3, "10:00"), (8, "09:30"), ideal=60, continuity=360),
            Kind.OTHER_START,
            "Begins 1 day later; but ends 1 day later and more changes of person.",
        ),
        (BEST, Kind.OTHER_START, "Other times or people."),
    ],
)
def test_what_another_plan_gains_and_costs(other: Plan, kind: Kind, price: str | None) -> None:
    found = difference(BEST, replace(other, kind=kind), ON)
    assert found.kind == kind.value
    if price is not None:
        assert found.price == price


def test_terms_leave_out_what_costs_nothing() -> None:
    assert terms(made((0, "09:00"), ideal=60, finish=5)) == {"ideal": 60, "finish": 5}


def test_the_planners_own_alternatives_can_be_told() -> None:
    request = clinic.request(compiled(short()))
    best, *others = plan(request, alternatives=3).plans
    assert others
    for other in others:
        assert difference(best, other, request.grid).price.endswith(".")
