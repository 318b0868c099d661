"""A day's columns: visits with their phases, free gaps, closed time with its reason, warnings."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.models import Status
from tests.factories.clinics import SiteDayFactory
from tests.factories.scheduler import (
    AbsenceFactory,
    AllocationFactory,
    AppointmentFactory,
    ChairFactory,
    PersonFactory,
    RoomFactory,
)
from tests.factories.treatments import BookedVisitFactory, ProtocolVersionFactory
from tests.treatments.documents import series
from web.board import day, sides
from web.board.day import View
from web.board.entries import Card, Closed, Gap

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 5, 4)
NINE = datetime(2026, 5, 4, 13, tzinfo=UTC)
EARLY = datetime(2026, 5, 4, 10, tzinfo=UTC)
"""Before the clinic opens: every gap of the day is still ahead."""


def booked(site, *resources, at=NINE, minutes=60, **appointment):
    made = AppointmentFactory(site=site, starts_at=at, ends_at=at + timedelta(minutes=minutes), **appointment)
    for resource in resources:
        AllocationFactory(appointment=made, resource=resource)
    return made


def columns(site, on=MONDAY, now=EARLY, view=View.LIST):
    shown = day.of(site, on, now=now, view=view)
    return {column.resource.name: column for group in shown.groups for column in (*group.columns, *group.away)}


def entries(column, kind):
    return [entry for entry in column.entries if isinstance(entry, kind)]


def test_visits_and_gaps_in_order(site):
    chair = ChairFactory(site=site, name="Chair 1")
    visit = BookedVisitFactory(course__patient__site=site, appointment__starts_at=NINE, label="Infusion 1")
    AllocationFactory(appointment=visit.appointment, resource=chair)
    shown = columns(site)["Chair 1"].entries
    assert [(entry.starts.hour, entry.ends.hour, getattr(entry, "visit", None)) for entry in shown] == [
        (8, 9, None),
        (9, 10, visit),
        (10, 18, None),
    ]


def test_a_gap_shorter_than_any_visit_is_dead_time(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair)
    booked(site, chair, at=NINE + timedelta(minutes=85))
    booked(site, chair, at=NINE + timedelta(minutes=175))
    assert [gap.minutes for gap in entries(columns(site)["Chair 1"], Gap)] == [60, 30, 305]


def test_a_gap_begins_now_or_later(site):
    ChairFactory(site=site, name="Chair 1")
    [gap] = entries(columns(site, now=NINE + timedelta(minutes=7))["Chair 1"], Gap)
    assert (gap.starts.hour, gap.starts.minute) == (9, 15)


def test_the_gap_begins_after_the_turnover_which_is_drawn(site):
    chair = ChairFactory(site=site, name="Chair 1")
    made = AppointmentFactory(site=site, starts_at=NINE)
    AllocationFactory(appointment=made, resource=chair, ends_at=made.ends_at + timedelta(minutes=30))
    column = columns(site)["Chair 1"]
    assert [(gap.starts.hour, gap.starts.minute) for gap in entries(column, Gap)] == [(8, 0), (10, 30)]
    [card] = entries(column, Card)
    assert [(band.css, band.span.css) for band in card.bands] == [("turnover", "h1 m0 l0 n30")]
    assert (card.span.css, card.upper.length_css) == ("h1 m0 l1 n30", "l1 n0")


def test_observation_is_drawn_at_the_end_of_the_visit(site):
    document = series()
    document["visit_types"]["infusion"]["phases"]["observation"] = {"minutes": 20, "source": "T"}
    chair = ChairFactory(site=site, name="Chair 1")
    visit = BookedVisitFactory(
        course__patient__site=site,
        course__protocol_version=ProtocolVersionFactory(document=document),
        key="infusions.2",
        minutes=80,
        appointment__starts_at=NINE,
        appointment__ends_at=NINE + timedelta(minutes=80),
    )
    AllocationFactory(appointment=visit.appointment, resource=chair)
    [card] = entries(columns(site)["Chair 1"], Card)
    assert [(band.css, band.span.css) for band in card.bands] == [("observation", "h1 m0 l0 n20")]
    type(visit.appointment).objects.update(status=Status.IN_TREATMENT)

    def status(minutes):
        [card] = entries(columns(site, now=NINE + timedelta(minutes=minutes))["Chair 1"], Card)
        return card.status

    assert [status(minutes) for minutes in (59, 60)] == ["In treatment", "Observing"]


def test_whom_a_nurse_only_looks_after_is_drawn_lighter(site):
    nurse = PersonFactory(site=site, name="Nurse Kim", lanes=3)
    made = AppointmentFactory(site=site, starts_at=NINE)
    quarter = NINE + timedelta(minutes=15)
    for lane in (0, 3):  # hands-on: a seat, and the lane beyond the seats
        AllocationFactory(appointment=made, resource=nurse, ends_at=quarter, lane=lane, is_shared=True)
    AllocationFactory(appointment=made, resource=nurse, starts_at=quarter, is_shared=True)
    [card] = entries(columns(site)["Nurse Kim"], Card)
    assert [(band.css, band.span.css) for band in card.bands] == [("looking-on", "h0 m15 l0 n45")]


def test_what_overlaps_stands_side_by_side(site):
    nurse = PersonFactory(site=site, name="Nurse Kim", lanes=3)
    for number in range(3):
        made = AppointmentFactory(site=site, starts_at=NINE + timedelta(minutes=20 * number))
        AllocationFactory(appointment=made, resource=nurse, lane=number, is_shared=True)
    later = AppointmentFactory(site=site, starts_at=NINE + timedelta(hours=3))
    AllocationFactory(appointment=later, resource=nurse)
    column = columns(site)["Nurse Kim"]
    assert [(card.side, card.sides) for card in entries(column, Card)] == [(0, 3), (1, 3), (2, 3), (0, 1)]
    assert column.tracks == 3


def test_however_many_overlap_none_covers_another(site):
    gym = PersonFactory(site=site, name="Gym class", lanes=12)
    for number in range(12):
        made = AppointmentFactory(site=site, starts_at=NINE + timedelta(minutes=number))
        AllocationFactory(appointment=made, resource=gym, lane=number, is_shared=True)
    column = columns(site)["Gym class"]
    assert sorted((card.side, card.sides) for card in entries(column, Card)) == [(side, 12) for side in range(12)]
    styles = (Path(sides.__file__).parents[1] / "static" / "web" / "board_cards.css").read_text()
    assert all(f".s{side} {{" in styles and f".w{side + 1} {{" in styles for side in range(sides.MOST))
    grid = (Path(sides.__file__).parents[1] / "static" / "web" / "board_grid.css").read_text()
    assert all(f".t{tracks} {{" in grid for tracks in range(2, sides.MOST * 3 // 4 + 1))


def test_missed_visits_stay_and_their_time_is_free(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair, status=Status.MISSED).allocations.update(is_active=False)
    column = columns(site)["Chair 1"]
    assert [card.state.words for card in entries(column, Card)] == ["Missed"]
    assert [gap.minutes for gap in entries(column, Gap)] == [600]


def test_cancelled_visits_and_lapsed_holds_are_gone(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair, status=Status.CANCELLED).allocations.update(is_active=False)
    booked(site, chair, at=NINE + timedelta(hours=2), status=Status.HELD)
    assert entries(columns(site, now=NINE)["Chair 1"], Card) == []


def test_closed_time_says_why(site):
    chair = ChairFactory(site=site, name="Chair 1")
    AbsenceFactory(resource=chair, starts_at=NINE, ends_at=NINE + timedelta(hours=2), reason="Machine service")
    PersonFactory(site=site, name="Nurse Kim", hours=range(5), hours__starts="10:00")
    shown = columns(site)
    assert [(each.reason, each.span.css) for each in entries(shown["Chair 1"], Closed)] == [
        ("Machine service", "h1 m0 l2 n0")
    ]
    assert [(each.reason, each.span.css) for each in entries(shown["Nurse Kim"], Closed)] == [
        ("Not at work", "h0 m0 l2 n0")
    ]


def test_the_views_show_places_people_or_both(site):
    ChairFactory(site=site, name="Chair 1")
    RoomFactory(site=site, name="Room 1")
    PersonFactory(site=site, name="Nurse Kim")
    assert list(columns(site, view=View.RESOURCES)) == ["Chair 1", "Room 1"]
    assert list(columns(site, view=View.PEOPLE)) == ["Nurse Kim"]
    assert list(columns(site, view=View.LIST)) == ["Chair 1", "Room 1", "Nurse Kim"]


def test_a_visit_is_pressed_once_in_the_list_and_everywhere_on_the_boards(site):
    chair, nurse = ChairFactory(site=site, name="Chair 1"), PersonFactory(site=site, name="Nurse Kim")
    booked(site, chair, nurse)

    def pressed(view):
        shown = columns(site, view=view)
        return {name: bool(entries(column, Card)[0].presses) for name, column in shown.items()}

    assert pressed(View.LIST) == {"Chair 1": True, "Nurse Kim": False}
    assert pressed(View.PEOPLE) == {"Nurse Kim": True}


def test_nothing_is_pressed_on_a_day_to_come(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair, at=NINE + timedelta(days=1))
    assert [card.presses for card in entries(columns(site, on=date(2026, 5, 5))["Chair 1"], Card)] == [()]


def test_everything_is_said_in_one_breath(site):
    chair = ChairFactory(site=site, name="Chair 2")
    booked(
        site,
        chair,
        at=NINE + timedelta(minutes=30),
        minutes=90,
        patient__given_name="Ana",
        patient__family_name="Ruiz",
        summary="Infusion 4 of 6",
    )
    [card] = entries(columns(site)["Chair 2"], Card)
    assert card.spoken == "Ana R., infusion 4 of 6, Monday 4 May, 9:30am to 11am, Chair 2, unconfirmed"
    assert card.number == "4 of 6"


def warning(site, now=EARLY):
    [card] = entries(columns(site, now=now)["Chair 1"], Card)
    return card.warning


def test_one_warning_the_most_urgent(site):
    document = series(gates=[{"gate": "escort", "title": "A ride home", "before": "infusions.each", "source": "T"}])
    chair, nurse = ChairFactory(site=site, name="Chair 1"), PersonFactory(site=site, name="Nurse Kim")
    visit = BookedVisitFactory(
        course__patient__site=site,
        course__protocol_version=ProtocolVersionFactory(document=document),
        key="infusions.1",
        position=1,
        appointment__starts_at=NINE,
    )
    for resource in (chair, nurse):
        AllocationFactory(appointment=visit.appointment, resource=resource)
    assert warning(site) == "Escort needed"
    assert warning(site, now=NINE + timedelta(minutes=12)) == "12 min late"
    AbsenceFactory(resource=nurse, starts_at=NINE, ends_at=NINE + timedelta(hours=1), reason="Ill")
    assert warning(site) == "Nurse Kim is not there"


def test_the_first_visit_is_marked_where_nothing_is_missing(site):
    chair = ChairFactory(site=site, name="Chair 1")
    visit = BookedVisitFactory(course__patient__site=site, position=1, appointment__starts_at=NINE)
    AllocationFactory(appointment=visit.appointment, resource=chair)
    assert warning(site) == "First visit"
    type(visit).objects.update(position=2)
    assert warning(site) == ""


def test_the_strip_counts_chairs_and_starts(site):
    chairs = [ChairFactory(site=site, name=f"Chair {n}") for n in (1, 2, 3)]
    booked(site, chairs[0])
    booked(site, chairs[1], at=NINE + timedelta(minutes=30))
    strip = day.of(site, MONDAY, now=EARLY).strip
    assert strip.words == "Chairs in use: at most 2 of 3, at 9:30am"
    assert [(at.hour, count) for at, count in strip.starts if count] == [(9, 2)]
    assert day.of(site, date(2026, 5, 5), now=EARLY).strip is None


def test_the_board_reaches_as_far_as_what_is_on_it(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair, at=NINE + timedelta(hours=8, minutes=30), minutes=90)
    scale = day.of(site, MONDAY, now=NINE + timedelta(minutes=7)).scale
    assert (scale.first_hour, scale.hours) == (8, 11)


def test_the_line_of_now_is_on_today_only(site):
    ChairFactory(site=site)
    assert day.of(site, MONDAY, now=NINE + timedelta(minutes=7)).now_css == "h1 m5"
    assert day.of(site, date(2026, 5, 5), now=NINE).now_css == ""
    assert day.of(site, MONDAY, now=NINE + timedelta(hours=12)).now_css == ""


def test_a_closed_day_knows_why_and_when_the_next_is_open(site):
    SiteDayFactory(site=site, on=MONDAY, reason="Stocktaking")
    shown = day.of(site, MONDAY, now=EARLY)
    assert (shown.is_closed, shown.closed_because, shown.next_open_on) == (True, "Stocktaking", date(2026, 5, 5))
