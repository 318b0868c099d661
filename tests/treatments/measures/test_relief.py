"""Relief is shaded only where scores support it, whatever the scores are."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from treatments.measures.relief import Knowledge, Point, Stretch, stretches

FIRST = date(2026, 11, 2)
WEEK = 7


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def of(*scores: tuple[int, bool], until: int = 40, interval: int = WEEK) -> list[tuple[int, int, str]]:
    points = [Point(on(day), responds) for day, responds in scores]
    return [
        ((each.starts_on - FIRST).days, (each.ends_on - FIRST).days, each.what.value)
        for each in stretches(points, interval_days=interval, until=on(until))
    ]


def test_from_the_first_response_to_the_last_and_not_known_after_it():
    assert of((0, False), (7, True), (14, True), (21, True)) == [(7, 21, "relief"), (21, 40, "not_known")]


def test_nothing_without_a_response():
    assert of() == []
    assert of((0, False), (7, False)) == []


def test_a_lone_response_shades_nothing():
    assert of((0, False), (7, True)) == [(7, 40, "not_known")]
    assert of((0, False), (7, True), (14, False)) == [(7, 14, "not_known")]


def test_what_comes_after_a_relapse_needs_two_scores_again():
    assert of((0, True), (7, True), (14, False), (21, True), (28, True), until=28) == [
        (0, 7, "relief"),
        (7, 14, "not_known"),
        (21, 28, "relief"),
    ]


def test_scores_too_far_apart_support_nothing_between_them():
    assert of((0, True), (14, True), until=14) == [(0, 14, "relief")]
    assert of((0, True), (15, True), until=15) == [(0, 15, "not_known")]


def test_the_worst_of_one_day_counts():
    assert of((0, True), (7, True), (7, False), until=7) == [(0, 7, "not_known")]


def test_pain_each_day_joins_over_a_day_without_a_number():
    assert of((0, True), (2, True), until=2, interval=0) == [(0, 2, "relief")]
    assert of((0, True), (3, True), until=3, interval=0) == [(0, 3, "not_known")]


POINTS = st.lists(st.builds(Point, st.integers(0, 60).map(on), st.booleans()), max_size=12)


def supported(shading: list[Stretch], points: list[Point], interval: int) -> bool:
    """Whether two responding scores, near enough and with nothing worse between, stand behind every shaded day."""
    for stretch in shading:
        if stretch.what is not Knowledge.RELIEF:
            continue
        inside = sorted(p.on for p in points if stretch.starts_on <= p.on <= stretch.ends_on)
        if any(not p.responds for p in points if stretch.starts_on <= p.on <= stretch.ends_on):
            return False
        if len(set(inside)) < 2 or inside[0] != stretch.starts_on or inside[-1] != stretch.ends_on:
            return False
        if any((b - a).days > max(2 * interval, 2) for a, b in pairwise(inside)):
            return False
    return True


@given(POINTS, st.integers(0, 14), st.integers(61, 90))
def test_never_shades_without_two_supporting_scores(points, interval, until):
    shading = stretches(points, interval_days=interval, until=on(until))
    assert supported(shading, points, interval)
    ends = [FIRST, *(day for each in shading for day in (each.starts_on, each.ends_on))]
    assert ends == sorted(ends)
    assert all(each.days > 0 for each in shading)


def test_a_rule_that_carries_relief_to_the_next_score_is_caught():
    """The control: relief drawn on from a lone score."""
    points = [Point(on(0), responds=True), Point(on(7), responds=False)]
    assert not supported([Stretch(on(0), on(7), Knowledge.RELIEF)], points, WEEK)
    assert not supported([Stretch(on(0), on(40), Knowledge.RELIEF)], points[:1], WEEK)
