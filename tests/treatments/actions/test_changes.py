"""Changing a running course as a whole: the ripple, what it then does, and taking it back."""

from datetime import timedelta

import pytest

from core import clock
from core.errors import InvalidInput, NotAllowed
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Take, Taken
from scheduler.models import Allocation, Appointment, ChangeSet, Resource
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AbsenceFactory
from tests.treatments.changing import at, everything, fates, publish, where
from tests.treatments.documents import series as document
from treatments.actions import protocols
from treatments.actions.changes import Cancel, CannotUndo, Fate, Move, Outdated, Place, RulesBroken, Scope
from treatments.life.effects import AlreadyThere
from treatments.models import Course, CourseChange, Visit, VisitStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(book) -> Course:
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May at 8:00, each with a talk the day after."""
    return book().course


# --- moving --------------------------------------------------------------------------------------------------


def test_what_follows_a_moved_visit_moves_with_it_and_the_rest_stays(course, preview, apply):
    """The second infusion on Tuesday 12th: the third has to wait until Friday, and its talk would be at the weekend."""
    event = Move(course.pk, "infusions.2", at(12, 8))
    ripple = preview(event)

    assert fates(ripple) == {
        "infusions.1": "stays",
        "talks.1": "stays",
        "infusions.2": "moves",
        "talks.2": "moves",
        "infusions.3": "moves",
        "talks.3": "invalid",
    }
    said = {step.visit: step.reasons[0].message for step in ripple.steps if step.reasons and step.after}
    assert said == {
        "talks.2": "Talk 2 would be on the same day as infusion 2; at least 1 day is needed.",
        "infusions.3": "Infusion 3 would be 2 days after infusion 2; at least 3 days are needed.",
    }
    assert where(course)["infusions.2"] == "11 08:00", "a preview only reads"
    assert CourseChange.objects.count() == 1

    applied = apply(event, digest=ripple.digest)

    assert applied.ripple == ripple
    assert where(course) == {
        step.visit: f"{clock.local(step.after.starts_at, 'America/New_York'):%d %H:%M}" if step.after else "to_place"
        for step in ripple.steps
    }
    assert applied.change_set.lines.count() == 4
    assert applied.change_set.course_changes.get().course == course
    assert ripple.patients_told == 1


def test_a_move_that_disturbs_nothing_moves_nothing_else(course, preview):
    assert preview(Move(course.pk, "infusions.2", at(11, 10))).counts == {"moves": 1, "stays": 5}


def test_a_visit_that_is_there_already(course, preview, apply):
    place = course.visits.get(key="infusions.2").appointment.starts_at
    for action in (preview, apply):
        with pytest.raises(AlreadyThere, match="Infusion 2 is there already"):
            action(Move(course.pk, "infusions.2", place))
    other = Resource.objects.get(name="Chair 3")
    moved = preview(Move(course.pk, "infusions.2", place, {"chair": str(other.pk)}))
    assert moved.counts["moves"] == 1


def test_those_after_a_visit_without_a_place_keep_theirs(course, preview, apply, undo):
    """A talk on the day of its infusion leaves that nowhere to go; the rest of the course is none the worse."""
    before = everything(course)
    event = Move(course.pk, "talks.2", at(11, 15))
    ripple = preview(event)
    assert ripple.counts == {"stays": 4, "moves": 1, "invalid": 1}
    assert fates(ripple)["infusions.2"] == "invalid"
    third = next(step for step in ripple.steps if step.visit == "infusions.3")
    assert [why.message for why in third.reasons] == ["Infusion 3 depends on infusion 2, which has no place yet."]
    applied = apply(event, digest=ripple.digest)
    assert where(course)["infusions.3"] == "14 08:00"
    undo(applied.change_set)
    assert everything(course) == before


def test_only_this_visit(course, preview):
    with pytest.raises(RulesBroken):
        preview(Move(course.pk, "infusions.2", at(12, 8), only_this=True))


def test_what_fits_nowhere_goes_to_the_work_list_with_reasons(course, preview, apply, clinic, undo):
    """Nobody can talk between the 12th and the 15th, apart from where the talks are booked."""
    before = everything(course)
    event = Move(course.pk, "infusions.2", at(12, 8))
    for name in ("Theo", "Tessa"):
        for day in (13, 14):
            AbsenceFactory(resource=clinic[name], starts_at=at(day, 0), ends_at=at(day + 1, 0), reason="Training")
    ripple = preview(event)
    assert fates(ripple)["talks.2"] == "invalid"
    [step] = [step for step in ripple.steps if step.visit == "talks.2"]
    assert step.after is None
    assert step.reasons

    applied = apply(event)
    visit = course.visits.get(key="talks.2")
    assert (visit.status, visit.appointment) == (VisitStatus.TO_PLACE, None)
    assert visit.unplaced == [why.message for why in step.reasons]
    assert Appointment.objects.get(pk=step_appointment(before, "talks.2")).status == "cancelled"

    undo(applied.change_set)
    assert everything(course) == before


def step_appointment(state, key):
    return next(visit["appointment"] for visit in state["visits"] if visit["key"] == key)


def test_a_target_against_what_has_happened_is_refused(course, preview, flora):
    first = course.visits.get(key="infusions.1").appointment
    later = first.starts_at + timedelta(hours=2)
    appointments.set_status(appointment=first, status="done", by=flora, now=later, version=None)
    with pytest.raises(RulesBroken):
        preview(Move(course.pk, "infusions.2", at(8, 8)), now=later)


def test_a_target_that_somebody_holds_is_refused_by_preview_and_apply_alike(
    course, preview, apply, clinic, site, flora, now
):
    for name in ("Chair 1", "Chair 2", "Chair 3"):
        _elsewhere(site, clinic[name], at(11, 13), flora, now)
    event = Move(course.pk, "infusions.2", at(11, 13))
    refused = []
    for attempt in (preview, apply):
        with pytest.raises((Taken, RulesBroken)) as raised:
            attempt(event)
        refused.append((type(raised.value), raised.value.message, raised.value.detail))
    assert refused[0] == refused[1]


def _elsewhere(site, resource: Resource, starts_at, flora, now):
    ends_at = starts_at + timedelta(hours=1)
    booking = Booking(starts_at, ends_at, "Other", (Take(resource, "x", starts_at, ends_at),))
    return appointments.book(site=site, patient=PatientFactory(site=site), bookings=[booking], by=flora, now=now)


def test_a_waiting_visit_is_placed_as_previewed(course, preview, apply, undo, flora, now):
    cancelled = apply(Move(course.pk, "infusions.2", at(11, 10)))
    undo(cancelled.change_set)
    visit = course.visits.get(key="talks.3")
    appointments.cancel(appointments=[visit.appointment], by=flora, now=now, reason="")
    Visit.objects.filter(pk=visit.pk).update(status=VisitStatus.TO_PLACE, appointment=None)
    before = everything(course)
    event = Place(course.pk, "talks.3", at(15, 9))
    assert preview(event).counts == {"stays": 5, "placed": 1}
    applied = apply(event)
    assert where(course)["talks.3"] == "15 09:00"
    undo(applied.change_set)
    assert everything(course)["visits"] == before["visits"]


# --- cancelling ----------------------------------------------------------------------------------------------


def test_this_visit_only(course, preview, apply, undo):
    before = everything(course)
    ripple = preview(Cancel(course.pk, "infusions.2"))
    assert ripple.counts == {"stays": 5, "cancelled": 1}
    assert [why.code for step in ripple.steps for why in step.reasons] == ["left_alone"]
    applied = apply(Cancel(course.pk, "infusions.2"), digest=ripple.digest, reason="Ill")
    assert where(course)["infusions.2"] == "cancelled"
    undo(applied.change_set)
    assert everything(course) == before


def test_this_and_later_ones_of_its_block(course, apply, undo):
    before = everything(course)
    applied = apply(Cancel(course.pk, "infusions.2", Scope.LATER))
    assert applied.ripple.counts == {"stays": 4, "cancelled": 2}
    assert {key for key, place in where(course).items() if place == "cancelled"} == {"infusions.2", "infusions.3"}
    undo(applied.change_set)
    assert everything(course) == before


def test_the_whole_course(course, apply, undo):
    before = everything(course)
    applied = apply(Cancel(course.pk, scope=Scope.COURSE))
    assert set(where(course).values()) == {"cancelled"}
    assert everything(course)["course"] == ("cancelled", [])
    undo(applied.change_set)
    assert everything(course) == before


def test_cancelling_the_first_frees_what_the_protocol_says(book, mona, now, preview, apply, undo):
    policies = [
        {"visits": "infusions", "notice_hours": 48, "frees": "visit", "source": "T"},
        {"visits": "infusions", "notice_hours": 48, "frees": "course", "only_first": True, "source": "T"},
    ]
    course = book(protocol_version=publish(mona, now, cancellations=policies)).course
    before = everything(course)
    assert preview(Cancel(course.pk, "infusions.2")).counts == {"stays": 5, "cancelled": 1}

    soon = course.visits.get(key="infusions.1").appointment.starts_at - timedelta(hours=3)
    applied = apply(Cancel(course.pk, "infusions.1"), now=soon)
    assert applied.ripple.counts == {"cancelled": 1, "released": 5}
    assert [note.code for note in applied.ripple.notes] == ["short_notice"]
    assert sorted(where(course).values()) == ["cancelled", *["released"] * 5]
    undo(applied.change_set, now=soon)
    assert everything(course) == before


# --- outdated, undone ----------------------------------------------------------------------------------------


def test_another_answer_than_the_one_that_was_seen_is_not_written(course, preview, apply, clinic, site, flora, now):
    event = Move(course.pk, "infusions.2", at(12, 8))
    ripple = preview(event)
    [step] = [step for step in ripple.steps if step.visit == "infusions.3"]
    _elsewhere(site, step.after.resources["chair"], step.after.starts_at, flora, now)
    before, sets = everything(course), ChangeSet.objects.count()

    with pytest.raises(Outdated) as raised:
        apply(event, digest=ripple.digest)

    assert everything(course) == before
    assert ChangeSet.objects.count() == sets
    assert raised.value.ripple.digest != ripple.digest
    assert apply(event, digest=raised.value.ripple.digest).ripple == raised.value.ripple


def test_undoing_twice(course, apply, undo):
    applied = apply(Move(course.pk, "infusions.2", at(11, 10)))
    undo(applied.change_set)
    with pytest.raises(CannotUndo) as raised:
        undo(applied.change_set)
    assert [each["code"] for each in raised.value.detail["obstacles"]] == ["undone"]


def test_a_place_taken_meanwhile_is_named(course, apply, undo, clinic, site, flora, now):
    chair = course.visits.get(key="infusions.2").appointment.allocations.get(role="chair", lane=0).resource
    applied = apply(Move(course.pk, "infusions.2", at(11, 10)))
    _elsewhere(site, chair, at(11, 8), flora, now)
    before = everything(course)
    with pytest.raises(Taken) as raised:
        undo(applied.change_set)
    assert raised.value.detail["resource"]["name"] == chair.name
    assert everything(course) == before


def test_what_was_changed_meanwhile_is_named(course, apply, undo):
    first = apply(Move(course.pk, "infusions.2", at(11, 10)))
    assert first.change_set.course_changes.get().course == course, "also where nothing but a time changed"
    apply(Cancel(course.pk, "infusions.2"))
    with pytest.raises(CannotUndo) as raised:
        undo(first.change_set)
    assert raised.value.detail["obstacles"]


def test_an_undo_that_no_longer_fits_what_came_after_is_refused(course, apply, undo):
    """Without the second infusion the third came earlier: now there is no room for both."""
    cancelled = apply(Cancel(course.pk, "infusions.2"))
    apply(Move(course.pk, "infusions.3", at(12, 8)))
    before = everything(course)
    with pytest.raises(CannotUndo) as raised:
        undo(cancelled.change_set)
    assert {each["code"] for each in raised.value.detail["obstacles"]} == {"rules_broken"}
    assert everything(course) == before


def test_neighbours_of_a_cancelled_visit_stay_apart(course, apply, preview):
    apply(Cancel(course.pk, "infusions.2"))
    with pytest.raises(RulesBroken) as raised:
        preview(Move(course.pk, "infusions.3", at(8, 8), only_this=True))
    assert "too_soon" in {each["code"] for each in raised.value.detail["problems"]}


def test_undoing_a_booking_cancels_it(book, undo):
    booked = book()
    undo(booked.change_set)
    assert set(where(booked.course).values()) == {"cancelled"}
    assert everything(booked.course)["course"] == ("cancelled", [])
    assert not Allocation.objects.filter(is_active=True).exists()


def test_a_status_given_on_the_board_is_undone_with_its_visit(course, undo, flora):
    visit = course.visits.get(key="infusions.1")
    later = visit.appointment.starts_at + timedelta(hours=2)
    before = everything(course)
    made = appointments.set_status(appointment=visit.appointment, status="missed", by=flora, now=later, version=None)
    assert where(course)["infusions.1"] == "missed"
    undo(made.change_set, now=later)
    assert everything(course) == before


def test_one_confirmation_comes_back(course, apply, undo, now):
    Appointment.objects.filter(visit__key="infusions.2").update(confirmed_at=now)
    before = everything(course)
    undo(apply(Move(course.pk, "infusions.2", at(11, 10))).change_set)
    assert everything(course) == before


def test_those_who_may_not(course, apply, preview, undo, nora, clara):
    event = Move(course.pk, "infusions.2", at(11, 10))
    for attempt in (preview, apply):
        with pytest.raises(NotAllowed):
            attempt(event, by=nora)
    applied = apply(event, by=clara)
    with pytest.raises(NotAllowed):
        undo(applied.change_set, by=nora)


def test_unknown_visits_and_courses(course, preview):
    with pytest.raises(InvalidInput):
        preview(Move(course.pk, "infusions.9", at(11, 10)))


def test_who_only_looks_on_does_not_make_a_visit_move(clinic, book, mona, apply, now):
    """The prescriber is somewhere on site and booked by nobody: a visit that stays has no other place because of that."""
    watched = document()
    needs = watched["visit_types"]["infusion"]["needs"]
    needs.append(
        {
            "role": "prescriber",
            "kind": "person",
            "skills": ["prescriber"],
            "during": {"treatment": "presence"},
            "source": "T",
        }
    )
    course = book(protocol_version=protocols.publish(document=watched, by=mona, now=now)).course
    before = where(course)
    ripple = apply(Move(course.pk, "infusions.2", at(12, 8))).ripple
    fates = {step.visit: step.fate for step in ripple.steps}
    assert fates["infusions.3"] == Fate.MOVES  # so the course was planned anew around the move
    assert fates["infusions.1"] == fates["talks.1"] == Fate.STAYS
    assert {key: where(course)[key] for key in ("infusions.1", "talks.1")} == {
        key: before[key] for key in ("infusions.1", "talks.1")
    }
