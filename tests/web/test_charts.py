"""The drawing of a course: what would run into each other is drawn smaller, never left out."""

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from treatments.models import Visit, VisitStatus
from web import charts

FIRST = date(2026, 5, 4)


def drawn(days: list[int], **more) -> charts.Chart:
    visits = [
        (Visit(key=f"maintenance.{n}", label=f"Infusion {n + 6}", family="infusion", status=VisitStatus.BOOKED), on)
        for n, on in enumerate((FIRST + timedelta(days=day) for day in sorted(days)), 1)
    ]
    return charts.chart((), visits, (), today=FIRST, **more)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40))
def test_marks_of_different_days_do_not_touch_where_they_can_be_told_apart(days):
    marks = drawn(days).infusions
    assert len(marks) == len(days)
    for one, other in itertools.pairwise(marks):
        apart = other.x - one.x
        assert not apart or one.half + other.half < apart or {one.half, other.half} & {charts.SMALLEST}


def test_infusions_are_numbered_as_they_are_called():
    assert [mark.text for mark in drawn([0, 7, 14]).infusions] == ["7", "8", "9"]
    assert {mark.text for mark in drawn([0, 1, 400]).infusions[:2]} == {""}, "no room for a number"


def test_the_window_ends_with_the_chart_and_says_its_end_all_the_same():
    chart = drawn([0, 7], window=(FIRST + timedelta(days=8), FIRST + timedelta(days=91)))
    assert chart.window.x + chart.window.width == chart.right
    assert chart.window.label == "window until 3 Aug"
    assert drawn([0], window=(FIRST + timedelta(days=30), FIRST + timedelta(days=40))).window is None
