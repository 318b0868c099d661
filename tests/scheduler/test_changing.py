"""Moving, cancelling and marking appointments."""

from datetime import date, timedelta

import pytest

from core.errors import InvalidInput, NotAllowed, NotFound
from scheduler.actions import appointments
from scheduler.actions.appointments import STEPS, Changed, NotWorking, OutOfRange, Taken, WrongStatus
from scheduler.models import Appointment, ChangeSet, Status
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AppointmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]


@pytest.fixture
def booked(site, patient, flora, chair, nurse, booking, at, now):
    """Tuesday at 10, Chair 1 and one lane of the nurse."""
    asked = [booking(at(10), chair, shared=(nurse,))]
    return appointments.book(site=site, patient=patient, bookings=asked, by=flora, now=now).appointments[0]


def lanes(appointment):
    return sorted(appointment.allocations.filter(is_active=True).values_list("resource__name", "lane", "starts_at"))


class TestMove:
    def test_the_new_place_replaces_the_old(self, booked, flora, other_chair, booking, at, now, announced):
        Appointment.objects.update(confirmed_at=now)
        announced.clear()
        made = appointments.move(
            appointment=booked, to=booking(at(14, 30), other_chair), by=flora, now=now, version=1, reason="Bus"
        )
        moved = Appointment.objects.get()
        assert (moved.starts_at, moved.ends_at) == (at(14, 30), at(15, 30))
        assert (moved.local_on, f"{moved.local_time:%H:%M}") == (date(2026, 5, 5), "14:30")
        assert (moved.schedule_epoch, moved.version, moved.confirmed_at) == (2, 2, None)
        assert lanes(moved) == [("Chair 2", 0, at(14, 30))]
        assert (made.change_set.verb, made.change_set.reason) == ("move", "Bus")
        assert moved.change_set == made.change_set
        assert announced == [(made.change_set, [moved])]

    def test_another_chair_at_the_same_time_leaves_what_the_patient_was_told(
        self, booked, flora, other_chair, booking, at, now
    ):
        Appointment.objects.update(confirmed_at=now)
        appointments.move(appointment=booked, to=booking(at(10), other_chair), by=flora, now=now, version=1)
        moved = Appointment.objects.get()
        assert lanes(moved) == [("Chair 2", 0, at(10))]
        assert (moved.schedule_epoch, moved.version, moved.confirmed_at) == (1, 2, now)

    def test_it_may_overlap_itself(self, booked, flora, chair, booking, at, now):
        appointments.move(appointment=booked, to=booking(at(10, 30), chair), by=flora, now=now, version=1)
        assert lanes(booked) == [("Chair 1", 0, at(10, 30))]

    def test_the_old_place_is_free_again(self, site, booked, flora, chair, nurse, booking, at, now):
        appointments.move(appointment=booked, to=booking(at(14), chair), by=flora, now=now, version=1)
        appointments.book(
            site=site, patient=PatientFactory(), bookings=[booking(at(10), chair, nurse)], by=flora, now=now
        )

    def test_a_taken_place_changes_nothing(self, site, booked, flora, chair, booking, at, now):
        appointments.book(site=site, patient=PatientFactory(), bookings=[booking(at(14), chair)], by=flora, now=now)
        before = lanes(booked)
        with pytest.raises(Taken):
            appointments.move(appointment=booked, to=booking(at(14, 30), chair), by=flora, now=now, version=1)
        assert lanes(booked) == before
        assert Appointment.objects.get(id=booked.id).version == 1
        assert not ChangeSet.objects.filter(verb="move").exists()

    def test_nor_to_where_the_patient_is_already(self, site, booked, patient, flora, other_chair, booking, at, now):
        appointments.book(site=site, patient=patient, bookings=[booking(at(14))], by=flora, now=now)
        with pytest.raises(Taken) as refused:
            appointments.move(appointment=booked, to=booking(at(14, 30), other_chair), by=flora, now=now, version=1)
        assert refused.value.detail["resource"] is None

    def test_not_out_of_hours_nor_out_of_range(self, booked, flora, chair, booking, at, now):
        with pytest.raises(NotWorking):
            appointments.move(appointment=booked, to=booking(at(19), chair), by=flora, now=now, version=1)
        with pytest.raises(OutOfRange):
            appointments.move(
                appointment=booked, to=booking(now - timedelta(hours=1), chair), by=flora, now=now, version=1
            )

    def test_a_stale_version_is_refused_with_what_is_there_now(self, booked, flora, chair, booking, at, now):
        appointments.move(appointment=booked, to=booking(at(14), chair), by=flora, now=now, version=1)
        with pytest.raises(Changed) as refused:
            appointments.move(appointment=booked, to=booking(at(15), chair), by=flora, now=now, version=1)
        assert refused.value.detail == {"current": {"version": 2, "status": "booked", "starts_at": at(14).isoformat()}}
        appointments.move(appointment=booked, to=booking(at(15), chair), by=flora, now=now, version=None)

    def test_only_what_is_booked_moves(self, booked, flora, chair, booking, at, now):
        appointments.cancel(appointments=[booked], by=flora, now=now, reason="")
        with pytest.raises(WrongStatus, match="An appointment that is cancelled cannot be moved"):
            appointments.move(appointment=booked, to=booking(at(14), chair), by=flora, now=now, version=None)

    def test_who_may(self, booked, nora, chair, booking, at, now):
        with pytest.raises(NotAllowed):
            appointments.move(appointment=booked, to=booking(at(14), chair), by=nora, now=now, version=1)


