"""Consents, results and rides: recorded as facts, taken back as facts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from clinics.models import Role
from core.errors import InvalidInput, NotAllowed
from tests.factories.clinics import UserFactory
from tests.treatments.documents import series as document
from treatments.actions import courses, gates, protocols, starts, visits
from treatments.models import GateFulfilment, GateWithdrawal
from treatments.queries.readiness import Light, Standing, readiness

pytestmark = pytest.mark.django_db

GATES = [
    {"gate": "consent", "title": "Consent", "before": "infusions.first", "lead_hours": 24, "source": "T"},
    {"gate": "labs", "title": "Blood count", "before": "infusions.each", "valid_days": 7, "source": "T"},
    {"gate": "escort", "title": "A ride home", "before": "infusions.each", "source": "T"},
]


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=document(gates=GATES), by=mona, now=now)


@pytest.fixture
def course(book):
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May at 8:00 in New York."""
    return book().course


def stands(course, now) -> dict[str, dict[str, str]]:
    """Visit and gate to standing."""
    found = readiness(course, now=now)
    return {each.visit.key: {item.gate.key: item.standing for item in each.items} for each in found.visits}


def infusion(course, number: int):
    return course.visits.get(key=f"infusions.{number}")


def test_nothing_is_there_at_first(course, now):
    found = readiness(course, now=now)
    assert stands(course, now)["infusions.1"] == dict.fromkeys(["consent.1", "labs.1", "escort.1"], Standing.OPEN)
    assert stands(course, now)["infusions.2"] == dict.fromkeys(["labs.1", "escort.1"], Standing.OPEN)
    assert stands(course, now)["talks.1"] == {}
    assert found.light == Light.AMBER
    first = next(each for each in found.visits if each.visit.key == "infusions.1")
    assert [item.message for item in first.items] == [
        "Consent: needed by 6 May, 8am.",
        "Blood count: needed by 7 May, 8am.",
        "A ride home: needed by 7 May, 8am.",
    ]


def test_a_consent_is_given(course, nora, now):
    [fact] = gates.fulfil(course=course, gate="consent.1", by=nora, now=now, note="on paper")
    assert (fact.done_at, fact.by, fact.note, fact.visit) == (now, nora, "on paper", "")
    assert stands(course, now)["infusions.1"]["consent.1"] == Standing.IN_PLACE


def test_a_consent_that_comes_too_late(course, nora, now):
    """It has to be there 24 hours before the infusion on the 7th at 8:00."""
    just = datetime(2026, 5, 6, 12, tzinfo=UTC)
    assert stands(course, just)["infusions.1"]["consent.1"] == Standing.OPEN
    assert stands(course, just + timedelta(seconds=1))["infusions.1"]["consent.1"] == Standing.LATE

    later = just + timedelta(hours=2)
    gates.fulfil(course=course, gate="consent.1", by=nora, now=later)
    found = next(each for each in readiness(course, now=later).visits if each.visit.key == "infusions.1")
    assert found.light == Light.RED
    assert found.items[0].message == "Consent: came too late; it had to be there by 6 May, 8am."
    assert found.items[0].earliest_at == later + timedelta(hours=24)
    assert found.earliest_at == later + timedelta(hours=24)


def test_results_that_expire_block_the_visits_after_that_date_only(course, nora, now):
    """Seven days from Friday the 1st: the 7th is inside, the 11th and the 14th are not."""
    gates.fulfil(course=course, gate="labs.1", by=nora, now=now, done_at=datetime(2026, 5, 1, 15, tzinfo=UTC))
    labs = {key: items.get("labs.1") for key, items in stands(course, now).items() if "labs.1" in items}
    assert labs == {
        "infusions.1": Standing.IN_PLACE,
        "infusions.2": Standing.EXPIRES,
        "infusions.3": Standing.EXPIRES,
    }
    # and nothing about them says that they are cancelled
    assert infusion(course, 3).status == "booked"


@pytest.mark.parametrize(("day", "standing"), [(3, Standing.EXPIRES), (4, Standing.IN_PLACE)])
def test_the_last_day_counts(course, nora, now, day, standing):
    done_at = datetime(2026, 5, day, 3, tzinfo=UTC) + timedelta(hours=4)
    gates.fulfil(course=course, gate="labs.1", by=nora, now=now, done_at=done_at)
    assert stands(course, now)["infusions.2"]["labs.1"] == standing


def test_a_date_is_a_local_date(course, nora, now):
    """At 3:00 UTC on the 4th it is still the 3rd in New York."""
    gates.fulfil(course=course, gate="labs.1", by=nora, now=now, done_at=datetime(2026, 5, 4, 3, tzinfo=UTC))
    assert stands(course, now)["infusions.2"]["labs.1"] == Standing.EXPIRES


