"""Moving, placing and cancelling one visit of a course."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core import clock
from core.errors import InvalidInput, NotAllowed
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Changed, Take, Taken, WrongStatus
from scheduler.models import Appointment, ChangeSet, Resource, Status
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AbsenceFactory
from treatments.actions import courses, visits
from treatments.actions.courses import RulesBroken
from treatments.models import Visit, VisitStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(book):
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May at 8:00, each with a talk the day after."""
    course = book().course
    starts = {visit.key: clock.local(visit.appointment.starts_at, "America/New_York") for visit in course.visits.all()}
    assert [f"{starts[f'infusions.{n}']:%d %H:%M}" for n in (1, 2, 3)] == ["07 08:00", "11 08:00", "14 08:00"]
    assert [f"{starts[f'talks.{n}']:%d %H:%M}" for n in (1, 2, 3)] == ["08 08:00", "12 08:00", "15 08:00"]
    return course


@pytest.fixture
def move(course, flora, now):
    def move(key: str, starts_at: datetime, **changes) -> Visit:
        visit = course.visits.get(key=key)
        usual = {"by": flora, "now": now, "version": visit.appointment.version}
        visits.move(visit=visit, starts_at=starts_at, **(usual | changes))
        return Visit.objects.get(pk=visit.pk)

    return move


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of May 2026 in New York."""
    return datetime(2026, 5, day, hour + 4, minute, tzinfo=UTC)


def used(visit: Visit) -> dict[str, str]:
    return {each.role: each.resource.name for each in visit.appointment.allocations.select_related("resource")}


def someone_else(site, resource: Resource, starts_at: datetime, flora, now) -> None:
    ends_at = starts_at + timedelta(hours=1)
    booking = Booking(starts_at, ends_at, "Other", (Take(resource, "x", starts_at, ends_at),))
    appointments.book(site=site, patient=PatientFactory(site=site), bookings=[booking], by=flora, now=now)


def broken(raised) -> set[str]:
    return {problem["code"] for problem in raised.value.detail["problems"]}


# --- moving --------------------------------------------------------------------------------------------------


def test_a_visit_moves_and_keeps_its_resources(move, course):
    before = course.visits.get(key="infusions.2")

    after = move("infusions.2", at(11, 10))

    assert after.appointment_id == before.appointment_id
    assert after.appointment.starts_at == at(11, 10)
    assert after.appointment.ends_at == at(11, 11)
    assert after.appointment.summary == "Infusion 2 of 3"
    assert used(after) == used(before)
    assert after.status == VisitStatus.BOOKED


def test_a_change_set_says_who_and_why(course, flora, now):
    visit = course.visits.get(key="infusions.2")
    made = visits.move(
        visit=visit, starts_at=at(11, 10), by=flora, now=now, version=1, reason="Train is late",
    )  # fmt: skip
    assert (made.verb, made.by, made.reason) == ("move", flora, "Train is late")


def test_the_rest_of_the_course_stays(move, course):
    before = dict(course.visits.exclude(key="infusions.2").values_list("key", "appointment__version"))
    move("infusions.2", at(11, 10))
    assert dict(course.visits.exclude(key="infusions.2").values_list("key", "appointment__version")) == before


def test_equal_resources_step_in_where_the_own_ones_are_taken(move, course, clinic, site, flora, now):
    before = used(course.visits.get(key="infusions.2"))
    someone_else(site, clinic[before["chair"]], at(11, 13), flora, now)

    after = used(move("infusions.2", at(11, 13)))

    assert after["chair"] != before["chair"]
    assert after["chair"].startswith("Chair")
    assert after["nurse"] == before["nurse"]


def test_a_move_within_its_own_time_is_no_conflict_with_itself(move):
    assert move("infusions.2", at(11, 8, 15)).appointment.starts_at == at(11, 8, 15)


def test_the_person_who_has_to_stay_the_same_is_not_replaced(move, course, clinic, site, flora, now):
    therapist = clinic[used(course.visits.get(key="talks.2"))["therapist"]]
    someone_else(site, therapist, at(12, 13), flora, now)

    with pytest.raises(Taken) as raised:
        move("talks.2", at(12, 13))

    assert raised.value.detail["resource"]["name"] == therapist.name
    assert raised.value.detail["next_free"]
    assert raised.value.detail["visit"] == "talks.2"


def test_every_broken_rule_is_told_also_those_of_other_visits(move, course):
    """On the 13th it would be six days after the first, one before the third, and after its own talk."""
    before = course.visits.get(key="infusions.2").appointment.starts_at

    with pytest.raises(RulesBroken) as raised:
        move("infusions.2", at(13, 8))

    told = [problem["message"] for problem in raised.value.detail["problems"]]
    assert broken(raised) == {"too_late"}  # for the second infusion, whatever it is for the others
    for other in ("infusion 1", "Infusion 3", "Talk 2"):
        assert any(other in message for message in told)
    assert course.visits.get(key="infusions.2").appointment.starts_at == before


def test_closed_days_and_hours_off_are_told_in_words(move, clinic):
    with pytest.raises(RulesBroken) as raised:
        move("talks.2", at(12, 17, 30))
    assert {"resource_off"} <= broken(raised)

    with pytest.raises(RulesBroken) as raised:
        move("talks.3", at(16, 10))
    assert "site_closed" in broken(raised)


def test_all_nurses_away_is_told(move, clinic):
    for name in ("Nurse Ada", "Nurse Ben"):
        AbsenceFactory(resource=clinic[name], starts_at=at(11, 12), ends_at=at(11, 18), reason="Training")

    with pytest.raises(RulesBroken) as raised:
        move("infusions.2", at(11, 13))
    [problem] = raised.value.detail["problems"]
    assert problem["code"] == "resource_off"
    assert "Nurse Ada" in problem["message"]


def test_given_resources_are_taken(move, clinic):
    after = move("infusions.2", at(11, 13), resources={"chair": str(clinic["Chair 3"].pk)})
    assert used(after)["chair"] == "Chair 3"


def test_given_resources_are_checked(move, clinic, course):
    with pytest.raises(RulesBroken) as raised:
        move("infusions.2", at(11, 13), resources={"nurse": str(clinic["Theo"].pk)})
    assert broken(raised) == {"no_resource"}
    with pytest.raises(InvalidInput) as wrong:
        move("infusions.2", at(11, 13), resources={"nurse": "nobody"})
    assert wrong.value.pointer == "resources/nurse"
    other = next(name for name in ("Theo", "Tessa") if name != used(course.visits.get(key="talks.2"))["therapist"])
    with pytest.raises(RulesBroken) as raised:
        move("talks.2", at(12, 13), resources={"therapist": str(clinic[other].pk)})
    assert broken(raised) == {"other_resource"}


def test_the_wishes_at_booking_do_not_hold_against_a_move(book, flora, now):
    course = book(wishes={"not_before": "13:00", "firm": True}).course
    visit = course.visits.get(key="infusions.2")
    morning = visit.appointment.starts_at.replace(hour=13)

    visits.move(visit=visit, starts_at=morning, by=flora, now=now, version=1)
    assert course.visits.get(key="infusions.2").appointment.starts_at == morning


def test_the_first_visit_may_move_before_the_start_that_was_wished(book, flora, now):
    course = book(start_on=date(2026, 5, 7)).course
    visit = course.visits.get(key="infusions.1")
    assert visit.appointment.starts_at == at(7, 8)

    visits.move(visit=visit, starts_at=at(6, 8), by=flora, now=now, version=1)
    assert course.visits.get(key="infusions.1").appointment.starts_at == at(6, 8)


def test_a_visit_may_move_to_the_next_minutes(move, now):
    """The patient is here already; the planner's notice is for plans."""
    soon = at(11, 9) - timedelta(minutes=5)
    assert move("infusions.2", at(11, 9), now=soon).appointment.starts_at == at(11, 9)


