"""Scores at every published boundary. The tables here are typed from the papers, not read from the instruments."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.measures.catalogue import BPI, CSSRS, INSTRUMENTS, PAIN, PEG, QIDS
from treatments.measures.instruments import InvalidAnswers
from treatments.measures.phq import GAD7, PHQ9
from treatments.measures.scoring import Risk, missing, risk, scores, watched

PHQ9_BANDS = {
    "minimal": (0, 4),
    "mild": (5, 9),
    "moderate": (10, 14),
    "moderately severe": (15, 19),
    "severe": (20, 27),
}
GAD7_BANDS = {"minimal": (0, 4), "mild": (5, 9), "moderate": (10, 14), "severe": (15, 21)}
QIDS_BANDS = {"none": (0, 5), "mild": (6, 10), "moderate": (11, 15), "severe": (16, 20), "very severe": (21, 27)}


def adding_up_to(total: int, items: int, highest: int) -> dict[int, int]:
    """Answers with that sum, the first items as high as they go."""
    answers = {}
    for number in range(1, items + 1):
        answers[number] = min(highest, total)
        total -= answers[number]
    return answers


@pytest.mark.parametrize(
    ("instrument", "items", "bands"), [(PHQ9, 9, PHQ9_BANDS), (GAD7, 7, GAD7_BANDS)], ids=["phq9", "gad7"]
)
def test_sums_fall_into_the_published_bands(instrument, items, bands):
    for band, (lowest, highest) in bands.items():
        for total in range(lowest, highest + 1):
            (score,) = scores(instrument, adding_up_to(total, items, 3))
            assert (score.value, score.band) == (total, band)
    assert max(highest for _, highest in bands.values()) == instrument.scales[0].highest == 3 * items


def test_qids_counts_the_worst_of_sleep_appetite_and_movement():
    answers = dict.fromkeys(range(1, 17), 0)
    for group in ((1, 2, 3, 4), (6, 7, 8, 9), (15, 16)):
        for number in group:
            (score,) = scores(QIDS, answers | {number: 2})
            assert score.value == 2, number
        (score,) = scores(QIDS, answers | dict.fromkeys(group, 3))
        assert score.value == 3
    (score,) = scores(QIDS, dict.fromkeys(range(1, 17), 3))
    assert score.value == 27


def test_qids_falls_into_the_published_bands():
    domains = (1, 5, 6, 10, 11, 12, 13, 14, 15)
    for band, (lowest, highest) in QIDS_BANDS.items():
        for total in range(lowest, highest + 1):
            left, answers = total, dict.fromkeys(range(1, 17), 0)
            for number in domains:
                answers[number] = min(3, left)
                left -= answers[number]
            (score,) = scores(QIDS, answers)
            assert (score.value, score.band) == (total, band)


def test_qids_asks_for_one_of_each_pair_of_appetite_and_weight():
    answers = dict.fromkeys(range(1, 17), 1)
    without = {number: value for number, value in answers.items() if number not in {7, 8}}
    assert scores(QIDS, without)[0].value == 9
    assert missing(QIDS, {number: value for number, value in without.items() if number != 6}) == (6, 7)


def test_peg_is_the_exact_mean_of_three():
    (score,) = scores(PEG, {1: 7, 2: 7, 3: 6})
    assert score.value == Fraction(20, 3)


def test_bpi_interference_forgives_three_unanswered_items_and_not_four():
    severity = {1: 8, 2: 2, 3: 5, 4: 5}
    interference, pain = scores(BPI, severity | {5: 4, 6: 6, 7: 8, 8: 10})
    assert (interference.scale, interference.value) == ("interference", 7)
    assert (pain.scale, pain.value) == ("severity", 5)
    with pytest.raises(InvalidAnswers) as refused:
        scores(BPI, severity | {5: 4, 6: 6, 7: 8})
    assert refused.value.item == 8


def test_pain_is_its_number():
    for value in range(11):
        assert scores(PAIN, {1: value})[0].value == value


def test_no_score_with_an_item_missing():
    for instrument in (PHQ9, GAD7, PEG):
        numbers = [item.number for item in instrument.items]
        for left_out in numbers:
            with pytest.raises(InvalidAnswers) as refused:
                scores(instrument, {number: 0 for number in numbers if number != left_out})
            assert refused.value.item == left_out


@pytest.mark.parametrize("value", [-1, 4, True, 1.0, "1", None])
def test_an_answer_outside_the_range_is_refused(value):
    answers = dict.fromkeys(range(1, 10), 0) | {4: value}
    with pytest.raises(InvalidAnswers) as refused:
        scores(PHQ9, answers)
    assert refused.value.item == 4
    assert "from 0 to 3" in refused.value.message


def test_an_item_that_is_none_is_refused():
    with pytest.raises(InvalidAnswers):
        scores(PHQ9, dict.fromkeys(range(1, 11), 0))


def test_item_nine_is_watched_and_nothing_else_of_the_phq():
    for number, value in product(range(1, 10), range(4)):
        expected = (9,) if number == 9 and value > 0 else ()
        assert watched(PHQ9, {number: value}) == expected
    assert watched(GAD7, dict.fromkeys(range(1, 8), 3)) == ()
    assert watched(QIDS, {12: 1}) == (12,)


def by_the_card(wish, thoughts, method, intent, plan, ever, recent) -> Risk:
    """The triage card read from its worst line up."""
    if intent or plan or recent:
        return Risk.HIGH
    if method or ever:
        return Risk.MODERATE
    if wish or thoughts:
        return Risk.LOW
    return Risk.NONE


def test_the_screener_follows_its_triage_card_for_every_answer():
    for values in product((0, 1), repeat=7):
        assert risk(dict(enumerate(values, 1))) is by_the_card(*values)
        assert bool(watched(CSSRS, dict(enumerate(values, 1)))) is any(values)


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        ({}, (1, 2, 7)),
        ({1: 0, 2: 0}, (7,)),
        ({1: 0, 2: 0, 7: 0}, ()),
        ({1: 1, 2: 1, 7: 0}, (3, 4, 5)),
        ({1: 0, 2: 0, 6: 0}, ()),
        ({1: 0, 2: 0, 6: 1}, (7,)),
        ({1: 1, 2: 1, 3: 0, 4: 0, 5: 0, 6: 1, 7: 0}, ()),
    ],
)
def test_the_screener_asks_what_its_form_asks(answers, left):
    assert missing(CSSRS, answers) == left


@given(st.data())
def test_a_score_stays_within_its_scale_and_never_falls_when_an_answer_rises(data):
    instrument = data.draw(st.sampled_from([PHQ9, GAD7, QIDS, PEG, PAIN, BPI]))
    answers = {item.number: data.draw(st.integers(item.lowest, item.highest)) for item in instrument.items}
    before = scores(instrument, answers)
    risen = data.draw(st.sampled_from(instrument.items))
    after = scores(instrument, answers | {risen.number: data.draw(st.integers(answers[risen.number], risen.highest))})
    for one, other, scale in zip(before, after, instrument.scales, strict=True):
        assert 0 <= one.value <= other.value <= scale.highest


def test_every_instrument_says_where_it_comes_from_and_under_which_licence():
    for name, instrument in INSTRUMENTS.items():
        assert instrument.name == name
        assert instrument.sources
        assert instrument.licence
        languages = {frozenset(item.ask) for item in instrument.items}
        assert languages in ({frozenset()}, {frozenset({"en", "es"})}), name
        for scale in instrument.scales:
            assert set(scale.items) <= {item.number for item in instrument.items}