def test_a_stated_end_counts_too(course, nora, now):
    gates.fulfil(course=course, gate="labs.1", by=nora, now=now, valid_until=date(2026, 5, 8))
    assert stands(course, now)["infusions.1"]["labs.1"] == Standing.IN_PLACE
    assert stands(course, now)["infusions.2"]["labs.1"] == Standing.EXPIRES


def test_a_renewal_takes_over(course, nora, now):
    gates.fulfil(course=course, gate="labs.1", by=nora, now=now)
    later = now + timedelta(days=5)
    gates.fulfil(course=course, gate="labs.1", by=nora, now=later)
    assert stands(course, now)["infusions.3"]["labs.1"] == Standing.IN_PLACE


def test_an_expired_one_is_late_once_its_visit_has_begun(course, nora, now):
    gates.fulfil(course=course, gate="labs.1", by=nora, now=now, valid_until=date(2026, 5, 8))
    later = infusion(course, 2).appointment.starts_at + timedelta(minutes=1)
    assert stands(course, later)["infusions.2"]["labs.1"] == Standing.LATE


def test_each_visit_needs_its_own_ride(course, nora, now):
    gates.fulfil(course=course, gate="escort.1", by=nora, now=now, visits=[infusion(course, 1), infusion(course, 3)])
    found = {key: items["escort.1"] for key, items in stands(course, now).items() if "escort.1" in items}
    assert found == {
        "infusions.1": Standing.IN_PLACE,
        "infusions.2": Standing.OPEN,
        "infusions.3": Standing.IN_PLACE,
    }


def test_a_ride_is_for_one_time_only(course, nora, flora, now):
    visit = infusion(course, 2)
    gates.fulfil(course=course, gate="escort.1", by=nora, now=now, visits=[visit])
    visits.move(
        visit=visit, starts_at=visit.appointment.starts_at + timedelta(hours=2), by=flora, now=now, version=None
    )
    assert stands(course, now)["infusions.2"]["escort.1"] == Standing.OPEN


def test_the_first_visit_is_the_first_that_takes_place(course, flora, now):
    visits.cancel(visit=infusion(course, 1), by=flora, now=now, version=None, reason="")
    assert "consent.1" in stands(course, now)["infusions.2"]
    assert "infusions.1" not in stands(course, now)


def test_a_withdrawal(course, nora, now):
    [fact] = gates.fulfil(course=course, gate="consent.1", by=nora, now=now)
    gates.withdraw(fulfilment=fact, by=nora, now=now, reason="changed her mind")
    assert stands(course, now)["infusions.1"]["consent.1"] == Standing.OPEN
    with pytest.raises(gates.WithdrawnAlready):
        gates.withdraw(fulfilment=fact, by=nora, now=now, reason="")
    assert GateWithdrawal.objects.count() == 1
    gates.fulfil(course=course, gate="consent.1", by=nora, now=now)
    assert stands(course, now)["infusions.1"]["consent.1"] == Standing.IN_PLACE


def test_facts_never_change(course, nora, now):
    [fact] = gates.fulfil(course=course, gate="consent.1", by=nora, now=now)
    [other] = gates.fulfil(course=course, gate="consent.1", by=nora, now=now)
    made = gates.withdraw(fulfilment=other, by=nora, now=now, reason="")
    for row in (fact, made):
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(by=nora)
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).delete()


def test_a_start_belongs_to_a_visit(course, nora, now):
    with pytest.raises(IntegrityError, match="treatments_gatefulfilment_start_has_visit"), transaction.atomic():
        GateFulfilment.objects.create(course=course, gate="escort.1", done_at=now, visit_starts_at=now, by=nora)


@pytest.mark.parametrize(
    ("changes", "pointer", "says"),
    [
        ({"gate": "escort.2"}, "gate", "no such gate"),
        ({"done_at": datetime(2026, 5, 4, 12, 0, 1, tzinfo=UTC)}, "done_at", "future"),
        ({"done_at": datetime(2021, 1, 1, tzinfo=UTC)}, "done_at", "five years"),
        ({"done_at": datetime(2026, 5, 4)}, "done_at", "offset"),
        ({"valid_until": date(2026, 5, 3)}, "valid_until", "single day"),
        ({"note": "x" * 501}, "note", "500"),
        ({"note": "a\x00"}, "note", "stored"),
        ({"gate": "escort.1"}, "visits", "for which visits"),
    ],
)
def test_what_cannot_be_recorded(course, nora, now, changes, pointer, says):
    with pytest.raises(InvalidInput, match=says) as raised:
        gates.fulfil(**({"course": course, "gate": "consent.1", "by": nora, "now": now} | changes))
    assert raised.value.pointer == pointer
    assert not GateFulfilment.objects.exists()


