"""A clinic in a file."""

from datetime import date

import pytest

from scheduler.engine.grid import Grid
from treatments.calendar_file import CalendarFileError, read

TEXT = """
zone: Europe/Berlin
hours: {mon: "08:00-18:00", sun: "08:00-12:00, 13:00-18:00"}
closed: [2026-10-19]
resources:
  - {name: Chair 1, kind: chair, skills: [monitored]}
  - {name: Ada, kind: person, lanes: 2, hours: {mon: "09:00-10:00"}}
busy:
  - {resource: Ada, from: "2026-10-26T09:00", to: "2026-10-26T09:32"}
  - {resource: Ada, from: "2026-10-12T09:00", to: "2026-10-12T09:30", lane: 1}
"""
GRID = Grid("Europe/Berlin", date(2026, 10, 18), 10)  # the clocks go back on Sunday 25 October


def test_hours_are_wall_clock_times_and_resources_have_the_clinics_unless_they_have_their_own():
    clinic = read(TEXT)
    assert clinic.open_days(GRID) == {0, 7, 8}
    chair, ada = clinic.calendars(GRID)
    assert (chair.kind, chair.skills, chair.lanes, chair.busy) == ("chair", {"monitored"}, 1, ())
    shown = [[GRID.local(slot).strftime("%d %H:%M") for slot in period] for period in chair.working]
    assert shown == [
        ["18 08:00", "18 12:00"],
        ["18 13:00", "18 18:00"],
        ["25 08:00", "25 12:00"],
        ["25 13:00", "25 18:00"],
        ["26 08:00", "26 18:00"],
    ]
    assert [[GRID.local(slot).strftime("%d %H:%M") for slot in period] for period in ada.working] == [
        ["26 09:00", "26 10:00"]
    ]


def test_what_is_taken_is_rounded_outwards_and_takes_every_lane_unless_it_names_one():
    _, ada = read(TEXT).calendars(GRID)
    assert {lane for _, _, lane in ada.busy} == {0, 1}
    assert {(GRID.local(a).strftime("%H:%M"), GRID.local(b).strftime("%H:%M")) for a, b, _ in ada.busy} == {
        ("09:00", "09:35")
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("zone: Europe/Berlin", "zone: Berlin", "zone: expected a time zone"),
        ("zone: Europe/Berlin", "zone: [Europe/Berlin]", "zone: expected a text"),
        ("zone: Europe/Berlin", "", "zone is missing"),
        ("zone:", "zones:", "zones is not known"),
        ("mon:", "monday:", "hours: monday is not known"),
        ('"08:00-18:00"', '"18:00-08:00"', "hours.mon: expected hours such as"),
        ('"08:00-18:00"', '"all day"', "hours.mon: expected hours such as"),
        ('"08:00-18:00"', '"08:00Z-18:00"', "hours.mon: expected hours such as"),
        ('"08:00-18:00"', '"08:00Z-18:00Z"', "hours.mon: expected hours such as"),
        ("2026-10-19", "19.10.2026", "closed[0]: expected a date"),
        ("name: Ada", "name: Chair 1", "resources: expected a different name"),
        ("lanes: 2", "lanes: 0", "resources[1].lanes: expected a number"),
        ("lanes: 2", "lanes: many", "resources[1].lanes: expected a number"),
        ("kind: person, ", "", "resources[1]: kind is missing"),
        ("skills: [monitored]", "skills: monitored", "resources[0].skills: expected a list"),
        ("resource: Ada", "resource: Bob", "busy[0].resource: expected the name"),
        ("lane: 1}", "lane: 2}", "busy[1].lane: expected a number from 0 to 1"),
        ("lane: 1}", "lane: true}", "busy[1].lane: expected a number from 0 to 1"),
        ("2026-10-26T09:32", "2026-10-26T08:32", "busy[0].to: expected a time after from"),
        ("2026-10-26T09:32", "2026-10-26T09:32Z", "busy[0].to: expected a local time"),
        (TEXT, "[1, 2]", "the file: expected names with values"),
        (TEXT, "a: [", "document"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old, new, message):
    with pytest.raises(CalendarFileError) as raised:
        read(TEXT.replace(old, new, 1))
    assert message in str(raised.value)
