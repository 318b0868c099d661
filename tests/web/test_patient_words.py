"""The words of patients' pages: easy to read, calm, complete in both languages, silent about what a visit is for."""

import re
from dataclasses import astuple, fields

import pytest

from clinics import red_words
from web import contact_words, offer_words, patient_words, question_words, time_words

ALL = {
    "visits": patient_words.WORDS,
    "times": time_words.WORDS,
    "contact": contact_words.WORDS,
    "ended": contact_words.ENDED,
    "offer": offer_words.WORDS,
    "questions": question_words.WORDS,
}
FILLED = {"day": "Thursday 26 November", "time": "9:30am", "count": "4", "minutes": "5", "phone": "555 0100"}
GRADE = 6
LONGEST = 16
"""Words in a sentence."""


def sentences(text: str) -> list[str]:
    text = re.sub(r"{(\w+)}", lambda found: FILLED.get(found[1], "Sam"), text)
    return [each for each in re.split(r"(?<=[.?:;])\s+", text) if re.search(r"\w", each)]


def syllables(word: str) -> int:
    """As a measure of reading counts them: groups of vowels, without a silent e at the end."""
    word = re.sub(r"(?<=[^aeiouy])e$|(?<=[^aeiouytd])ed$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", word)))


def grade(texts: list[str]) -> float:
    """Flesch and Kincaid's school grade."""
    said = [sentence for text in texts for sentence in sentences(text)]
    words = [word for sentence in said for word in re.findall(r"[A-Za-z]+", sentence)]
    return 0.39 * len(words) / len(said) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_measure_tells_plain_from_hard():
    assert grade(["The cat sat on the mat. It was warm there."]) < 2
    assert grade(["Participation necessitates the documentation of preexisting pharmacological interventions."]) > 15


@pytest.mark.parametrize("name", ALL)
def test_english_is_easy_to_read(name):
    texts = list(astuple(ALL[name]["en"]))
    assert grade(texts) <= GRADE
    long = [each for text in texts for each in sentences(text) if len(each.split()) > LONGEST]
    assert long == []


@pytest.mark.parametrize("name", ALL)
def test_both_languages_have_every_word_with_the_same_gaps_and_nobody_shouts(name):
    assert set(ALL[name]) == {"en", "es"}
    english, spanish = ALL[name]["en"], ALL[name]["es"]
    for field in fields(english):
        here, there = getattr(english, field.name), getattr(spanish, field.name)
        assert here
        assert there
        assert set(re.findall(r"{\w+}", here)) == set(re.findall(r"{\w+}", there)), field.name
        assert not set("!¡") & set(here + there), field.name


@pytest.mark.parametrize("name", ["visits", "times", "contact", "ended", "offer"])
def test_they_do_not_tell_what_a_visit_is_for(name):
    assert [word for words in ALL[name].values() for text in astuple(words) for word in red_words.found(text)] == []
