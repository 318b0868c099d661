"""What references stand for in courses that lost visits or got more."""

import pytest

from treatments.protocols.references import visits_of

KEYS = ["a.2", "a.10", "a.3", "ab.1", "b.1"]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("a.first", ("a.2",)),
        ("a.last", ("a.10",)),
        ("a.each", ("a.2", "a.3", "a.10")),
        ("a.3", ("a.3",)),
        ("a.1", ()),
        ("c.last", ()),
    ],
)
def test_references(reference, found):
    assert visits_of(reference, KEYS) == found