class TestCancel:
    def test_it_frees_everything_as_one_change(self, site, patient, flora, chair, nurse, booking, at, now, announced):
        asked = [booking(at(10, on=date(2026, 5, day)), chair, shared=(nurse,)) for day in (5, 6)]
        made = appointments.book(site=site, patient=patient, bookings=asked, by=flora, now=now)
        announced.clear()
        cancelled = appointments.cancel(
            appointments=made.appointments, by=flora, now=now, reason="Ill", versions={str(made.appointments[0].id): 1}
        )
        assert {(each.status, each.previous_status, each.version) for each in Appointment.objects.all()} == {
            ("cancelled", "booked", 2)
        }
        assert [lanes(each) for each in cancelled.appointments] == [[], []]
        assert cancelled.change_set.patient == patient
        assert announced == [(cancelled.change_set, list(cancelled.appointments))]
        appointments.book(site=site, patient=patient, bookings=asked, by=flora, now=now)

    def test_again_is_nothing(self, booked, flora, now, announced):
        first = appointments.cancel(appointments=[booked], by=flora, now=now, reason="Ill")
        announced.clear()
        again = appointments.cancel(
            appointments=[booked], by=flora, now=now, reason="Ill", versions={str(booked.id): 1}
        )
        assert again.change_set == first.change_set
        assert Appointment.objects.get().version == 2
        assert announced == []

    def test_one_that_cannot_be_keeps_all(self, site, booked, flora, clara, chair, booking, at, now):
        appointments.set_status(appointment=booked, status="done", by=clara, now=at(11), version=1)
        other = appointments.book(
            site=site, patient=PatientFactory(), bookings=[booking(at(14), chair)], by=flora, now=now
        ).appointments[0]
        with pytest.raises(WrongStatus):
            appointments.cancel(appointments=[other, booked], by=flora, now=now, reason="")
        assert Appointment.objects.get(id=other.id).status == "booked"

    def test_stale(self, booked, flora, now):
        with pytest.raises(Changed):
            appointments.cancel(appointments=[booked], by=flora, now=now, reason="", versions={str(booked.id): 7})

    def test_a_held_one_is_not_announced(self, site, patient, flora, chair, booking, at, now, announced):
        held = appointments.hold(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
        appointments.cancel(appointments=held.appointments, by=flora, now=now, reason="")
        assert announced == []

    def test_bad_requests(self, booked, flora, nora, now):
        with pytest.raises(NotAllowed):
            appointments.cancel(appointments=[booked], by=nora, now=now, reason="")
        with pytest.raises(InvalidInput):
            appointments.cancel(appointments=[], by=flora, now=now, reason="")
        with pytest.raises(InvalidInput):
            appointments.cancel(appointments=[booked, AppointmentFactory()], by=flora, now=now, reason="")
        with pytest.raises(NotFound):
            appointments.cancel(appointments=[AppointmentFactory.build(site=booked.site)], by=flora, now=now, reason="")


class TestStatus:
    def test_through_the_visit_and_back(self, booked, nora, at, announced):
        announced.clear()
        for number, status in enumerate(("arrived", "in_treatment", "done", "in_treatment", "arrived", "booked"), 2):
            made = appointments.set_status(
                appointment=booked, status=status, by=nora, now=at(10, 5), version=number - 1
            )
            assert (made.appointments[0].status, made.appointments[0].version) == (status, number)
        row = Appointment.objects.get()
        assert (row.status, row.previous_status, row.version) == ("booked", "arrived", 7)
        assert len(announced) == 6

    def test_missed_by_somebody_else_meanwhile(self, booked, nora, at, monkeypatch):
        appointments.set_status(appointment=booked, status="arrived", by=nora, now=at(10, 5), version=1)
        locked = appointments.locked

        def late(rows):
            monkeypatch.setattr(appointments, "locked", locked)
            appointments.set_status(appointment=booked, status="missed", by=nora, now=at(10, 30), version=2)
            return locked(rows)

        monkeypatch.setattr(appointments, "locked", late)
        with pytest.raises(Changed):  # its chair may be taken by now, and nobody looked
            appointments.set_status(appointment=booked, status="booked", by=nora, now=at(10, 30), version=None)
        assert Appointment.objects.get().status != "booked"

    def test_missed_frees_and_coming_back_takes_again(self, booked, site, nora, flora, chair, booking, at):
        appointments.set_status(appointment=booked, status="missed", by=nora, now=at(10, 30), version=1)
        assert lanes(booked) == []
        appointments.set_status(appointment=booked, status="booked", by=nora, now=at(10, 31), version=2)
        assert [name for name, _, _ in lanes(booked)] == ["Chair 1", "Nina Nurse"]

        appointments.set_status(appointment=booked, status="missed", by=nora, now=at(10, 32), version=3)
        asked = [booking(at(10, 45), chair, minutes=30)]
        appointments.book(site=site, patient=PatientFactory(), bookings=asked, by=flora, now=at(10, 40))
        with pytest.raises(Taken) as refused:
            appointments.set_status(appointment=booked, status="arrived", by=nora, now=at(10, 41), version=4)
        assert refused.value.detail["resource"]["name"] == "Chair 1"
        assert Appointment.objects.get(id=booked.id).status == "missed"

    def test_coming_back_takes_another_lane_when_its_own_is_gone(self, site, booked, nora, flora, nurse, booking, at):
        appointments.set_status(appointment=booked, status="missed", by=nora, now=at(10), version=1)
        other = appointments.book(
            site=site, patient=PatientFactory(), bookings=[booking(at(10), shared=(nurse,))], by=flora, now=at(10)
        ).appointments[0]
        assert [lane for _, lane, _ in lanes(other)] == [0]
        appointments.set_status(appointment=booked, status="arrived", by=nora, now=at(10, 5), version=2)
        assert [(name, lane) for name, lane, _ in lanes(booked)] == [("Chair 1", 0), ("Nina Nurse", 1)]

    @pytest.mark.parametrize("before", [*STEPS, "held", "cancelled"])
    @pytest.mark.parametrize("after", Status.values)
    def test_only_the_listed_steps(self, site, nora, at, before, after):
        row = AppointmentFactory(site=site, starts_at=at(10), status=before)
        if after in STEPS.get(before, ()):
            made = appointments.set_status(appointment=row, status=after, by=nora, now=at(11), version=1)
            assert (made.appointments[0].status, made.appointments[0].previous_status) == (after, before)
        else:
            with pytest.raises(WrongStatus):
                appointments.set_status(appointment=row, status=after, by=nora, now=at(11), version=1)

    def test_not_ahead_of_time(self, booked, nora, at, now):
        with pytest.raises(WrongStatus, match="another day"):
            appointments.set_status(appointment=booked, status="done", by=nora, now=now, version=1)
        with pytest.raises(WrongStatus, match="has not begun"):
            appointments.set_status(appointment=booked, status="missed", by=nora, now=at(9, 59), version=1)
        appointments.set_status(appointment=booked, status="arrived", by=nora, now=at(8), version=1)

    def test_bad_requests(self, booked, nora, at):
        with pytest.raises(InvalidInput) as refused:
            appointments.set_status(appointment=booked, status="beamed_up", by=nora, now=at(10), version=1)
        assert refused.value.pointer == "status"
        with pytest.raises(Changed):
            appointments.set_status(appointment=booked, status="arrived", by=nora, now=at(10), version=9)
