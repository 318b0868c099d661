"""Who did not come: what the protocol says about it, made up for once, and one make-up too many."""

from datetime import timedelta

import pytest

from core.errors import InvalidInput
from scheduler.actions import appointments
from scheduler.actions.appointments import WrongStatus
from scheduler.models import Resource
from tests.treatments.changing import at, everything, fates, publish, where
from tests.treatments.documents import series as document
from treatments.actions import protocols
from treatments.actions.changes import Cancel, Fate, Move, NoShow, RulesBroken, Then
from treatments.life.running import Running
from treatments.models import Course, Visit, VisitStatus
from treatments.queries.reviews import reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(book) -> Course:
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May at 8:00, each with a talk the day after."""
    return book().course


def missed_policy(then, **more):
    return [{"visits": "infusions", "then": then, "source": "T", **more}]


@pytest.fixture
def no_show(book, mona, now):
    """Books a course with that policy; gives it and the moment after its second infusion began."""

    def no_show(then, **more):
        course = book(protocol_version=publish(mona, now, missed=missed_policy(then, **more))).course
        return course, course.visits.get(key="infusions.2").appointment.starts_at + timedelta(minutes=30)

    return no_show


@pytest.mark.parametrize("then", ["omit", "keep", "escalate"])
def test_nothing_moves(no_show, apply, undo, then):
    course, later = no_show(then)
    before = everything(course)
    applied = apply(NoShow(course.pk, "infusions.2"), now=later)
    assert {key: place for key, place in where(course).items() if place == "missed"} == {"infusions.2": "missed"}
    assert [note.code for note in applied.ripple.notes] == [
        {"omit": "omitted", "keep": "kept", "escalate": "escalated"}[then]
    ]
    assert applied.ripple.patients_told == 0
    said = {step.visit: [why.message for why in step.reasons] for step in applied.ripple.steps if step.reasons}
    assert said == {"talks.2": ["Talk 2 is counted from infusion 2, which is missed."]}
    undo(applied.change_set, now=later)
    assert everything(course) == before


def test_one_more_at_the_end(no_show, apply, preview, undo):
    course, later = no_show("append")
    before = everything(course)
    ripple = preview(NoShow(course.pk, "infusions.2"), now=later)
    applied = apply(NoShow(course.pk, "infusions.2"), now=later, digest=ripple.digest)

    places = where(course)
    assert places["infusions.2"] == "missed"
    assert places["infusions.4"] == "18 08:00", "three or more days after the third, on the next open day"
    assert Visit.objects.get(course=course, key="infusions.4").label == "Infusion 4"
    assert fates(ripple)["infusions.4"] == "added"
    assert fates(ripple)["talks.2"] == "moves", "the talk that belonged to the missed one follows the make-up"
    assert places["talks.2"] == "19 08:00"
    assert places["infusions.3"] == "14 08:00"

    undo(applied.change_set, now=later)
    assert everything(course) == before
    again = apply(NoShow(course.pk, "infusions.2"), now=later)
    assert where(course) == places
    assert again.ripple.digest == ripple.digest


def test_made_up_for_and_the_rest_moves(no_show, apply, undo):
    course, later = no_show("shift")
    before = everything(course)
    applied = apply(NoShow(course.pk, "infusions.2"), now=later)
    places = where(course)
    assert places["infusions.2"] == "missed"
    assert places["infusions.4"].startswith("11"), "no other day is left between its neighbours"
    assert Visit.objects.get(course=course, key="infusions.4").label == "Infusion 2, made up"
    assert applied.ripple.counts["added"] == 1
    undo(applied.change_set, now=later)
    assert everything(course) == before


def test_who_did_not_come_is_asked_for_another_day_where_there_is_one(book, mona, now, preview):
    """The make-up could be later today; there is room tomorrow."""
    parts = document(missed=missed_policy("shift"), relations=[], continuity=[])
    parts["blocks"] = [parts["blocks"][0] | {"gap": {"min_days": 2, "ideal_days": 3, "max_days": 8, "source": "T"}}]
    parts["visit_types"].pop("talk")
    course = book(protocol_version=protocols.publish(document=parts, by=mona, now=now)).course
    begins = course.visits.get(key="infusions.2").appointment.starts_at
    ripple = preview(NoShow(course.pk, "infusions.2"), now=begins + timedelta(minutes=30))
    [added] = [step for step in ripple.steps if step.fate == "added"]
    assert added.after.starts_at.date() > begins.date()


def test_a_row_of_days_goes_on_with_the_make_up(book, mona, now, apply, undo):
    """Five weekdays in a row from Tuesday 5 May; the second is missed."""
    parts = document(missed=missed_policy("shift"), relations=[], continuity=[])
    row = {"closed_days": "skip", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "source": "T"}
    parts["blocks"] = [{"block": "infusions", "visit": "infusion", "count": 5, "consecutive_days": row, "source": "T"}]
    parts["visit_types"].pop("talk")
    course = book(protocol_version=protocols.publish(document=parts, by=mona, now=now)).course
    before = {key: place[:2] for key, place in where(course).items()}
    assert list(before.values()) == ["05", "06", "07", "08", "11"]
    later = course.visits.get(key="infusions.2").appointment.starts_at + timedelta(minutes=30)
    applied = apply(NoShow(course.pk, "infusions.2"), now=later)
    places = {key: place[:2] for key, place in where(course).items()}
    assert places == {
        "infusions.1": "05",
        "infusions.2": "mi",
        "infusions.6": "07",
        "infusions.3": "08",
        "infusions.4": "11",
        "infusions.5": "12",
    }
    assert Running.read(course.pk, now=later).broken() == []
    undo(applied.change_set, now=later)
    assert {key: place[:2] for key, place in where(course).items()} == before


def test_made_up_for_within_the_window_or_not_at_all(no_show, apply):
    """The make-up would have to be on the 11th or 12th; all chairs are taken."""
    course, later = no_show("fill", within_days=1)
    Resource.objects.filter(kind="chair").update(is_active=False)
    applied = apply(NoShow(course.pk, "infusions.2"), now=later)
    visit = course.visits.get(key="infusions.4")
    assert visit.status == VisitStatus.TO_PLACE
    assert visit.unplaced
    assert [note.code for note in applied.ripple.notes] == ["escalated"]
    assert applied.ripple.counts == {"missed": 1, "stays": 5, "unplaced": 1}


def test_a_missed_visit_is_made_up_for_once(no_show, apply, preview):
    course, later = no_show("append")
    apply(NoShow(course.pk, "infusions.2"), now=later)
    with pytest.raises(InvalidInput):
        preview(NoShow(course.pk, "infusions.2"), now=later)


def test_a_person_may_choose_otherwise(no_show, preview):
    course, later = no_show("append")
    assert "added" not in preview(NoShow(course.pk, "infusions.2", Then.KEEP), now=later).counts


def test_nobody_misses_what_has_not_begun(course, preview):
    with pytest.raises(WrongStatus):
        preview(NoShow(course.pk, "infusions.2"))


def test_a_course_with_a_make_up_goes_on_being_changed(no_show, apply, preview):
    """What was added takes part in every later plan."""
    course, later = no_show("append")
    apply(NoShow(course.pk, "infusions.2"), now=later)
    with pytest.raises(RulesBroken):
        preview(Move(course.pk, "infusions.3", at(18, 8), only_this=True), now=later)
    ripple = apply(Move(course.pk, "infusions.3", at(18, 8)), now=later).ripple
    assert fates(ripple)["infusions.4"] == "moves"
    assert fates(ripple)["talks.2"] == "moves"
    assert Fate.INVALID not in fates(ripple).values()


def test_a_missed_make_up_is_made_up_for_too(no_show, apply):
    course, later = no_show("shift")
    apply(NoShow(course.pk, "infusions.2"), now=later)
    begins = course.visits.get(key="infusions.4").appointment.starts_at
    apply(NoShow(course.pk, "infusions.4"), now=begins + timedelta(minutes=20))
    assert course.visits.get(key="infusions.5").label == "Infusion 2, made up"
    assert where(course)["infusions.4"] == "missed"


@pytest.mark.parametrize("then", ["append", "shift"])
def test_a_patient_who_came_after_all_has_a_make_up_too_many(no_show, apply, preview, flora, site, then):
    course, later = no_show(then)
    before = where(course)
    apply(NoShow(course.pk, "infusions.2"), now=later)
    missed = course.visits.get(key="infusions.2").appointment
    assert [each for each in reviews(site, now=later) if each.kind == "spare"] == []
    appointments.set_status(appointment=missed, status="arrived", by=flora, now=later, version=None)

    [spare] = reviews(site, now=later)
    assert (spare.kind, spare.visit.key, spare.then) == ("spare", "infusions.4", "cancel")
    assert spare.message == "It was added to make up for infusion 2, to which the patient came after all."
    running = Running.read(course.pk, now=later)
    assert {"infusions.2", "infusions.4"} <= {visit.key for visit in running.compiled.course}, "both are in the plan"

    apply(Cancel(course.pk, "infusions.4"), now=later)
    assert reviews(site, now=later) == []
    assert where(course)["infusions.2"] == before["infusions.2"]
    # its talk follows it again; where it went along with the make-up, it is too late there, and that is said
    broken = Running.read(course.pk, now=later).broken()
    assert broken == (
        ["Talk 2 would be 8 days after infusion 2; at most 2 days are allowed."] if then == "append" else []
    )
    # and if the patient has gone again, it can be made up for anew
    appointments.set_status(appointment=missed, status="missed", by=flora, now=later, version=None)
    assert preview(NoShow(course.pk, "infusions.2"), now=later).counts["added"] == 1
