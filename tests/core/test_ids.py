"""Identifiers sort by the time they were made."""

import time
from datetime import timedelta
from uuid import RFC_4122

import time_machine

from core import clock
from core.ids import first_at, uuid7


def test_it_is_a_version_7_uuid_of_this_millisecond():
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_later_ones_sort_later():
    with time_machine.travel(0, tick=False) as clock:
        made = []
        for _ in range(50):
            made.append(uuid7())
            clock.shift(0.001)
    assert made == sorted(made)


def test_those_of_one_millisecond_differ():
    with time_machine.travel(0, tick=False):
        assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_what_was_made_since_has_a_greater_one():
    with time_machine.travel(1_700_000_000.5, tick=False) as machine:
        earlier, bound = uuid7(), first_at(clock.now() + timedelta(milliseconds=1))
        machine.shift(0.002)
        assert earlier < bound < uuid7()
