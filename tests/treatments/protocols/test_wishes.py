"""Wishes that cannot be read are refused by name."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treatments.protocols.wishes import WISH_NAMES, Wishes, WishesError


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"weekday": [1]}, "weekday: expected one of weekdays, not_before"),
        ({"weekdays": [7]}, "weekdays: expected a list of numbers from 0"),
        ({"weekdays": [True]}, "weekdays: expected a list of numbers from 0"),
        ({"not_before": "8.30"}, "not_before: expected a time of day such as 08:30"),
        ({"not_after": "08:30:15"}, "not_after: expected a time of day"),
        ({"not_after": 830}, "not_after: expected a time of day"),
        ({"not_before": "12:00", "not_after": "09:00"}, "not_after: expected a time after not_before"),
        ({"start_on": "31.12.2026"}, "start_on: expected a date such as 2026-11-23"),
        ({"not_on": "2026-12-24"}, "not_on: expected a list of texts"),
        ({"people": [7]}, "people: expected a list of texts"),
        ({"firm": "yes"}, "firm: expected true or false"),
        ({"max_visits_per_week": 0}, "max_visits_per_week: expected a whole number from 1 to 50"),
        ({"max_visits_per_day": True}, "max_visits_per_day: expected a whole number"),
        ({"max_visits_per_day": "2"}, "max_visits_per_day: expected a whole number"),
        ({"escort": "Mondays"}, "escort: expected weekdays, not_before, not_after"),
        ({"escort": {}}, "escort: expected weekdays"),
        ({"escort": {"from": "08:00"}}, "escort: expected weekdays"),
        ({"escort": {"weekdays": [9]}}, "escort: weekdays: expected a list of numbers"),
        ({"escort": {"not_before": "12:00", "not_after": "09:00"}}, "escort: not_after: expected a time after"),
        ([], "wishes: expected names with values"),
    ],
)
def test_refused_with_the_name_and_what_was_expected(data: Any, text: str) -> None:
    with pytest.raises(WishesError) as refused:
        Wishes.from_json(data)
    assert str(refused.value).startswith(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(WISH_NAMES) | st.text(max_size=5), json_values, max_size=4))
def test_any_data_is_read_or_refused(data: dict[str, Any]) -> None:
    with suppress(WishesError):
        wishes = Wishes.from_json(data)
        assert Wishes.from_json(wishes.to_json()) == wishes
