"""What clinicians decide: previewed, done exactly so, taken back as a whole."""

from datetime import datetime, timedelta

import pytest

from clinics.models import Role
from core import clock
from core.errors import InvalidInput, NotAllowed
from scheduler.actions import appointments
from scheduler.actions.terms import WrongStatus
from scheduler.models import Appointment, Status
from tests.factories.clinics import UserFactory
from tests.treatments.documents import branching
from treatments.actions import changes, history, protocols
from treatments.life.events import Cancel, Decide, Move
from treatments.models import Course, CourseStatus, DecisionRecord, Visit
from treatments.queries.decisions import DecisionState, points
from treatments.queries.freed import freed

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=branching(), by=mona, now=now)


@pytest.fixture
def course(book):
    """Three infusions from 7 to 14 May; two weekly ones with a talk each, then two every other week: tentative."""
    return book().course


@pytest.fixture
def decide(course, clara, now):
    """Previews, does it, and checks that what was done is what was said."""

    def decide(choice: str, *, at: datetime = now, **parts) -> changes.Applied:
        event = Decide(course.pk, choice, **parts)
        ripple = changes.preview(event=event, by=clara, now=at)
        before = states(course)
        applied = changes.apply(event=event, by=clara, now=at, reason="because", digest=ripple.digest)
        as_said(course, ripple, before)
        return applied

    return decide


def states(course) -> dict[str, tuple]:
    return {
        visit.key: (visit.status, visit.appointment and (visit.appointment.starts_at, visit.appointment.status))
        for visit in Visit.objects.filter(course=course).select_related("appointment")
    }


def as_said(course, ripple, before) -> None:
    """Every visit is where the ripple puts it, and what it does not speak of is as it was."""
    after, said = states(course), {step.visit: step for step in ripple.steps}
    assert {key: now_is for key, now_is in after.items() if key not in said} == {
        key: was for key, was in before.items() if key not in said
    }
    for key, step in said.items():
        status, place = after[key]
        if step.after is None:
            assert status in {"to_place", "released", "cancelled", "missed"}
            assert place is None or place[1] == Status.CANCELLED
        else:
            assert place == (step.after.starts_at, Status.BOOKED)


def statuses(course, block: str) -> dict[str, str]:
    rows = Visit.objects.filter(course=course, key__startswith=f"{block}.").order_by("position")
    return dict(rows.values_list("key", "status"))


def on(course, key: str):
    return clock.local(Visit.objects.get(course=course, key=key).appointment.starts_at, "America/New_York").date()


def done(course, nora, *keys: str) -> datetime:
    """These visits take place; the instant after the last."""
    at = course.created_at
    for key in keys:
        appointment = Visit.objects.get(course=course, key=key).appointment
        at = appointment.ends_at
        appointments.set_status(appointment=appointment, status="done", by=nora, now=at, version=None)
    return at


INDUCTION = ("infusions.1", "infusions.2", "infusions.3")


# --- going on ------------------------------------------------------------------------------------------------


def test_a_response_makes_the_next_block_firm(course, decide, clara, now):
    applied = decide("go_to", decision="response", block="weekly")

    assert statuses(course, "weekly") == {"weekly.1": "booked", "weekly.2": "booked"}
    assert statuses(course, "weekly_talks") == {"weekly_talks.1": "booked", "weekly_talks.2": "booked"}
    # what a later decision is about still waits for it
    assert set(statuses(course, "maintenance").values()) == {"tentative"}
    record = DecisionRecord.objects.get()
    assert (record.choice, record.block, record.after, record.by, record.reason) == (
        "go_to",
        "weekly",
        "infusions.3",
        clara,
        "because",
    )
    assert record.change_set == applied.change_set
    assert applied.ripple.patients_told == 0
    [point] = [point for point in points(course, now=now) if point.decision.decision == "response"]
    assert point.state == DecisionState.DECIDED


def test_stopping_gives_back_what_is_tentative_and_keeps_what_is_firm(course, decide, clinic):
    """Trap 7: the places that were held for the maintenance are free for others at once."""
    held = Appointment.objects.filter(visit__course=course, visit__key__startswith="maintenance.")
    assert held.filter(allocations__is_active=True).distinct().count() == 2

    applied = decide("stop", decision="response")

    for block in ("weekly", "weekly_talks", "maintenance"):
        assert set(statuses(course, block).values()) == {"released"}
    assert set(statuses(course, "infusions").values()) == {"booked"}
    assert not held.filter(allocations__is_active=True).exists()
    assert applied.ripple.notes[0].code == "still_booked"


def test_stopping_can_cancel_what_is_firm_too(course, decide, nora):
    at = done(course, nora, "infusions.1")
    decide("stop", at=at, cancel_booked=True)
    assert statuses(course, "infusions") == {
        "infusions.1": "done",
        "infusions.2": "cancelled",
        "infusions.3": "cancelled",
    }
    assert Course.objects.get().status == CourseStatus.COMPLETED


