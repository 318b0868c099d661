"""Changing resources and hours: what is booked is never lost from sight."""

from datetime import date, time

import pytest
from django.apps import apps
from django.db.models import ProtectedError

from core.errors import Conflict, InvalidInput, NotAllowed
from scheduler.actions import appointments, resources, site_hours
from scheduler.actions.appointments import NotWorking
from scheduler.actions.resources import HasBookings, ResourceChanged, WrongResource
from scheduler.models import Allocation, Appointment, Resource
from tests.factories.clinics import PatientFactory, UserFactory
from tests.factories.scheduler import AbsenceFactory, PersonFactory, SkillFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]

WEDNESDAY = date(2026, 5, 6)
FULL_WEEK = {weekday: [(time(8), time(18))] for weekday in range(5)}


@pytest.fixture
def book(site, flora, booking, now):
    def make(starts_at, *exclusive, shared=(), minutes=60):
        asked = [booking(starts_at, *exclusive, shared=shared, minutes=minutes)]
        return appointments.book(
            site=site, patient=PatientFactory(given_name="Secret"), bookings=asked, by=flora, now=now
        ).appointments[0]

    return make


def refused(change, **choices):
    """The ids that a refusal lists."""
    with pytest.raises(HasBookings) as error:
        change(**choices)
    assert error.value.detail["count"] >= len(error.value.detail["appointments"]) > 0
    assert "Secret" not in error.value.message + repr(error.value.detail)
    return [each["id"] for each in error.value.detail["appointments"]]


class TestSwitchOff:
    def test_refused_with_what_it_hits_or_done_and_told(self, book, chair, mona, at, now):
        later, sooner = book(at(14), chair), book(at(10), chair)
        assert refused(resources.switch_off, resource=chair, by=mona, now=now) == [str(sooner.id), str(later.id)]
        assert Resource.objects.get(id=chair.id).is_active

        outcome = resources.switch_off(resource=chair, by=mona, now=now, accept_consequences=True)
        assert list(outcome.affected) == [sooner, later]
        assert not Resource.objects.get(id=chair.id).is_active
        assert set(Appointment.objects.values_list("status", flat=True)) == {"booked"}

    def test_what_is_over_or_cancelled_is_no_hindrance(self, book, chair, mona, flora, at, now):
        book(at(10), chair)
        cancelled = book(at(14), chair)
        appointments.cancel(appointments=[cancelled], by=flora, now=now, reason="")
        outcome = resources.switch_off(resource=chair, by=mona, now=at(11))
        assert outcome.affected == ()

    def test_nothing_is_booked_on_it_from_then_on(self, book, chair, mona, at, now):
        resources.switch_off(resource=chair, by=mona, now=now)
        with pytest.raises(NotWorking):
            book(at(10), chair)
        resources.switch_on(resource=chair, by=mona, now=now)
        book(at(10), chair)

    def test_the_error_names_ten_and_counts_all(self, book, nurse, mona, at, now):
        for hour in range(8, 12):
            for _ in range(3):
                book(at(hour), shared=(nurse,))
        with pytest.raises(HasBookings) as error:
            resources.switch_off(resource=nurse, by=mona, now=now)
        assert (error.value.detail["count"], len(error.value.detail["appointments"])) == (12, 10)
        assert error.value.message == "This hits 12 booked appointments."

    def test_stale_and_who_may(self, chair, mona, flora, now):
        resources.switch_off(resource=chair, by=mona, now=now, version=1)
        with pytest.raises(ResourceChanged):
            resources.switch_on(resource=chair, by=mona, now=now, version=1)
        with pytest.raises(NotAllowed):
            resources.switch_off(resource=chair, by=flora, now=now)


class TestPeople:
    def test_somebody_in_booked_courses_does_not_vanish(self, site, book, mona, at, now):
        account = UserFactory(role="nurse")
        nurse = PersonFactory(site=site, user=account)
        hit = book(at(10), nurse)
        assert refused(resources.switch_off_account, user=account, by=mona, now=now) == [str(hit.id)]
        account.refresh_from_db()
        assert account.is_active

        outcome = resources.switch_off_account(user=account, by=mona, now=now, accept_consequences=True)
        account.refresh_from_db()
        assert outcome is not None
        assert (account.is_active, outcome.resource.is_active, list(outcome.affected)) == (False, False, [hit])

    def test_nor_by_deleting_rows(self, site, book, mona, at):
        account = UserFactory(role="nurse")
        nurse = PersonFactory(site=site, user=account)
        book(at(10), nurse)
        for row in (account, nurse):
            with pytest.raises(ProtectedError):
                row.delete()
        with pytest.raises(HasBookings, match="Switch it off instead"):
            resources.remove(resource=nurse, by=mona)

    def test_one_who_was_never_booked(self, chair, mona, flora, now):
        assert resources.switch_off_account(user=flora, by=mona, now=now) is None
        with pytest.raises(Conflict):
            resources.switch_off_account(user=mona, by=mona, now=now)
        resources.remove(resource=chair, by=mona)
        resources.remove(resource=chair, by=mona)
        assert not Resource.objects.exists()


