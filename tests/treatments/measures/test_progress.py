"""What counts as response, remission and a noticeable change, just at and just beside each boundary."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.measures.catalogue import BPI, PAIN, PEG, QIDS
from treatments.measures.phq import GAD7, PHQ9
from treatments.measures.progress import highest_responding, progress

PHQ, GAD, QIDS_TOTAL, PEG_MEAN, PAIN_NOW = (each.scales[0] for each in (PHQ9, GAD7, QIDS, PEG, PAIN))
INTERFERENCE, SEVERITY = BPI.scales


@pytest.mark.parametrize(
    ("scale", "first", "latest", "responded"),
    [
        (PHQ, 19, 10, False),
        (PHQ, 19, 9, True),
        (PHQ, 20, 10, True),
        (GAD, 15, 8, False),
        (GAD, 15, 7, True),
        (QIDS_TOTAL, 17, 9, False),
        (QIDS_TOTAL, 17, 8, True),
        (PEG_MEAN, Fraction(20, 3), Fraction(14, 3), True),
        (PEG_MEAN, Fraction(20, 3), Fraction(15, 3), False),
        (PAIN_NOW, 10, 7, True),
        (PAIN_NOW, 9, 7, False),
        (SEVERITY, 5, Fraction(7, 2), True),
        (PHQ, 0, 0, False),
        (PHQ, 10, 15, False),
    ],
)
def test_response(scale, first, latest, responded):
    assert progress(scale, Fraction(first), Fraction(latest)).responded is responded


@pytest.mark.parametrize(
    ("scale", "highest"), [(PHQ, 4), (GAD, 4), (QIDS_TOTAL, 5)], ids=["phq9 below 5", "gad7 below 5", "qids 5 or less"]
)
def test_remission(scale, highest):
    assert progress(scale, Fraction(20), Fraction(highest)).remitted is True
    assert progress(scale, Fraction(20), Fraction(highest + 1)).remitted is False


@pytest.mark.parametrize(
    ("scale", "points"), [(PHQ, 5), (GAD, 4), (QIDS_TOTAL, 4), (PEG_MEAN, 1), (PAIN_NOW, 2), (INTERFERENCE, 1)]
)
def test_the_smallest_meaningful_change(scale, points):
    first = Fraction(8)
    for way in (1, -1):
        assert progress(scale, first, first + way * points).meaningful is True
        assert progress(scale, first, first + way * (points - Fraction(1, 7))).meaningful is False


def test_nothing_is_said_where_no_number_is_published():
    assert progress(INTERFERENCE, Fraction(8), Fraction(1)).responded is None
    assert progress(PAIN_NOW, Fraction(8), Fraction(1)).remitted is None
    assert progress(SEVERITY, Fraction(8), Fraction(1)).meaningful is None


@given(st.integers(1, 27), st.integers(0, 27))
def test_the_line_in_the_chart_is_where_response_begins(first, latest):
    line = highest_responding(PHQ, Fraction(first))
    assert (latest <= line) is progress(PHQ, Fraction(first), Fraction(latest)).responded