def test_only_visits_that_wait_for_it(course, book, nora, now):
    with pytest.raises(InvalidInput, match="Do not name visits"):
        gates.fulfil(course=course, gate="consent.1", by=nora, now=now, visits=[infusion(course, 1)])
    for stranger in (course.visits.get(key="talks.1"), book().course.visits.get(key="infusions.1")):
        with pytest.raises(InvalidInput, match="does not wait for it") as raised:
            gates.fulfil(course=course, gate="escort.1", by=nora, now=now, visits=[infusion(course, 1), stranger])
        assert raised.value.pointer == "visits/1"
    assert not GateFulfilment.objects.exists()


def test_a_course_that_is_over_waits_for_nothing(course, nora, flora, now):
    courses.cancel(course=course, by=flora, now=now, reason="")
    with pytest.raises(gates.CourseNotRunning):
        gates.fulfil(course=course, gate="consent.1", by=nora, now=now)


@pytest.mark.parametrize("role", [Role.SERVICE, *Role.values])
def test_everybody_who_works_there_may(course, now, role):
    assert gates.fulfil(course=course, gate="consent.1", by=UserFactory(role=role), now=now)


def test_nobody_else(course, nora, now):
    [fact] = gates.fulfil(course=course, gate="consent.1", by=nora, now=now)
    leaver = UserFactory(role=Role.NURSE, is_active=False)
    with pytest.raises(NotAllowed):
        gates.fulfil(course=course, gate="consent.1", by=leaver, now=now)
    with pytest.raises(NotAllowed):
        gates.withdraw(fulfilment=fact, by=leaver, now=now, reason="")


def test_readiness_costs_three_queries(course, nora, now, django_assert_num_queries):
    gates.fulfil(course=course, gate="consent.1", by=nora, now=now)
    with django_assert_num_queries(3):
        readiness(course, now=now)


def test_the_planner_waits_for_what_cannot_be_there(site, clinic, patient, flora, mona, now):
    """Consent is needed four days before: asked for on Monday at 8:00, so no infusion is before Friday at 8:00."""
    long = [GATES[0] | {"lead_hours": 96}]
    version = protocols.publish(document=document(gates=long), by=mona, now=now)
    wanted = {"protocol_version": version, "site": site, "patient": patient, "start_on": date(2026, 5, 5), "wishes": {}}
    proposal = courses.propose(**wanted, by=flora, now=now)
    first = min(visit.starts_at for visit in proposal.visits if visit.key == "infusions.1")
    assert first == datetime(2026, 5, 11, 12, tzinfo=UTC)  # a Friday has no talk on the day after
    assert first >= now + timedelta(hours=96)
    # the control: without the gate it is sooner
    free = protocols.publish(document=document(gates=[], code="free"), by=mona, now=now)
    sooner = courses.propose(**(wanted | {"protocol_version": free}), by=flora, now=now)
    assert min(visit.starts_at for visit in sooner.visits) < now + timedelta(hours=96)

    # what a person chose is not refused, only told
    chosen = [
        courses.Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
        for visit in sooner.visits
    ]
    booked = courses.book(**wanted, visits=chosen, by=flora, now=now).course
    assert readiness(booked, now=now).light == Light.RED


def test_the_planner_leaves_time_to_fast(site, clinic, patient, flora, mona, now):
    """Six hours without food: asked for at 8:00, no infusion is before 14:00, nor is one moved to there by itself."""
    free = document(gates=[], code="free")
    fasted = document(gates=[])
    fasted["visit_types"]["infusion"]["prepare"] = {
        "fasting": {"food_hours": 6, "clear_fluids_hours": 2, "source": "T"}
    }
    found = {}
    for made in (free, fasted):
        version = protocols.publish(document=made, by=mona, now=now)
        wanted = {
            "protocol_version": version,
            "site": site,
            "start_on": now.date(),
            "wishes": {},
            "by": flora,
            "now": now,
        }
        proposal = courses.propose(**wanted, patient=patient)
        found[made["code"]] = min(each.starts_at for each in proposal.visits if each.key == "infusions.1") - now
    assert found["free"] < timedelta(hours=6) <= found["test-series"]

    course = courses.book(**wanted | {"start_on": now.date() + timedelta(days=1)}, patient=patient).course
    first = course.visits.select_related("appointment").get(key="infusions.1")
    again = starts.next_for_visit(visit=first, by=flora, now=now)
    assert again.starts_at >= now + timedelta(hours=6)
    near = first.appointment.starts_at - timedelta(hours=2)
    later = starts.next_for_visit(visit=first, by=flora, now=near)
    assert later.starts_at < near + timedelta(hours=6), "who fasts for the time that was booked can come a little later"
