"""What a clinician may choose: what the protocol offers at its decision, what is open at any time, where a step leads."""

import pytest

from tests.treatments.documents import branching
from treatments.life.ways import ways
from treatments.models import Choice, Course, ProtocolVersion, Visit, VisitStatus
from treatments.protocols import stored
from treatments.queries.decisions import DecisionPoint, DecisionState

ALWAYS = ["continue", "hold", "spacing infusions", "spacing weekly", "stop", "stop all", "cross_over"]


def course_of(**changes) -> Course:
    return Course(protocol_version=ProtocolVersion(document=branching()), **changes)


def visits(**statuses) -> list[Visit]:
    return [
        Visit(key=f"{block}.{number}", family="infusion", status=status)
        for block, of_block in statuses.items()
        for number, status in enumerate(of_block, start=1)
    ]


def named(found) -> list[str]:
    return [" ".join([way.choice, *filter(None, [way.block, "all" if way.cancel_booked else ""])]) for way in found]


def at_decision(course) -> DecisionPoint:
    decision = stored.document(course.protocol_version.document).decisions[0]
    return DecisionPoint(course, decision, Visit(key="infusions.3"), None, None, DecisionState.DUE, None)


AHEAD = visits(infusions=[VisitStatus.DONE, VisitStatus.BOOKED], weekly=[VisitStatus.TENTATIVE])


def test_what_the_protocol_offers_comes_first_and_once():
    course = course_of()
    found = ways(course, AHEAD, at_decision(course))
    offered = [way for way in found if way.answer]
    assert named(offered)[:2] == ["go_to weekly", "stop"]
    assert {way.block for way in offered} == {"", "infusions", "talks", "weekly", "weekly_talks", "maintenance"}
    assert len(set(named(found))) == len(found)
    assert named(found)[len(offered) :] == [name for name in ALWAYS if name != "stop"]


def test_without_a_decision_there_are_steps():
    found = ways(course_of(), AHEAD, None)
    assert [(way.block, way.step) for way in found if way.step] == [("weekly", "up"), ("maintenance", "up")]
    assert [name for name in named(found) if not name.startswith("go_to")] == ALWAYS
    later = ways(course_of(on_hold=True), visits(infusions=[VisitStatus.DONE], weekly=[VisitStatus.DONE]), None)
    assert [(way.block, way.step) for way in later if way.step] == [("infusions", "back"), ("maintenance", "up")]
    assert named(later)[:2] == ["continue", "resume"]
    assert [way for way in ways(course_of(), [], None) if way.step] == [], "nothing began and nothing is booked"


@pytest.mark.parametrize(("spacing", "longer"), [({}, 4), ({"infusions": 4}, 5), ({"infusions": 5}, 5)])
def test_another_distance_begins_a_day_longer_inside_the_limits(spacing, longer):
    course = course_of(spacing=spacing)
    [way] = [
        each for each in ways(course, visits(infusions=[VisitStatus.BOOKED]), None) if each.choice is Choice.SPACING
    ]
    assert (way.least_days, way.most_days, way.longer_days) == (3, 5, longer)
    event = way.event(course.pk, decision="response", gap_days=4)
    assert (event.choice, event.block, event.gap_days, event.decision) == ("spacing", "infusions", 4, "response")
