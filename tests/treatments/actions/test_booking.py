"""Booking whole courses: all or nothing, or what fits with the rest kept."""

from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, NotAllowed
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, NotWorking, Take, Taken
from scheduler.models import Allocation, Appointment, ChangeSet, Resource, Status
from tests.factories.clinics import PatientFactory
from tests.scheduler.engine import independent
from tests.treatments.documents import series as document
from treatments import planning
from treatments.actions import courses, protocols
from treatments.actions.courses import Incomplete, Placed, RulesBroken
from treatments.models import Course, Visit, VisitStatus

pytestmark = pytest.mark.django_db

START_ON = date(2026, 5, 5)
NOTHING = {Course: 0, Visit: 0, Appointment: 0, Allocation: 0, ChangeSet: 0}


@pytest.fixture
def chosen(clinic, series, site, patient, flora, now):
    """The places of the proposal, as somebody who looked at it sends them back."""
    proposal = courses.propose(
        protocol_version=series, site=site, patient=patient, start_on=START_ON, wishes={}, by=flora, now=now
    )
    return [
        Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
        for visit in proposal.visits
    ]


def rows() -> dict[type, int]:
    return {model: model.objects.count() for model in NOTHING}


def moved(place: Placed, **changes) -> Placed:
    return Placed(**({"key": place.key, "starts_at": place.starts_at, "resources": place.resources} | changes))


def take(site, resource: Resource, starts_at: datetime, flora, now, patient=None) -> Appointment:
    """Somebody else books an hour of a resource."""
    ends_at = starts_at + timedelta(hours=1)
    made = appointments.book(
        site=site,
        patient=patient or PatientFactory(site=site),
        bookings=[Booking(starts_at, ends_at, "Other", (Take(resource, "chair", starts_at, ends_at),))],
        by=flora,
        now=now,
    )
    return made.appointments[0]


def test_a_course_is_booked_with_its_visits_and_appointments(book, patient, flora):
    booked = book()

    course = booked.course
    visits = list(course.visits.select_related("appointment").order_by("position"))
    assert (course.status, course.patient, course.booked_by) == ("active", patient, flora)
    assert [visit.key for visit in visits] == [f"{block}.{n}" for block in ("infusions", "talks") for n in (1, 2, 3)]
    assert {visit.status for visit in visits} == {VisitStatus.BOOKED}
    assert [visit.appointment.summary for visit in visits[:3]] == [f"Infusion {n} of 3" for n in (1, 2, 3)]
    assert all(visit.reason for visit in visits)
    assert {visit.appointment.change_set_id for visit in visits} == {booked.change_set.pk}
    assert {visit.family for visit in visits} == {"infusion", "psychotherapy"}


