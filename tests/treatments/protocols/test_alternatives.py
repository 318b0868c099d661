"""How another plan differs from the best one, in words."""

import pytest

from scheduler.engine.answer import Cost, Plan
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
            "steady",
            "Begins 1 day later, every visit on Tuesday at 09:30; but over 8 days later.",
        ),
        (
            made((0, "09:00"), (0, "14:00"), (7, "09:30"), ideal=100),
            "fewer_trips",
            "1 trip fewer; but further from the best distances.",
        ),
        (made((0, "09:00"), (2, "10:00"), (4, "09:30"), ideal=100), "earlier", None),
        (
            made((1, "09:00"), (3, "10:00"), (8, "09:30"), ideal=60, continuity=360),
            "other_start",
            "Begins 1 day later; but over 1 day later and more changes of person.",
        ),
        (BEST, "other_start", "Other times or people."),
    ],
)
def test_what_another_plan_gains_and_costs(other: Plan, kind: str, price: str | None) -> None:
    found = difference(BEST, other, ON)
    assert found.kind == kind
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