class TestWorkingHours:
    def test_a_cut_is_refused_or_told(self, site, book, nurse, mona, at, now):
        hit, kept = book(at(16, 30), shared=(nurse,)), book(at(9), shared=(nurse,))
        shorter = {weekday: [(time(8), time(16))] for weekday in range(5)}
        change = {"resource": nurse, "hours": shorter, "valid_from": date(2026, 5, 5), "by": mona, "now": now}
        assert refused(resources.set_working_hours, **change) == [str(hit.id)]
        assert resources.set_working_hours(**change, accept_consequences=True).affected == (hit,)
        assert kept.id != hit.id
        # what did not stand before is not counted again
        assert resources.set_working_hours(**change).affected == ()

    def test_from_a_date_on(self, book, nurse, mona, at, now):
        book(at(10), shared=(nurse,))
        resources.set_working_hours(resource=nurse, hours={}, valid_from=WEDNESDAY, by=mona, now=now)
        with pytest.raises(NotWorking):
            book(at(10, on=WEDNESDAY), shared=(nurse,))
        resources.set_working_hours(resource=nurse, hours=FULL_WEEK, valid_from=WEDNESDAY, by=mona, now=now)
        book(at(10, on=WEDNESDAY), shared=(nurse,))
        book(at(11), shared=(nurse,))

    @pytest.mark.parametrize(
        "hours",
        [
            {7: [(time(8), time(9))]},
            {0: [(time(9), time(9))]},
            {0: [(time(9), time(8))]},
            {0: [(time(8), time(12)), (time(11), time(13))]},
        ],
    )
    def test_impossible_hours(self, nurse, mona, site, now, hours):
        with pytest.raises(InvalidInput):
            resources.set_working_hours(resource=nurse, hours=hours, valid_from=WEDNESDAY, by=mona, now=now)
        with pytest.raises(InvalidInput):
            site_hours.set_opening_hours(site=site, hours=hours, valid_from=WEDNESDAY, by=mona, now=now)


class TestAbsences:
    def test_a_sick_nurse(self, book, nurse, mona, at, now):
        hit = book(at(10), shared=(nurse,))
        book(at(14), shared=(nurse,))
        away = {"resource": nurse, "starts_at": at(8), "ends_at": at(12), "reason": "Ill", "by": mona, "now": now}
        assert refused(resources.add_absence, **away) == [str(hit.id)]
        assert not nurse.absences.exists()
        assert resources.add_absence(**away, accept_consequences=True).affected == (hit,)

    def test_taking_extra_time_back(self, site, book, mona, at, now):
        nurse = PersonFactory(site=site, hours=())
        extra = AbsenceFactory(resource=nurse, starts_at=at(8), ends_at=at(12), is_extra=True)
        hit = book(at(10), nurse)
        assert refused(resources.remove_absence, absence=extra, by=mona, now=now) == [str(hit.id)]
        assert resources.remove_absence(absence=extra, by=mona, now=now, accept_consequences=True).affected == (hit,)

    def test_reversed(self, nurse, mona, at, now):
        with pytest.raises(InvalidInput):
            resources.add_absence(resource=nurse, starts_at=at(9), ends_at=at(9), reason="", by=mona, now=now)