def test_a_stale_version_is_refused_with_the_current_one(move):
    move("infusions.2", at(11, 10))

    with pytest.raises(Changed) as raised:
        move("infusions.2", at(11, 13), version=1)
    assert raised.value.detail["current"] == {
        "version": 2, "status": "booked", "starts_at": at(11, 10).isoformat(),
    }  # fmt: skip


@pytest.mark.parametrize(
    "starts_at",
    [
        datetime(2026, 5, 1, 12, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2026, 5, 11, 14),
        at(11, 10) + timedelta(seconds=3),
    ],
)
def test_times_that_make_no_sense_are_pointed_at(move, starts_at):
    with pytest.raises(InvalidInput) as raised:
        move("infusions.2", starts_at)
    assert raised.value.pointer == "starts_at"


def test_what_is_over_cannot_be_moved(course, flora, now):
    visit = course.visits.get(key="infusions.1")
    later = visit.appointment.starts_at + timedelta(hours=2)
    appointments.set_status(appointment=visit.appointment, status="done", by=flora, now=later, version=None)

    with pytest.raises(WrongStatus):
        visits.move(visit=visit, starts_at=at(8, 8), by=flora, now=later, version=None)


def test_a_missed_visit_no_longer_counts(course, move, flora, now):
    """Once the second infusion was missed, the third may follow the first by seven days, not by five."""
    missed = course.visits.get(key="infusions.2")
    later = missed.appointment.starts_at + timedelta(hours=2)
    with pytest.raises(RulesBroken):
        move("infusions.3", at(13, 8), now=later)
    appointments.set_status(appointment=missed.appointment, status="missed", by=flora, now=later, version=None)

    move("infusions.3", at(13, 8), now=later)


def test_what_was_wrong_before_does_not_stop_a_move(course, move, flora, now):
    """Without the second infusion the gap is too long already; the third can still go to the afternoon."""
    visits.cancel(visit=course.visits.get(key="infusions.2"), by=flora, now=now, version=None, reason="Ill")
    move("infusions.3", at(14, 13))


def test_those_who_may_not_move_change_nothing(move, nora, course):
    with pytest.raises(NotAllowed):
        move("infusions.2", at(11, 10), by=nora)
    assert course.visits.get(key="infusions.2").appointment.version == 1


