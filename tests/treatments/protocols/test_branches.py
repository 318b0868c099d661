"""Where decisions lead, on a document with two of them."""

from tests.treatments.documents import branching
from treatments.protocols import reading
from treatments.protocols.branches import branch, hanging_on

DOCUMENT = reading.from_json(branching())


def test_going_on_keeps_what_a_later_decision_is_about():
    found = branch(DOCUMENT, "response", "weekly")
    assert found.firm == {"weekly", "weekly_talks"}
    assert found.released == set()


def test_the_other_way_is_released():
    """At the second decision weekly and maintenance are two ways; what hangs on the weekly block goes with it."""
    assert branch(DOCUMENT, "interval", "maintenance").released == {"weekly", "weekly_talks"}
    back = branch(DOCUMENT, "interval", "weekly")
    assert (back.firm, back.released) == ({"weekly", "weekly_talks"}, {"maintenance"})


def test_without_a_decision_of_the_protocol_nothing_is_given_up():
    assert branch(DOCUMENT, "", "weekly").released == set()


def test_a_block_of_its_own_does_not_hang_on_another():
    """Maintenance is anchored to the weekly block, but it is a choice by itself."""
    assert hanging_on(DOCUMENT, "weekly") == {"weekly", "weekly_talks"}