class TestEdit:
    def test_adding(self, site, mona, flora):
        SkillFactory(code="infusion")
        made = resources.add(site=site, kind="chair", name="Chair 9", by=mona, skills=["infusion"], lanes=2)
        assert [skill.code for skill in made.skills.all()] == ["infusion"]
        with pytest.raises(WrongResource):  # the name is taken at this site
            resources.add(site=site, kind="chair", name="Chair 9", by=mona)
        for wrong in ({"kind": "spaceship"}, {"lanes": 0}, {"skills": ["flying"]}, {"colour": "red"}):
            with pytest.raises(WrongResource):
                resources.add(**{"site": site, "kind": "chair", "name": "Chair 10", "by": mona, **wrong})
        with pytest.raises(NotAllowed):
            resources.add(site=site, kind="chair", name="Chair 11", by=flora)

    def test_details_and_skills(self, chair, mona, now):
        SkillFactory(code="quiet")
        outcome = resources.edit(resource=chair, by=mona, now=now, version=1, name="Window", skills=["quiet"])
        assert (outcome.resource.name, outcome.resource.version, outcome.affected) == ("Window", 2, ())
        assert [skill.code for skill in chair.skills.all()] == ["quiet"]
        with pytest.raises(ResourceChanged):
            resources.edit(resource=chair, by=mona, now=now, version=1, name="Door")

    def test_who_gave_and_took_a_skill_is_kept(self, chair, mona, now):
        SkillFactory(code="quiet")
        resources.edit(resource=chair, by=mona, now=now, version=1, skills=["quiet"])
        events = apps.get_model("scheduler", "ResourceSkillEvent").objects.filter(pgh_context__isnull=False)
        assert [(each.pgh_label, each.skill.code) for each in events.order_by("pgh_id")] == [
            ("delete", "infusion"),
            ("insert", "quiet"),
        ]
        assert {each.pgh_context.metadata["user"] for each in events} == {str(mona.pk)}

    def test_more_lanes_do_not_let_anybody_in_beside_exclusive_use(self, book, nurse, mona, at, now):
        alone = book(at(10), nurse)
        resources.edit(resource=nurse, by=mona, now=now, version=1, lanes=5)
        assert sorted(alone.allocations.values_list("lane", flat=True)) == [0, 1, 2, 3, 4]
        with pytest.raises(appointments.Taken):
            book(at(10), shared=(nurse,))

    def test_fewer_lanes_hit_those_who_share_them(self, book, nurse, mona, at, now):
        _, _, third = (book(at(10), shared=(nurse,)) for _ in range(3))
        alone = book(at(14), nurse)
        fewer = {"resource": nurse, "by": mona, "now": now, "version": 1, "lanes": 2}
        assert refused(resources.edit, **fewer) == [str(third.id)]
        assert alone.allocations.count() == 3
        assert resources.edit(**fewer, accept_consequences=True).affected == (third,)
        assert alone.allocations.count() == 2


class TestSiteHours:
    def test_shorter_opening_hours(self, site, book, chair, nurse, mona, at, now):
        hit, without_resources, kept = book(at(8), chair), book(at(8)), book(at(10), chair)
        later = {weekday: [(time(9), time(18))] for weekday in range(5)}
        change = {"site": site, "hours": later, "valid_from": date(2026, 5, 5), "by": mona, "now": now}
        assert sorted(refused(site_hours.set_opening_hours, **change)) == sorted(
            [str(hit.id), str(without_resources.id)]
        )
        assert kept not in site_hours.set_opening_hours(**change, accept_consequences=True).affected
        with pytest.raises(NotWorking):
            book(at(8, on=WEDNESDAY), chair)

    def test_a_closure(self, site, book, chair, mona, at, now):
        hit = book(at(10), chair)
        closure = {"site": site, "on": date(2026, 5, 5), "reason": "Power cut", "by": mona, "now": now}
        assert refused(site_hours.set_day, **closure) == [str(hit.id)]
        assert site_hours.set_day(**closure, accept_consequences=True).affected == (hit,)
        assert Allocation.objects.filter(is_active=True).count() == 1

    def test_a_saturday_clinic_and_its_end(self, site, book, chair, mona, at, now):
        saturday = date(2026, 5, 9)
        opened = {"site": site, "on": saturday, "reason": "Clinic", "open_from": time(9), "open_until": time(13)}
        site_hours.set_day(**opened, by=mona, now=now)
        hit = book(at(10, on=saturday), chair)
        assert refused(site_hours.clear_days, site=site, dates=[saturday], by=mona, now=now) == [str(hit.id)]
        shorter = {"site": site, "on": saturday, "reason": "Short", "open_from": time(9), "open_until": time(10)}
        assert refused(site_hours.set_day, **shorter, by=mona, now=now) == [str(hit.id)]

    def test_bad_requests(self, site, mona, flora, now):
        day = {"site": site, "on": WEDNESDAY, "reason": "x", "now": now}
        for wrong in ({"open_from": time(9)}, {"open_from": time(9), "open_until": time(9)}, {"reason": "x" * 101}):
            with pytest.raises(InvalidInput):
                site_hours.set_day(**{**day, "by": mona, **wrong})
        with pytest.raises(NotAllowed):
            site_hours.set_day(**day, by=flora)


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_is_fixed(book, nurse, mona, at, now, count, django_assert_num_queries):
    for hour in range(count):
        book(at(9 + hour), shared=(nurse,))
    # 2 for the savepoint, 1 for locks, 7 to look, 2 to change, 7 to look again
    with django_assert_num_queries(19):
        resources.switch_off(resource=nurse, by=mona, now=now, accept_consequences=True)


def test_appointments_that_stand_are_found_within_minutes_of_the_edge(book, nurse, mona, at, now):
    book(at(17), shared=(nurse,))
    nearly = {weekday: [(time(8), time(17, 59))] for weekday in range(5)}
    exactly = {weekday: [(time(17), time(18))] for weekday in range(5)}
    change = {"resource": nurse, "valid_from": date(2026, 5, 5), "by": mona, "now": now}
    assert refused(resources.set_working_hours, **change, hours=nearly)
    assert resources.set_working_hours(**change, hours=exactly).affected == ()