def test_the_other_way_is_given_back(course, decide, nora):
    decide("go_to", decision="response", block="weekly")
    at = done(course, nora, *INDUCTION, "weekly.1", "weekly.2")
    decide("go_to", decision="interval", block="maintenance", at=at)
    assert set(statuses(course, "maintenance").values()) == {"booked"}
    assert set(statuses(course, "weekly_talks").values()) == {"booked"}


# --- a step back ---------------------------------------------------------------------------------------------


def test_a_step_back_opens_an_earlier_block_again(course, decide, clara, nora):
    """Trap 6: in the maintenance things get worse; the weekly block starts once more, with new visits."""
    decide("go_to", decision="response", block="weekly")
    at = done(course, nora, *INDUCTION, "weekly.1", "weekly_talks.1", "weekly.2", "weekly_talks.2")
    decide("go_to", decision="interval", block="maintenance", at=at)
    at = done(course, nora, "maintenance.1")

    applied = decide("go_to", decision="interval", block="weekly", at=at)

    assert statuses(course, "weekly") == {
        "weekly.1": "done",
        "weekly.2": "done",
        "weekly.3": "booked",
        "weekly.4": "booked",
    }
    assert {key: status for key, status in statuses(course, "weekly_talks").items() if key[-1] in "34"} == {
        "weekly_talks.3": "booked",
        "weekly_talks.4": "booked",
    }
    assert statuses(course, "maintenance") == {"maintenance.1": "done", "maintenance.2": "released"}
    # a week after the last infusion, but for the holiday on the 19th; then a week on, with a talk a day or two after each
    assert (on(course, "weekly.3") - on(course, "maintenance.1")).days == 6
    assert 5 <= (on(course, "weekly.4") - on(course, "weekly.3")).days <= 9
    for number in (3, 4):
        assert 1 <= (on(course, f"weekly_talks.{number}") - on(course, f"weekly.{number}")).days <= 2
    assert {fate: applied.ripple.counts.get(fate) for fate in ("released", "added", "moves")} == {
        "released": 1,
        "added": 4,
        "moves": None,
    }
    # the new visits can be moved like any others, inside the distances of their block
    sooner = Visit.objects.get(course=course, key="weekly.3").appointment.starts_at - timedelta(days=1)
    moved = changes.apply(event=Move(course.pk, "weekly.3", sooner), by=clara, now=at).ripple
    assert "invalid" not in moved.counts
    assert 5 <= (on(course, "weekly.4") - on(course, "weekly.3")).days <= 9
    # the decision after the weekly block is open again
    [point] = [each for each in points(course, now=at) if each.decision.decision == "interval"]
    assert (point.after.key, point.state) == ("weekly.4", DecisionState.AHEAD)


def test_forward_again_after_a_step_back(course, decide, nora):
    decide("go_to", decision="response", block="weekly")
    at = done(course, nora, *INDUCTION, "weekly.1", "weekly.2")
    decide("go_to", decision="interval", block="weekly", at=at)
    assert set(statuses(course, "maintenance").values()) == {"released"}
    at = done(course, nora, "weekly.3", "weekly.4")
    decide("go_to", decision="interval", block="maintenance", at=at)
    assert statuses(course, "maintenance") == {
        "maintenance.1": "released",
        "maintenance.2": "released",
        "maintenance.3": "booked",
        "maintenance.4": "booked",
    }
    assert (on(course, "maintenance.3") - on(course, "weekly.4")).days >= 10
    assert 10 <= (on(course, "maintenance.4") - on(course, "maintenance.3")).days <= 21


# --- pausing and the distance --------------------------------------------------------------------------------


def test_a_pause_and_its_end(course, decide, now):
    decide("hold")
    assert Course.objects.get().on_hold
    with pytest.raises(WrongStatus, match="paused already"):
        decide("hold")
    decide("resume")
    assert not Course.objects.get().on_hold
    with pytest.raises(WrongStatus, match="not paused"):
        decide("resume")


def test_another_distance(course, decide):
    before = {key: on(course, key) for key in ("maintenance.1", "maintenance.2")}
    assert (before["maintenance.2"] - before["maintenance.1"]).days == 14

    applied = decide("spacing", block="maintenance", gap_days=20)

    assert on(course, "maintenance.1") == before["maintenance.1"]
    assert (on(course, "maintenance.2") - on(course, "maintenance.1")).days == 20
    assert applied.ripple.counts["moves"] == 1
    assert Course.objects.get().spacing == {"maintenance": 20}


@pytest.mark.parametrize("days", [1, 9, 22, 1000])
def test_a_distance_outside_the_limits_of_the_protocol(course, decide, days):
    with pytest.raises(InvalidInput, match="10 to 21 days"):
        decide("spacing", block="maintenance", gap_days=days)


def test_going_on_as_planned_is_a_decision_too(course, decide):
    before = states(course)
    decide("continue", decision="response")
    assert states(course) == before
    assert DecisionRecord.objects.get().after == "infusions.3"