def test_phases_take_what_they_need(book, clinic):
    """The nurse alone for the setup, one lane of hers after it; the chair until it is clean."""
    visit = book().course.visits.get(key="infusions.1")
    start = visit.appointment.starts_at
    taken = {
        (each.role, each.lane, (each.starts_at - start).seconds // 60, (each.ends_at - start).seconds // 60)
        for each in visit.appointment.allocations.all()
    }

    assert {each for each in taken if each[0] == "chair"} == {("chair", 0, 0, 75)}
    assert {each for each in taken if each[0] == "nurse"} == {
        ("nurse", 0, 0, 15), ("nurse", 1, 0, 15), ("nurse", 2, 0, 15), ("nurse", 0, 15, 60),
    }  # fmt: skip


def test_chosen_places_are_booked_exactly(book, chosen):
    booked = book(visits=chosen)

    for place in chosen:
        visit = booked.course.visits.get(key=place.key)
        assert visit.appointment.starts_at == place.starts_at
        used = {each.role: str(each.resource_id) for each in visit.appointment.allocations.all()}
        assert used == place.resources


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(0, 40),
    weekdays=st.sets(st.integers(0, 4)),
    not_before=st.sampled_from([None, "09:30", "12:00"]),
    firm=st.booleans(),
    others=st.lists(st.tuples(st.integers(1, 15), st.integers(0, 8), st.integers(1, 3)), max_size=10, unique=True),
)
def test_every_booked_course_passes_the_independent_checker(
    book, clinic, series, site, patient, flora, now, start, weekdays, not_before, firm, others
):
    wishes = {"weekdays": sorted(weekdays), "firm": firm} | ({"not_before": not_before} if not_before else {})
    start_on = START_ON + timedelta(days=start)
    with transaction.atomic():
        for day, hour, chair in others:
            with suppress(NotWorking):
                take(site, clinic[f"Chair {chair}"], now + timedelta(days=start + day, hours=hour), flora, now)
        question = planning.ask(
            protocol_version=series, site=site, patient=patient, start_on=start_on,
            wishes=planning.read_wishes(wishes), now=now,
        )  # fmt: skip
        booked = book(start_on=start_on, wishes=wishes, partial=True)
        placed = []
        for visit in booked.course.visits.exclude(appointment=None):
            used = {each.role: str(each.resource_id) for each in visit.appointment.allocations.all()}
            standing = planning.Standing(visit.key, visit.appointment.starts_at, tuple(sorted(used.items())))
            placed.append(question.placement(standing))
        assert independent.faults(question.request, placed) == []
        left = booked.course.visits.filter(status=VisitStatus.TO_PLACE)
        assert len(placed) + left.count() == 6
        assert all(visit.unplaced for visit in left)
        transaction.set_rollback(True)


def test_the_number_of_queries_does_not_depend_on_the_length_of_the_course(book, mona, now, site):
    longer = document()
    for block in longer["blocks"]:
        block["count"] = 6

    def queries(version, patient) -> int:
        with CaptureQueriesContext(connection) as captured:
            book(protocol_version=version, patient=patient)
        return len(captured)

    short = protocols.publish(document=document(title="Short"), by=mona, now=now)
    long = protocols.publish(document=longer, by=mona, now=now)
    for version in (short, long):
        queries(version, PatientFactory(site=site))  # what is kept after the first time
    few = queries(short, PatientFactory(site=site))
    assert queries(long, PatientFactory(site=site)) == few


# --- all or nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conflict", range(6))
def test_a_conflict_on_any_visit_leaves_nothing(book, chosen, clinic, site, flora, now, conflict):
    place = chosen[conflict]
    resource = Resource.objects.get(pk=next(iter(place.resources.values())))
    take(site, resource, place.starts_at, flora, now)
    before = rows()

    with pytest.raises(Taken) as raised:
        book(visits=chosen)

    assert rows() == before
    assert raised.value.detail["visit"] == place.key
    assert raised.value.detail["resource"] == {"id": str(resource.pk), "name": resource.name}
    assert raised.value.detail["next_free"]
    assert raised.value.pointer == f"visits/{conflict}"


def test_the_patient_elsewhere_is_a_conflict_too(book, chosen, clinic, site, patient, flora, now):
    place = chosen[0]
    other = next(chair for name, chair in clinic.items() if name.startswith("Room"))
    take(site, other, place.starts_at, flora, now, patient=patient)

    with pytest.raises(Taken) as raised:
        book(visits=chosen)
    assert raised.value.detail["resource"] is None


def test_without_places_a_conflict_is_planned_around(book, chosen, clinic, site, flora, now):
    take(site, clinic["Chair 1"], chosen[0].starts_at, flora, now)

    assert book().course.visits.filter(status=VisitStatus.BOOKED).count() == 6


def test_a_course_that_does_not_fit_leaves_nothing(book):
    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)

    with pytest.raises(Incomplete) as raised:
        book()

    assert rows() == NOTHING
    unplaced = raised.value.detail["unplaced"]
    assert {each["visit"] for each in unplaced} >= {"talks.1"}
    assert all(each["reasons"] for each in unplaced)