def test_a_move_takes_a_fixed_number_of_queries(move, course, django_assert_max_num_queries):
    with django_assert_max_num_queries(62):
        move("infusions.2", at(11, 10))


# --- placing -------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(book, series, site, patient, flora, now):
    """The second talk; only the infusions were given a place, on Thursday 7, Monday 11 and Thursday 14 May."""
    proposal = courses.propose(
        protocol_version=series, site=site, patient=patient, start_on=date(2026, 5, 5), wishes={}, by=flora, now=now
    )
    chosen = [
        courses.Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
        for visit in proposal.visits
        if visit.family == "infusion"
    ]
    assert [clock.local(place.starts_at, site.zone).day for place in chosen] == [7, 11, 14]
    return book(visits=chosen, partial=True).course.visits.get(key="talks.2")


def test_a_waiting_visit_is_given_a_place(waiting, flora, now):
    starts_at = at(12, 9)
    made = visits.place(visit=waiting, starts_at=starts_at, by=flora, now=now)

    placed = Visit.objects.get(pk=waiting.pk)
    assert (placed.status, placed.unplaced) == (VisitStatus.BOOKED, [])
    assert placed.appointment.starts_at == starts_at
    assert placed.appointment.change_set == made
    assert set(used(placed)) == {"room", "therapist"}


def test_the_rules_hold_for_placing_too(waiting, flora, now):
    before = Appointment.objects.count()
    with pytest.raises(RulesBroken) as raised:
        visits.place(visit=waiting, starts_at=at(11, 9), by=flora, now=now)
    assert {"too_soon", "not_same_day"} <= broken(raised)
    assert Appointment.objects.count() == before


def test_the_next_of_a_series_keeps_the_person_of_the_first(waiting, flora, now, clinic, site):
    Resource.objects.filter(name="Theo").update(is_active=False)
    visits.place(visit=waiting, starts_at=at(12, 9), by=flora, now=now)
    Resource.objects.filter(name="Theo").update(is_active=True)
    other = waiting.course.visits.get(key="talks.3")

    visits.place(visit=other, starts_at=at(15, 9), by=flora, now=now)
    assert used(Visit.objects.get(pk=other.pk))["therapist"] == "Tessa"


def test_a_placed_visit_is_not_placed_again(waiting, flora, now):
    starts_at = at(12, 9)
    visits.place(visit=waiting, starts_at=starts_at, by=flora, now=now)
    with pytest.raises(WrongStatus):
        visits.place(visit=waiting, starts_at=starts_at, by=flora, now=now)


def test_a_visit_without_a_time_cannot_be_moved(waiting, flora, now):
    with pytest.raises(WrongStatus):
        visits.move(visit=waiting, starts_at=at(12, 9), by=flora, now=now, version=None)


# --- cancelling ----------------------------------------------------------------------------------------------


def test_one_visit_is_cancelled_and_kept(course, flora, now):
    visit = course.visits.get(key="talks.1")
    made = visits.cancel(visit=visit, by=flora, now=now, version=1, reason="Patient asked")

    after = Visit.objects.get(pk=visit.pk)
    assert (after.status, after.appointment.status) == (VisitStatus.CANCELLED, Status.CANCELLED)
    assert (made.verb, made.reason) == ("cancel", "Patient asked")
    assert course.visits.filter(status=VisitStatus.BOOKED).count() == 5
    course.refresh_from_db()
    assert course.status == "active"


def test_a_stale_cancel_is_refused(course, flora, now):
    with pytest.raises(Changed):
        visits.cancel(visit=course.visits.get(key="talks.1"), by=flora, now=now, version=7, reason="")
    assert course.visits.filter(status=VisitStatus.BOOKED).count() == 6


def test_a_waiting_visit_is_taken_off_the_list(waiting, flora, now):
    visits.cancel(visit=waiting, by=flora, now=now, version=None, reason="Not wanted")
    assert Visit.objects.get(pk=waiting.pk).status == VisitStatus.CANCELLED
    with pytest.raises(WrongStatus):
        visits.cancel(visit=waiting, by=flora, now=now, version=None, reason="Not wanted")


def test_a_cancelled_visit_cannot_be_cancelled_moved_or_placed(course, flora, now):
    visit = course.visits.get(key="talks.1")
    visits.cancel(visit=visit, by=flora, now=now, version=None, reason="")
    for again in (
        lambda: visits.cancel(visit=visit, by=flora, now=now, version=None, reason=""),
        lambda: visits.move(visit=visit, starts_at=at(8, 10), by=flora, now=now, version=None),
        lambda: visits.place(visit=visit, starts_at=at(8, 10), by=flora, now=now),
    ):
        with pytest.raises(WrongStatus):
            again()


def test_those_who_may_not_cancel_change_nothing(course, nora, now):
    sets = ChangeSet.objects.count()
    with pytest.raises(NotAllowed):
        visits.cancel(visit=course.visits.get(key="talks.1"), by=nora, now=now, version=1, reason="")
    with pytest.raises(NotAllowed):
        courses.cancel(course=course, by=nora, now=now, reason="")
    assert ChangeSet.objects.count() == sets
    assert course.visits.filter(status=VisitStatus.BOOKED).count() == 6
