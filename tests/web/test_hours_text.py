"""Hours as people type them."""

from datetime import time

import pytest

from tests.web.conftest import signed_in
from web import hours_text

ONE = ((time(8), time(12)),)


@pytest.mark.parametrize(
    "text", ["8 to 12", "8:00-12:00", "8am to midday", "08:00 – 12:00", "8.00 until noon", " 8am-12pm "]
)
def test_reads_one_window(text):
    assert hours_text.read(text) == ONE


@pytest.mark.parametrize("text", ["", "-", "closed", " Closed ", "off"])
def test_nothing_is_closed(text):
    assert hours_text.read(text) == ()


@pytest.mark.parametrize(
    "text", ["8", "8 to", "to 8", "25 to 26", "8 to 12 to 13", "13pm to 14", "0am to 2am", "x", "8:60 to 9"]
)
def test_says_what_cannot_be_read(text):
    with pytest.raises(hours_text.HoursError):
        hours_text.read(text)


def test_midnight_and_midday_in_twelve_hours():
    assert hours_text.read("12am to 12pm") == ((time(0), time(12)),)


@pytest.mark.parametrize(
    "windows",
    [(), ONE, ((time(0), time(23, 59)),), ((time(8, 5), time(12)), (time(13, 30), time(18))), ((time(9), time(9)),)],
)
def test_what_is_written_is_read_again(windows):
    assert hours_text.read(hours_text.write(windows)) == windows


@pytest.mark.django_db
def test_the_strips_are_told_what_a_text_means(mona, site):
    asked = {"text": ["9am-noon and 13:30 to 18", "", "when we feel like it", "18 to 9"]}
    answer = signed_in(mona).get("/setup/hours/read", asked)
    assert answer.json() == {"read": [[[540, 720], [810, 1080]], [], None, None]}