# --- taking back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        {"choice": "go_to", "decision": "response", "block": "weekly"},
        {"choice": "go_to", "decision": "interval", "block": "maintenance"},
        {"choice": "stop", "cancel_booked": True},
        {"choice": "hold"},
        {"choice": "spacing", "block": "maintenance", "gap_days": 20},
        {"choice": "go_to", "block": "infusions"},
    ],
)
def test_one_undo_restores_everything(course, decide, clara, now, parts):
    before = history.states([course.pk])
    applied = decide(**parts)
    changes.undo(change_set=applied.change_set, by=clara, now=now + timedelta(minutes=1))
    after = history.states([course.pk])
    assert after == before
    assert all(point.state != DecisionState.DECIDED for point in points(Course.objects.get(), now=now))


def test_a_step_back_is_taken_back_with_its_visits(course, decide, clara, nora):
    decide("go_to", decision="response", block="weekly")
    at = done(course, nora, *INDUCTION, "weekly.1", "weekly.2")
    before = history.states([course.pk])
    applied = decide("go_to", decision="interval", block="weekly", at=at)
    changes.undo(change_set=applied.change_set, by=clara, now=at + timedelta(minutes=1))
    assert history.states([course.pk]) == before


def test_who_may_not_decide_may_not_take_back(course, decide, flora, now):
    applied = decide("hold")
    with pytest.raises(NotAllowed):
        changes.undo(change_set=applied.change_set, by=flora, now=now)


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE, Role.MANAGER])
def test_only_clinicians_decide(course, now, role):
    event, by = Decide(course.pk, "hold"), UserFactory(role=role)
    with pytest.raises(NotAllowed):
        changes.preview(event=event, by=by, now=now)
    with pytest.raises(NotAllowed):
        changes.apply(event=event, by=by, now=now)
    assert not DecisionRecord.objects.exists()


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"choice": "wait"}, "choice"),
        ({"choice": "go_to"}, "block"),
        ({"choice": "go_to", "block": "nothing"}, "block"),
        ({"choice": "go_to", "block": "infusions", "decision": "interval"}, "block"),
        ({"choice": "hold", "block": "weekly"}, "block"),
        ({"choice": "hold", "decision": "nothing"}, "decision"),
        ({"choice": "spacing", "block": "weekly"}, "gap_days"),
        ({"choice": "spacing", "block": "talks", "gap_days": 7}, "block"),
        ({"choice": "spacing", "block": "nothing", "gap_days": 7}, "block"),
        ({"choice": "stop", "gap_days": 7}, "gap_days"),
        ({"choice": "hold", "cancel_booked": True}, "cancel_booked"),
    ],
)
def test_what_cannot_be_decided(decide, parts, pointer):
    with pytest.raises(InvalidInput) as raised:
        decide(**parts)
    assert raised.value.pointer == pointer
    assert not DecisionRecord.objects.exists()


def test_nothing_is_decided_about_a_cancelled_course(course, decide, flora, now):
    changes.apply(event=Cancel(course.pk, scope="course"), by=flora, now=now)
    with pytest.raises(WrongStatus):
        decide("hold")


def test_a_decision_that_would_do_something_else_by_now(course, clara, flora, now):
    event = Decide(course.pk, "stop")
    seen = changes.preview(event=event, by=clara, now=now)
    changes.apply(event=Cancel(course.pk, "weekly.2"), by=flora, now=now)
    with pytest.raises(changes.Outdated) as raised:
        changes.apply(event=event, by=clara, now=now, digest=seen.digest)
    assert raised.value.ripple.digest != seen.digest
    assert not DecisionRecord.objects.exists()
    assert statuses(course, "maintenance") == {"maintenance.1": "tentative", "maintenance.2": "tentative"}


# --- what is given back -------------------------------------------------------------------------------------


def test_what_a_decision_releases_is_among_the_freed_times(course, decide, site, clara, now):
    """As after a cancellation: the list from which those who wait are offered times does not ask why one was given up."""
    ahead = Visit.objects.filter(course=course, key__in=["weekly.1", "weekly_talks.1", "maintenance.1"])
    released = set(ahead.values_list("appointment__starts_at", flat=True))

    def times() -> set[datetime]:
        return {each.starts_at for each in freed(site, now=now, at_most=50)}

    assert not times() & released
    applied = decide("stop")
    assert times() >= released
    changes.undo(change_set=applied.change_set, by=clara, now=now)
    assert not times() & released


def test_each_choice_says_what_it_lacks_and_what_it_does(course, clara, now):
    def asked(choice: str, **parts):
        return changes.preview(event=Decide(course.pk, choice, **parts), by=clara, now=now)

    for parts, pointer, message in (
        ({"choice": "go_to"}, "block", "Say which block."),
        ({"choice": "spacing", "block": "weekly"}, "gap_days", "Say how many days apart."),
        ({"choice": "hold", "block": "weekly"}, "block", "Leave this out: it says nothing about “Pause”."),
    ):
        with pytest.raises(InvalidInput) as raised:
            asked(**parts)
        assert (raised.value.pointer, raised.value.message) == (pointer, message)
    assert [note.message for note in asked("spacing", block="weekly", gap_days=8).notes] == [
        "weekly: 8 days apart is the best distance from now on."
    ]
    assert [note.code for note in asked("go_to", block="infusions").notes] == ["as_planned"]
