"""How long a text is for the network."""

from __future__ import annotations

import pytest

from notifications.channels.sms.segments import Alphabet, count


@pytest.mark.parametrize(
    ("text", "alphabet", "places", "segments"),
    [
        ("", Alphabet.GSM_7, 0, 1),
        ("a" * 160, Alphabet.GSM_7, 160, 1),
        ("a" * 161, Alphabet.GSM_7, 161, 2),
        ("a" * 306, Alphabet.GSM_7, 306, 2),
        ("a" * 307, Alphabet.GSM_7, 307, 3),
        ("€" * 80, Alphabet.GSM_7, 160, 1),
        ("a" * 152 + "€" * 80, Alphabet.GSM_7, 312, 3),  # an extended character is not split
        ("ñéèàìòùäöüÑ¿¡", Alphabet.GSM_7, 13, 1),
        ("í", Alphabet.UCS_2, 1, 1),
        ("á" * 70, Alphabet.UCS_2, 70, 1),
        ("á" * 71, Alphabet.UCS_2, 71, 2),
        ("😀" * 35, Alphabet.UCS_2, 70, 1),
        ("á" * 66 + "😀" * 4, Alphabet.UCS_2, 74, 2),
    ],
)
def test_segments(text, alphabet, places, segments) -> None:
    found = count(text)
    assert (found.alphabet, found.places, found.count) == (alphabet, places, segments)


def test_it_names_the_characters_that_cost() -> None:
    assert count("Clínica mañana día ’").costly == "í’"


@pytest.mark.parametrize("text", ["[", "]", "{", "}", "^", "\\", "|", "~", "€"])
def test_these_count_twice(text) -> None:
    assert count(text).places == 2
