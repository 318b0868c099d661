"""Rules of a course that goes back a step or changes its distances, tried with the planner itself."""

from datetime import date

import pytest

from scheduler.engine.request import AtMost, ConsecutiveDays, Offset, PerWeek, SameResource, Span, Unit
from tests.treatments.documents import branching
from treatments.protocols import reading
from treatments.protocols.compile import compile as compile_course
from treatments.protocols.reopening import cut_off, distances, respaced

DOCUMENT = reading.from_json(branching())
NEW, PAST = {"w.3", "w.4"}, {"w.1", "w.2", "m.1"}


def after(rule):
    return list(cut_off([rule], new=NEW, past=PAST))


@pytest.mark.parametrize(
    ("before", "then"),
    [
        # the next of the block: not too soon after what was, but as late as it may be
        (Offset("g", "w.3", "w.2", Unit.DAYS, 5, 7, 9), [Offset("g", "w.3", "w.2", Unit.DAYS, 5)]),
        (Offset("g", "w.4", "w.3", Unit.DAYS, 5, 7, 9), [Offset("g", "w.4", "w.3", Unit.DAYS, 5, 7, 9)]),
        (Offset("a", "w.3", "m.1", Unit.DAYS, None, None, 9), []),
        # what followed the block the first time does not follow it now
        (Offset("m", "m.1", "w.4", Unit.DAYS, 10, 14, 21), []),
        (Span("s", ("w.1", "w.2", "w.3", "w.4"), 30), [Span("s", ("w.3", "w.4"), 30)]),
        (ConsecutiveDays("c", ("w.2", "w.3")), []),
        (PerWeek("p", ("w.2", "w.3"), 2, at_least=1), [PerWeek("p", ("w.2", "w.3"), 2)]),
        (AtMost("cap", ("w.1", "w.3"), 6, 365), [AtMost("cap", ("w.1", "w.3"), 6, 365)]),
        (SameResource("r", "nurse", ("w.1", "w.3")), [SameResource("r", "nurse", ("w.1", "w.3"))]),
        (Offset("o", "w.2", "w.1", Unit.DAYS, 5, 7, 9), [Offset("o", "w.2", "w.1", Unit.DAYS, 5, 7, 9)]),
    ],
)
def test_what_is_left_of_a_rule(before, then):
    assert after(before) == then


def test_another_distance():
    compiled = compile_course(DOCUMENT, start_on=date(2026, 5, 5))
    changed = {rule.key: rule for rule in respaced(compiled.rules, "maintenance", 20)}
    assert (
        changed["maintenance.gap.2"].least,
        changed["maintenance.gap.2"].ideal,
        changed["maintenance.gap.2"].most,
    ) == (
        10,
        20,
        21,
    )
    others = [rule for rule in compiled.rules if not rule.key.startswith("maintenance.gap")]
    assert [changed[rule.key] for rule in others] == others


def test_the_limits_of_a_distance():
    assert distances(DOCUMENT, "maintenance") == (10, 21)
    assert distances(DOCUMENT, "talks") is None
