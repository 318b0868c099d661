"""The mistakes a scheduler of courses is known to make, each as a document that is planned."""

from datetime import date, time
from itertools import pairwise
from typing import Any

from scheduler.engine.check import check
from scheduler.engine.grid import Grid
from scheduler.engine.plan import plan
from scheduler.engine.request import Calendar, Placement, PlanRequest
from tests.scheduler.engine.independent import faults
from tests.treatments.protocols import clinic
from tests.treatments.protocols.documents import MONDAY, short
from treatments.protocols import catalog, reading
from treatments.protocols.compile import Compiled, Past
from treatments.protocols.compile import compile as compile_course
from treatments.protocols.wishes import Escort, Wishes


def one_block(block: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The short document with a single block of infusions."""
    document = short() | more
    document["blocks"] = [{"block": "infusions", "visit": "infusion", "source": "A1"} | block]
    del document["visit_types"]["talk"]
    document["visit_types"]["infusion"]["needs"] = document["visit_types"]["infusion"]["needs"][:1]
    return document


def course(document: dict[str, Any], start_on: date = MONDAY, **kwargs: Any) -> Compiled:
    return compile_course(reading.from_json(document), start_on=start_on, **kwargs)


def every_day(compiled: Compiled, zone: str = "America/New_York") -> PlanRequest:
    """One chair, every day from 8 to 18, holidays or not."""
    grid = Grid(zone, compiled.start_on, compiled.horizon_days)
    hours = tuple((grid.midnights[n] + 96, grid.midnights[n] + 216) for n in range(grid.days))
    chair = Calendar("chair", "chair", hours)
    return compiled.request(grid=grid, calendars=(chair,), open_days=frozenset(range(grid.days)))


def dates(request: PlanRequest) -> list[date]:
    found = plan(request).best
    assert found.complete
    assert faults(request, found.placements) == []
    return [request.grid.date(one.start) for one in found.placements]


def test_trap_1_twice_a_week_by_the_calendar_allows_sunday_and_monday_and_a_gap_does_not() -> None:
    week = {"at_most": 2, "week": "calendar", "source": "A1"}
    sunday, monday = date(2026, 11, 29), date(2026, 11, 30)

    def clashes(block: dict[str, Any]) -> bool:
        request = every_day(course(one_block(block | {"count": 2})))
        placed = [
            Placement(f"infusions.{n}", request.grid.midnights[(day - MONDAY).days] + 108, (("chair", "chair"),))
            for n, day in enumerate((sunday, monday), start=1)
        ]
        return bool(check(request, placed))

    assert not clashes({"per_week": week})
    assert clashes({"per_week": week | {"days_apart": 2}})
    assert clashes({"gap": {"min_days": 2, "source": "A1"}})


def test_trap_2_a_period_counts_from_the_third_dose_not_from_the_first() -> None:
    compiled = compile_course(reading.read_file(catalog.CATALOG / "infliximab.yaml"), start_on=MONDAY)
    request = clinic.request(compiled)
    found = [request.grid.date(one.start) for one in plan(request).best.placements]
    days = [(day - found[0]).days for day in found]
    assert [round(day / 7) for day in days] == [0, 2, 6, 14, 22, 30]


def test_trap_3_ten_weekdays_skip_a_holiday_and_begin_on_the_wished_day() -> None:
    compiled = compile_course(reading.read_file(catalog.CATALOG / "crps-ten-weekdays.yaml"), start_on=MONDAY)
    request = clinic.request(compiled)
    infusions = [one for one in plan(request).best.placements if one.visit.startswith("infusions.")]
    found = [request.grid.date(one.start) for one in infusions]
    assert found[0].weekday() == 0
    # Thanksgiving and two week ends are skipped; the row ends a day later
    assert [(b - a).days for a, b in pairwise(found)] == [1, 1, 2, 3, 1, 1, 1, 1, 3]


def test_trap_4_pairs_every_other_week() -> None:
    cycle = {"weeks": 2, "visits": 2, "early_days": 2, "late_days": 3, "source": "A1"}
    gap = {"min_days": 1, "ideal_days": 2, "max_days": 4, "source": "A1"}
    found = dates(every_day(course(one_block({"count": 6, "cycle": cycle, "gap": gap}))))
    assert [(day - found[0]).days for day in found] == [0, 2, 14, 16, 28, 30]


def test_trap_10_gaps_in_days_are_local_dates_and_hours_are_elapsed_when_the_clocks_change() -> None:
    saturday = date(2026, 10, 31)  # the clocks go back in the night
    by_date = course(one_block({"count": 2, "gap": {"min_days": 1, "max_days": 1, "source": "A1"}}), saturday)
    assert [str(day) for day in dates(every_day(by_date))] == ["2026-10-31", "2026-11-01"]
    hours = {"min_hours": 24, "max_hours": 24, "hours_from": "start", "source": "A1"}
    request = every_day(course(one_block({"count": 2, "gap": hours}), saturday))
    found = plan(request).best
    first, second = (request.grid.local(one.start) for one in found.placements)
    assert found.complete
    assert second.timestamp() - first.timestamp() == 24 * 3600
    # an hour earlier on the wall, as that night has one more
    assert (first.hour - second.hour) == 1


def test_trap_12_the_prescriber_stays_until_the_observation_is_over() -> None:
    document = one_block({"count": 1})
    document["visit_types"]["infusion"]["needs"].append(
        {"role": "prescriber", "kind": "person", "during": {"visit": "presence"}, "source": "A1"}
    )
    compiled = course(document)
    request = every_day(compiled)
    grid = request.grid
    leaves_early = tuple((begin, begin + 20) for begin in grid.midnights[:-1])
    noon = tuple((begin + 144, begin + 144 + 20) for begin in grid.midnights[:-1])

    def planned(*working: tuple[int, int]) -> bool:
        doctor = Calendar("doctor", "person", tuple(sorted(working)))
        asked = compiled.request(grid=grid, calendars=(*request.calendars, doctor), open_days=request.open_days)
        return plan(asked).best.complete

    assert not planned(*leaves_early, *noon)  # 100 minutes; the visit with its observation takes 105
    assert planned(*((begin, end + 1) for begin, end in noon))


def test_trap_15_a_long_gap_makes_a_visit_a_first_one_again() -> None:
    document = one_block({"count": 3, "gap": {"min_days": 20, "max_days": 40, "source": "A1"}})
    kind = document["visit_types"]["infusion"]

    def lengths(**kwargs: Any) -> list[int]:
        return [visit.minutes for visit in course(document, **kwargs).visits]

    assert lengths() == [105, 90, 90]
    kind["first_again_after_days"] = 40
    assert lengths() == [105, 90, 90]
    kind["first_again_after_days"] = 30  # it may be longer than that: the longer visit is planned
    assert lengths() == [105, 105, 105]
    happened = {"infusions.1": date(2026, 11, 23), "infusions.2": date(2026, 12, 20)}
    assert lengths(past=Past(took_place_on=happened)) == [105, 90, 105]
    del document["blocks"][0]["gap"]["max_days"]
    assert lengths() == [105, 105, 105]


def test_a_course_over_the_year_end_keeps_its_gaps() -> None:
    gap = {"min_days": 3, "ideal_days": 3, "max_days": 3, "source": "A1"}
    found = dates(every_day(course(one_block({"count": 4, "gap": gap}), date(2026, 12, 27))))
    assert [str(day) for day in found] == ["2026-12-27", "2026-12-30", "2027-01-02", "2027-01-05"]


def test_no_visit_moves_for_a_holiday_where_none_may() -> None:
    gap = {"min_days": 2, "ideal_days": 3, "max_days": 5, "source": "A1"}

    def found(holidays: str) -> list[str]:
        compiled = course(one_block({"count": 2, "gap": gap, "holidays": holidays}))
        request = every_day(compiled)
        # from Monday on, the days three days after an open day are closed, but for the second Monday
        open_days = frozenset({0, 1, 2, 7, 10})
        asked = compiled.request(grid=request.grid, calendars=request.calendars, open_days=open_days)
        return [str(day) for day in dates(asked)]

    assert found("shift") == ["2026-11-23", "2026-11-25"]
    assert found("forbid") == ["2026-11-30", "2026-12-03"]


def test_an_escort_is_needed_only_where_a_gate_asks_for_one() -> None:
    gates = [{"gate": "escort", "title": "An adult", "before": "infusions.first", "source": "A1"}]
    document = one_block({"count": 2, "gap": {"min_days": 1, "max_days": 3, "source": "A1"}}, gates=gates)
    wishes = Wishes(escort=Escort(weekdays=frozenset({2}), not_before=time(16)))
    request = every_day(course(document, wishes=wishes))
    found = plan(request).best
    assert faults(request, found.placements) == []
    first, second = found.placements
    # taken home on a Wednesday from 16:00 on
    ends = request.grid.local(first.start + 105 // 5)
    assert (ends.weekday(), ends.hour >= 16) == (2, True)
    assert request.grid.local(second.start).hour == 8


def test_the_patient_comes_no_more_often_than_they_can() -> None:
    document = one_block({"count": 5, "gap": {"min_days": 1, "max_days": 9, "source": "A1"}})
    found = dates(every_day(course(document, wishes=Wishes(max_visits_per_week=2))))
    weeks = [day.isocalendar().week for day in found]
    assert max(weeks.count(week) for week in weeks) == 2
    # control: without the wish all are in the first week
    assert len({day.isocalendar().week for day in dates(every_day(course(document)))}) == 1


def test_the_patient_sees_whom_they_asked_for_where_that_is_possible() -> None:
    document = one_block({"count": 3, "gap": {"min_days": 1, "max_days": 3, "source": "A1"}})
    compiled = course(document, wishes=Wishes(people=("chair-2",)))
    request = every_day(compiled)
    chairs = (*request.calendars, Calendar("chair-2", "chair", request.calendars[0].working))
    found = plan(compiled.request(grid=request.grid, calendars=chairs, open_days=request.open_days)).best
    assert {dict(one.resources)["chair"] for one in found.placements} == {"chair-2"}
    assert found.cost.wishes == 0
