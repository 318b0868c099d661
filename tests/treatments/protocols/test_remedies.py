"""Causes and fixes in words, and each fix asked for and granted."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from scheduler.engine.answer import Plan
from scheduler.engine.blame import blame
from scheduler.engine.concessions import Concession, concession
from scheduler.engine.fixes import Fix, LeaveOut, Relax, Start, fixes
from scheduler.engine.plan import plan
from scheduler.engine.request import Offset, PerWeek, PlanRequest, Unit
from tests.treatments.protocols import clinic
from tests.treatments.protocols.documents import MONDAY, compiled, short
from treatments.protocols.remedies import Explanation, Remedies
from treatments.protocols.rulebook import RuleNote
from treatments.protocols.vocabulary import CLINICIAN
from treatments.protocols.wishes import Wishes


def only_on(request: PlanRequest, name: str, weekdays: str) -> PlanRequest:
    """The request with one of the people working on some weekdays only."""
    working = clinic.hours(request.grid, weekdays)
    people = (replace(each, working=working) if each.id == name else each for each in request.calendars)
    return replace(request, calendars=tuple(people))


def without(request: PlanRequest, *names: str) -> PlanRequest:
    return replace(request, calendars=tuple(each for each in request.calendars if each.id not in names))


def explained(request: PlanRequest, wishes: Wishes | None = None, data: dict[str, Any] | None = None) -> Explanation:
    wishes = wishes or Wishes()
    names = {each.id: each.id.title() for each in request.calendars}
    remedies = Remedies(compiled(data or short(), wishes), request, wishes, names)
    partial = plan(request).best
    assert not partial.complete
    found = blame(request, groups=remedies.groups)
    leeway = remedies.leeway()
    least = concession(request, found, leeway, groups=remedies.groups)
    return Explanation(
        causes=remedies.causes(found),
        proved=found.proved,
        fixes=tuple(told for fix in fixes(request, partial, found, leeway) if (told := remedies.fix(fix))),
        verdict=remedies.verdict(found, least),
        concessions=remedies.concessions(least),
    )


def test_the_only_nurse_works_on_mondays() -> None:
    request = without(only_on(clinic.request(compiled(short())), "nurse-1", "0"), "nurse-2", "nurse-3")
    found = explained(request)
    assert found.proved
    assert [cause.kind for cause in found.causes] == ["rule", "hours"]
    rule, hours = found.causes
    assert rule.message == "5 of 6 visits do not fit: infusion: 2 to 5 days apart."
    assert rule.rule == "blocks[0].gap"
    assert hours.message.endswith("visits do not fit: Nurse-1, the only nurse, works only on Monday.")
    assert hours.resources == ("nurse-1",)
    assert 0 < len(hours.visits) < hours.of
    assert found.fixes == ()  # most of the course would be left
    assert found.verdict == "It would fit if one rule gave way."
    [rule] = found.concessions
    assert rule.message == (
        "Infusion: 2 to 5 days apart. At most 7 days would do, instead of 5 days. "
        "It rests on A1: a clinician has to weigh that."
    )
    assert rule.sources == ("A1",)
    assert (rule.limit, rule.was, rule.becomes) == ("most", 5, 7)


def test_what_is_missing_altogether() -> None:
    found = explained(without(clinic.request(compiled(short())), "nurse-1", "nurse-2", "nurse-3"))
    assert [(cause.kind, cause.message) for cause in found.causes] == [
        ("nobody", "None of 6 visits fits: the clinic has no nurse for them.")
    ]
    assert found.verdict == "Even if every rule and every wish gave way, it would not fit."


def test_all_who_could_are_taken() -> None:
    request = clinic.request(compiled(short()))
    busy = tuple((0, request.grid.slots, lane) for lane in range(4))
    people = (replace(each, busy=busy) if each.id.startswith("nurse") else each for each in request.calendars)
    found = explained(replace(request, calendars=tuple(people)))
    assert [cause.message for cause in found.causes] == [
        "6 of 12 visits do not fit: Nurse-1, Nurse-2 and Nurse-3 are taken."
    ]


@pytest.mark.parametrize(
    ("wishes", "fix"),
    [
        (Wishes(weekdays=frozenset({4}), firm=True), "Come on Monday and Tuesday too."),
        (Wishes(not_after=time(8), firm=True), "Stay until 10am."),
        (Wishes(not_before=time(17), firm=True), "Come from 4pm on."),
        (Wishes(weekdays=frozenset({1, 3}), not_after=time(9, 30), firm=True), "Keep the wishes where possible"),
        (Wishes(max_visits_per_week=2), "Come up to "),
        (Wishes(not_on=frozenset(MONDAY + timedelta(n) for n in range(140) if n % 18 > 11)), "Come on "),
    ],
)
@pytest.mark.long
def test_every_fix_asks_for_something_that_is_granted(wishes: Wishes, fix: str) -> None:
    found = explained(clinic.request(compiled(short(), wishes)), wishes)
    assert found.causes
    assert any(each.message.startswith(fix) for each in found.fixes), found
    assert len(found.fixes) <= 3
    for each in found.fixes:
        assert each.price
        if each.kind != "leave_out":
            assert set(each.instead) == {"wishes"}
            granted = Wishes.from_json(each.instead["wishes"])
            assert granted != wishes
            assert plan(clinic.request(compiled(short(), granted))).best.complete


def test_somebody_else_may_treat_the_patient_too() -> None:
    wishes = Wishes(people=("psychotherapist-1",), only_people=True)

    data = short()
    data["visit_types"]["talk"]["needs"][0]["skills"] = ["psychotherapist"]

    def asked(wished: Wishes) -> PlanRequest:
        return only_on(clinic.request(compiled(data, wished)), "psychotherapist-1", "0")

    found = explained(asked(wishes), wishes, data)
    assert "the patient comes only to certain people" in " ".join(cause.message for cause in found.causes)
    [fix] = [each for each in found.fixes if each.kind == "person"]
    assert fix.message == "Be treated by Psychotherapist-2 too."
    assert fix.price.startswith("5 visits with Psychotherapist-2; the course runs from ")
    granted = Wishes.from_json(fix.instead["wishes"])
    assert granted == replace(wishes, people=("psychotherapist-1", "psychotherapist-2"))
    assert plan(asked(granted)).best.complete


def test_reasons_that_have_nothing_to_do_with_each_other_are_told_apart() -> None:
    """The nurse works on Mondays only, and the therapist never: two reasons, and none of them would do alone."""
    data = short()
    data["visit_types"]["talk"]["needs"][0]["skills"] = ["psychotherapist"]
    request = without(only_on(clinic.request(compiled(data)), "nurse-1", "0"), "nurse-2", "nurse-3")
    idle = (replace(each, working=()) if each.id.startswith("psycho") else each for each in request.calendars)
    found = explained(replace(request, calendars=tuple(idle)), data=data)
    assert found.proved
    assert {cause.clash for cause in found.causes} == {0, 1}
    last = [cause for cause in found.causes if cause.clash == 1]
    assert last[0].message.startswith("Apart from that: ")
    assert not last[0].message.startswith("Apart from that: Apart")
    assert found.concessions == ()
    assert found.verdict == (
        "Even if every rule and every wish gave way, it would not fit: "
        "Psychotherapist-1 and Psychotherapist-2 never work in that time."
    )


@pytest.mark.parametrize(
    ("rule", "change", "told"),
    [
        (
            Offset("r", "infusions.2", "infusions.1", Unit.DAYS, -5, None, -2),
            Relax(("r",), "least", 2),
            "At most 7 days would do, instead of 5 days.",
        ),
        (
            Offset("r", "infusions.2", "infusions.1", Unit.DAYS, -5, None, -2),
            Relax(("r",), "most", 9),
            "At least 1 day would do, instead of 2 days.",
        ),
        (
            Offset("r", "infusions.2", "infusions.1", Unit.DAYS, 3, None, 5),
            Relax(("r",), "least", 9),
            "At least 1 day would do, instead of 3 days.",
        ),
        (
            Offset("r", "infusions.2", "infusions.1", Unit.MINUTES, 44 * 60, None, 120 * 60),
            Relax(("r",), "most", 46 * 60),
            "At most 166 hours would do, instead of 120 hours.",
        ),
        (
            PerWeek("r", ("infusions.1",), 3, at_least=2),
            Relax(("r",), "at_least", 2),
            "No least number would do, instead of 2.",
        ),
    ],
)
def test_a_limit_is_told_as_people_say_it(rule: Offset | PerWeek, change: Relax, told: str) -> None:
    course = compiled(short())
    note = RuleNote("Infusion: some days apart", (CLINICIAN,), "blocks[0].gap")
    request = replace(clinic.request(course), rules=(rule,))
    [said] = Remedies(replace(course, notes={"r": note}), request, Wishes()).concessions(Concession((change,)))
    assert said.message.endswith(f"{told} A clinician of the clinic set it and may set it anew.")


def remedies(wishes: Wishes) -> Remedies:
    course = compiled(short(), wishes)
    request = clinic.request(course)
    return Remedies(course, request, wishes, starts=((date(2026, 12, 21), request),))


def any_plan() -> Plan:
    return plan(clinic.request(compiled(short()))).best


def test_another_start_is_asked_for_with_the_wish_for_a_start() -> None:
    fix = Fix(Start(0), any_plan())
    told = remedies(Wishes()).fix(fix)
    assert told is not None
    assert told.message == "Begin on Monday 21 December 2026 or later."
    assert told.price.startswith("the course runs from ")
    assert told.instead == {"start_on": "2026-12-21"}
    wished = remedies(Wishes(start_on=date(2026, 11, 30))).fix(fix)
    assert wished is not None
    assert wished.instead == {"start_on": "2026-12-21", "wishes": {"start_on": "2026-12-21"}}


def test_leaving_visits_out_names_the_first_of_them() -> None:
    told = remedies(Wishes()).fix(Fix(LeaveOut(("talks.1", "talks.2", "talks.3", "talks.4")), any_plan()))
    assert told is not None
    assert told.message == "Book the rest, and keep talk 1, talk 2 and talk 3 and 1 more on the work list."
    assert told.instead == {"partial": True}
