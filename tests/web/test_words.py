"""Dates, times and lengths in words, and dates as people type them."""

from datetime import date, time

import pytest

from web import dates, words
from web.forms.booking import in_words

US = dates.Reading(month_first=True)
DE = dates.Reading(month_first=False)
SOON = dates.Reading(month_first=True, near=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (time(9, 30), "9:30am"),
        (time(14), "2pm"),
        (time(12), "midday"),
        (time(0), "midnight"),
        (time(12, 5), "12:05pm"),
        (time(0, 30), "12:30am"),
    ],
)
def test_times(at, said):
    assert words.clock(at) == said


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (time(10, 40), time(11, 15), "10:40 to 11:15am"),
        (time(13), time(18), "1 to 6pm"),
        (time(8), time(13), "8am to 1pm"),
        (time(12), time(18), "midday to 6pm"),
        (time(9), time(12), "9am to midday"),
    ],
)
def test_a_narrow_column_says_the_half_of_the_day_once(start, end, said):
    assert words.short_between(start, end) == said


def test_days_name_the_year_only_when_it_is_another():
    assert words.day(date(2026, 11, 26), today=date(2026, 1, 1)) == "Thursday 26 November"
    assert words.day(date(2027, 1, 3), today=date(2026, 1, 1)) == "Sunday 3 January 2027"


@pytest.mark.parametrize(("minutes", "said"), [(45, "45 min"), (60, "1 h"), (135, "2 h 15 min")])
def test_lengths(minutes, said):
    assert words.length(minutes) == said


@pytest.mark.parametrize(
    ("text", "reading", "found"),
    [
        ("27 May 1980", US, date(1980, 5, 27)),
        ("May 27, 1980", US, date(1980, 5, 27)),
        ("1980-05-27", DE, date(1980, 5, 27)),
        ("5/27/1980", US, date(1980, 5, 27)),
        ("27.5.1980", DE, date(1980, 5, 27)),
        ("4/5/1980", US, date(1980, 4, 5)),
        ("4/5/1980", DE, date(1980, 5, 4)),
        ("27th of May 1980", US, date(1980, 5, 27)),
        ("27 de mayo de 1980", DE, date(1980, 5, 27)),
        ("Friday 27 Nov", SOON, date(2026, 11, 27)),
        ("2 Jan", SOON, date(2027, 1, 2)),
        ("29 Feb", SOON, date(2028, 2, 29)),
    ],
)
def test_reads_dates_as_people_write_them(text, reading, found):
    assert dates.read(text, reading) == found


@pytest.mark.parametrize(
    "text", ["", "soon", "31 Feb 2026", "27 May 80", "13/13/1980", "1 2 3 4", "27 May", "May Jun 3"]
)
def test_refuses_what_is_no_date(text):
    with pytest.raises(dates.DateError):
        dates.read(text, US)


def test_reads_lists_and_ranges():
    found = dates.read_list("27 Nov, 3 to 5 Dec; Dec 24 to 26 December\nJan 2, 2027", SOON)
    assert sorted(found) == [
        date(2026, 11, 27),
        *(date(2026, 12, day) for day in (3, 4, 5, 24, 25, 26)),
        date(2027, 1, 2),
    ]


def test_says_which_part_of_a_list_it_cannot_read():
    with pytest.raises(dates.DateError, match=r"^31 Nov$"):
        dates.read_list("27 Nov, 31 Nov", SOON)


def test_wishes_in_one_line():
    wishes = {"weekdays": [0, 2], "not_after": "13:00", "not_on": ["2026-11-27", "2026-12-03", "2026-12-04"]}
    assert in_words(date(2026, 11, 24), wishes) == (
        "From Tuesday 24 November · Mon and Wed · mornings, over by 1pm · not on 27 Nov and 3 to 4 Dec"
    )