def test_partial_keeps_what_has_no_place(book):
    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)

    course = book(partial=True).course

    statuses = dict(course.visits.values_list("key", "status"))
    assert {key: status for key, status in statuses.items() if key.startswith("infusions")} == dict.fromkeys(
        ("infusions.1", "infusions.2", "infusions.3"), "booked"
    )
    assert {status for key, status in statuses.items() if key.startswith("talks")} == {"to_place"}
    assert all(visit.unplaced for visit in course.visits.filter(status=VisitStatus.TO_PLACE))


def test_partial_with_nothing_at_all_is_a_work_list(book):
    Resource.objects.update(is_active=False)

    course = book(partial=True).course

    assert set(course.visits.values_list("status", flat=True)) == {"to_place"}
    assert not Appointment.objects.exists()


def test_chosen_places_may_leave_visits_out_only_if_partial(book, chosen):
    with pytest.raises(Incomplete):
        book(visits=chosen[:-1])
    assert rows() == NOTHING

    course = book(visits=chosen[:-1], partial=True).course
    left = course.visits.get(status=VisitStatus.TO_PLACE)
    assert left.key == chosen[-1].key
    assert left.unplaced == [planning.NOT_CHOSEN]


def test_what_was_left_out_and_has_no_place_says_why(book, chosen):
    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)
    infusions = [place for place in chosen if place.key.startswith("infusions")]

    course = book(visits=infusions, partial=True).course

    for left in course.visits.filter(status=VisitStatus.TO_PLACE):
        assert any("no therapist" in sentence for sentence in left.unplaced)


def test_looking_at_a_proposal_for_a_while_does_not_spoil_it(book, series, site, patient, flora, clinic, now):
    """Nothing is proposed within the next hour, but what was proposed can be booked until it starts."""
    proposal = courses.propose(
        protocol_version=series, site=site, patient=patient, start_on=now.date(), wishes={}, by=flora, now=now
    )
    assert proposal.visits[0].starts_at == now + timedelta(hours=1)
    chosen = [
        Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
        for visit in proposal.visits
    ]

    with pytest.raises(RulesBroken):
        book(visits=chosen, start_on=now.date(), now=now + timedelta(minutes=61))
    assert book(visits=chosen, start_on=now.date(), now=now + timedelta(minutes=59)).course


# --- rules ---------------------------------------------------------------------------------------------------


def test_every_broken_rule_is_listed_in_words(book, chosen):
    by_key = {place.key: place for place in chosen}
    wrong = [
        moved(by_key["infusions.1"], starts_at=by_key["infusions.2"].starts_at - timedelta(days=1)),
        moved(by_key["talks.3"], starts_at=by_key["infusions.3"].starts_at + timedelta(hours=4)),
    ]
    others = [place for place in chosen if place.key not in {"infusions.1", "talks.3"}]

    with pytest.raises(RulesBroken) as raised:
        book(visits=others + wrong)

    problems = raised.value.detail["problems"]
    assert {problem["code"] for problem in problems} >= {"too_soon", "not_same_day"}
    assert all(problem["message"].endswith(".") for problem in problems)
    assert rows() == NOTHING


def test_a_resource_switched_off_meanwhile_is_named(book, chosen, clinic):
    nurse = Resource.objects.get(pk=chosen[0].resources["nurse"])
    Resource.objects.filter(pk=nurse.pk).update(is_active=False)

    with pytest.raises(RulesBroken) as raised:
        book(visits=chosen)

    assert {(problem["code"], nurse.name in problem["message"]) for problem in raised.value.detail["problems"]} == {
        ("switched_off", True)
    }
    assert rows() == NOTHING


def test_somebody_who_does_not_work_then_is_refused_in_words(book, chosen, clinic):
    nurse = Resource.objects.get(pk=chosen[0].resources["nurse"])
    nurse.working_hours.all().delete()

    with pytest.raises(RulesBroken) as raised:
        book(visits=chosen)

    assert f"{nurse.name} is not at work then." in {each["message"] for each in raised.value.detail["problems"]}


