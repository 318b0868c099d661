"""Booking a visit against a rule that the clinic lets be overridden: only such rules, kept for good, and nothing else loosened."""

from copy import deepcopy
from dataclasses import replace

import pytest

from core.errors import InvalidInput, NotAllowed
from scheduler.actions.appointments import Taken
from tests.factories.scheduler import AbsenceFactory
from tests.treatments.changing import at, everything, fates, publish, where
from tests.treatments.documents import SERIES
from treatments import overriding
from treatments.actions.changes import Move, Place, RulesBroken
from treatments.life.running import Running

pytestmark = pytest.mark.django_db

WHY = "Travels on Thursday."


@pytest.fixture
def lenient(mona, now):
    """The test series in which the distance of the infusions, and talks on the day of an infusion, may be overridden."""
    blocks, relations = deepcopy(SERIES["blocks"]), deepcopy(SERIES["relations"])
    blocks[0]["gap"]["overridable"] = relations[0]["overridable"] = True
    blocks[1]["anchors"][0]["overridable"] = True
    return publish(mona, now, blocks=blocks, relations=relations)


@pytest.fixture
def course(book, lenient):
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May at 8:00, each with a talk the day after."""
    return book(protocol_version=lenient).course


def early(course, **changes) -> Move:
    """Infusion 3 two days after the second, where three are asked for."""
    return Move(course.pk, "infusions.3", at(13, 10), only_this=True, **changes)


def broken(course, now) -> list[str]:
    return Running.read(course.pk, now=now).broken()


def test_a_refusal_by_such_rules_alone_says_so_and_those_who_may_override_them(
    course, preview, apply, undo, clara, flora, now
):
    before = everything(course)
    with pytest.raises(RulesBroken) as raised:
        apply(early(course))
    assert raised.value.detail["overridable"] is True
    assert [each["code"] for each in raised.value.detail["problems"]] == ["too_soon"]

    with pytest.raises(NotAllowed):
        apply(early(course, override=WHY))
    for nothing in ("", "  "):
        with pytest.raises(InvalidInput, match="Say why") as unsaid:
            apply(early(course, override=nothing), by=clara)
        assert unsaid.value.pointer == "override"
    assert everything(course) == before
    assert not broken(course, now)

    ripple = preview(early(course, override=""), by=clara)
    [step] = [each for each in ripple.steps if each.visit == "infusions.3"]
    assert [(why.code, why.message) for why in step.reasons] == [
        (
            "overridden",
            "Overridden: Infusion 3 would be 2 days after infusion 2; at least 3 days are needed.",
        )
    ]
    done = apply(early(course, override=WHY), by=clara, digest=ripple.digest)
    visit = course.visits.get(key="infusions.3")
    [told] = overriding.of(visit)
    kept = told.override
    assert (kept.broken.words, kept.reason, kept.by_name, told.counts) == (
        "Infusion: 3 to 5 days apart",
        WHY,
        clara.name,
        True,
    )
    assert (kept.by, kept.starts_at) == (str(clara.pk), at(13, 10))
    assert not broken(course, now), "what was overridden counts as kept"

    undo(done.change_set, by=clara)
    assert everything(course) == before
    [told] = overriding.of(course.visits.get(key="infusions.3"))
    assert (told.override, told.counts) == (kept, False), "it stays with the visit, and counts no more"
    with pytest.raises(RulesBroken):
        apply(early(course))


def test_the_rule_holds_again_for_another_time_and_for_all_others(course, apply, clara, now):
    apply(early(course, override=WHY), by=clara)
    with pytest.raises(RulesBroken):
        apply(Move(course.pk, "infusions.3", at(13, 13), only_this=True), by=clara)
    with pytest.raises(RulesBroken) as nearer:
        apply(Move(course.pk, "infusions.2", at(12, 13), only_this=True), by=clara)
    assert "at least 2 days are needed" in str(nearer.value.detail["problems"])

    moved = apply(Move(course.pk, "infusions.2", at(11, 10)), by=clara).ripple
    assert moved.counts == {"moves": 1, "stays": 5}, "as near as it was agreed"
    assert not broken(course, now)
    assert where(course)["infusions.3"] == "13 10:00"

    away = apply(Move(course.pk, "infusions.3", at(14, 9)), by=clara).ripple
    assert fates(away)["infusions.2"] == "stays"
    assert [told.counts for told in overriding.of(course.visits.get(key="infusions.3"))] == [False]


def test_others_stay_where_a_rule_with_them_is_overridden(course, preview, apply, clara, now):
    """A talk three days after its infusion, and on the day of the next one: without the override others have to go."""
    assert preview(Move(course.pk, "talks.2", at(14, 15)), by=clara).counts.get("stays", 0) < 5
    against = Move(course.pk, "talks.2", at(14, 15), override=WHY)
    assert preview(against, by=clara).counts == {"moves": 1, "stays": 5}
    apply(against, by=clara)
    assert not broken(course, now)
    kept = [told.override.broken for told in overriding.of(course.visits.get(key="talks.2"))]
    assert {each.code for each in kept} == {"not_same_day", "too_late"}
    # what moves other visits later leaves it alone
    assert fates(apply(Move(course.pk, "infusions.2", at(11, 10)), by=clara).ripple)["talks.2"] == "stays"
    assert where(course)["talks.2"] == "14 15:00"


def test_what_the_calendar_says_and_what_the_clinic_does_not_allow_is_never_overridden(
    course, apply, clinic, clara, now
):
    wrong = {
        "site_closed": Move(course.pk, "infusions.3", at(16, 10), override=WHY),
        # on the day of the first infusion: that would be no distance at all
        "too_soon": Move(course.pk, "infusions.2", at(7, 15), override=WHY),
        "other_resource": Move(
            course.pk,
            "talks.2",
            at(12, 10),
            {"therapist": str(clinic["Tessa" if "Theo" in used(course, "talks.2") else "Theo"].pk)},
            override=WHY,
        ),
    }
    for code, event in wrong.items():
        with pytest.raises(RulesBroken) as raised:
            apply(replace(event, only_this=True), by=clara)
        assert code in {each["code"] for each in raised.value.detail["problems"]}, raised.value.detail
        assert raised.value.detail["overridable"] is False
    for chair in (each for name, each in clinic.items() if each.kind == "chair"):
        AbsenceFactory(resource=chair, starts_at=at(13, 0), ends_at=at(14, 0), reason="Service")
    with pytest.raises((RulesBroken, Taken)):
        apply(early(course, override=WHY), by=clara)
    assert not course.visits.exclude(overrides=[]).exists()


def used(course, key: str) -> set[str]:
    visit = course.visits.select_related("appointment").get(key=key)
    return {each.resource.name for each in visit.appointment.allocations.select_related("resource")}


def test_a_rule_that_is_not_marked_is_never_overridden(book, apply, clara):
    """The negative control: the same move of the same series without the mark."""
    course = book().course
    with pytest.raises(RulesBroken) as raised:
        apply(early(course))
    assert raised.value.detail["overridable"] is False
    with pytest.raises(RulesBroken):
        apply(early(course, override=WHY), by=clara)


def test_a_waiting_visit_is_placed_against_several_rules_at_once(course, apply, undo, clara, now):
    apply(Move(course.pk, "talks.2", at(11, 15)), by=clara)
    assert where(course)["infusions.2"] == "to_place"
    placing = Place(course.pk, "infusions.2", at(8, 10), only_this=True)
    with pytest.raises(RulesBroken) as raised:
        apply(placing)
    assert raised.value.detail["overridable"] is True
    placed = apply(replace(placing, override=WHY), by=clara)
    assert where(course)["infusions.2"] == "08 10:00"
    assert len(course.visits.get(key="infusions.2").overrides) == 3, "its distances from both neighbours and its talk"
    assert not broken(course, now)
    undo(placed.change_set, by=clara)
    assert where(course)["infusions.2"] == "to_place"
    assert [told.counts for told in overriding.of(course.visits.get(key="infusions.2"))] == [False] * 3