def test_a_resource_without_the_skills_is_refused(book, chosen, clinic):
    place = chosen[0]
    wrong = moved(place, resources=place.resources | {"nurse": str(clinic["Theo"].pk)})

    with pytest.raises(RulesBroken) as raised:
        book(visits=[wrong, *chosen[1:]])
    assert [problem["code"] for problem in raised.value.detail["problems"]] == ["no_resource"]


# --- input ---------------------------------------------------------------------------------------------------


def _unknown_resource(place: Placed) -> Placed:
    return moved(place, resources=place.resources | {"nurse": "0190a6f0-0000-7000-8000-000000000000"})


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (lambda place: moved(place, key="infusions.9"), "visits/0/key"),
        (lambda place: moved(place, key="infusions.2"), "visits/2/key"),
        (lambda place: moved(place, starts_at=place.starts_at.replace(tzinfo=None)), "visits/0/starts_at"),
        (lambda place: moved(place, starts_at=place.starts_at + timedelta(seconds=1)), "visits/0/starts_at"),
        (lambda place: moved(place, starts_at=place.starts_at.replace(year=9999)), "visits/0/starts_at"),
        (lambda place: moved(place, starts_at=place.starts_at.replace(year=1)), "visits/0/starts_at"),
        (lambda place: moved(place, resources={}), "visits/0/resources/chair"),
        (lambda place: moved(place, resources=place.resources | {"cook": "x"}), "visits/0/resources/cook"),
        (lambda place: moved(place, resources=place.resources | {"nurse": "garbage\x00"}), "visits/0/resources/nurse"),
        (_unknown_resource, "visits/0/resources/nurse"),
    ],
)
def test_places_that_make_no_sense_are_pointed_at(book, chosen, change, pointer):
    with pytest.raises(InvalidInput) as raised:
        book(visits=[change(chosen[0]), *chosen[1:]])

    assert raised.value.pointer == pointer
    assert rows() == NOTHING


def test_too_many_visits_are_refused_before_anything_is_read(book, chosen):
    with pytest.raises(InvalidInput) as raised:
        book(visits=chosen * 100)
    assert raised.value.pointer == "visits"


def test_the_past_is_refused(book, chosen, now):
    early = moved(chosen[0], starts_at=now - timedelta(days=7))

    with pytest.raises(RulesBroken) as raised:
        book(visits=[early, *chosen[1:]])
    assert "in_the_past" in {problem["code"] for problem in raised.value.detail["problems"]}


def test_a_protocol_that_is_no_longer_offered_is_refused(book, series):
    series.protocol.is_active = False

    with pytest.raises(InvalidInput) as raised:
        book()
    assert raised.value.pointer == "protocol_version"


def test_those_who_may_not_book_change_nothing(book, nora):
    with pytest.raises(NotAllowed):
        book(by=nora)
    assert rows() == NOTHING


def test_tentative_visits_are_booked_as_tentative(book, mona, now):
    with_boosters = document()
    with_boosters["blocks"].append(
        {
            "block": "boosters",
            "visit": "infusion",
            "plan_ahead": 2,
            "source": "T",
            "gap": {"min_days": 7, "ideal_days": 7, "max_days": 10, "source": "T"},
            "anchors": [{"place": "first", "after": "infusions.last", "min_days": 7, "max_days": 10, "source": "T"}],
        }
    )
    course = book(protocol_version=protocols.publish(document=with_boosters, by=mona, now=now)).course

    boosters = course.visits.filter(key__startswith="boosters").order_by("position")
    assert [visit.status for visit in boosters] == ["tentative", "tentative"]
    assert boosters[0].appointment.summary == "Infusion 4"
    assert {visit.appointment.status for visit in boosters} == {Status.BOOKED}
