"""Several changes of the calendar in one go, and taking a change set back."""

import pytest

from core.errors import InvalidInput, NotAllowed
from scheduler.actions import appointments, rearranging, undoing
from scheduler.actions.appointments import Changed, Taken, WrongStatus
from scheduler.actions.rearranging import Making, Moving, Orders
from scheduler.actions.undoing import CannotUndo
from scheduler.models import Allocation, Appointment, ChangeLine, ChangeSet
from scheduler.models.change_set import Verb
from tests.factories.clinics import PatientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]

FIELDS = (
    "status",
    "previous_status",
    "starts_at",
    "ends_at",
    "local_on",
    "local_time",
    "zone",
    "summary",
    "confirmed_at",
)
TAKES = ("appointment", "resource", "role", "lane", "is_shared", "starts_at", "ends_at", "is_active")


@pytest.fixture
def book(site, patient, flora, booking, now):
    def book(starts_at, *resources, whose=None, shared=()):
        asked = [booking(starts_at, *resources, shared=shared)]
        whose = whose or patient
        return appointments.book(site=site, patient=whose, bookings=asked, by=flora, now=now).appointments[0]

    return book


@pytest.fixture
def rearrange(site, flora, now):
    def rearrange(**orders):
        return rearranging.rearrange(orders=Orders(site, **orders), verb=Verb.MOVE, by=flora, now=now)

    return rearrange


@pytest.fixture
def undo(flora, now):
    def undo(change_set, **changes):
        return undoing.restore(change_set=change_set, **({"by": flora, "now": now} | changes))

    return undo


def calendar():
    """All that stands in it, as data."""
    return {
        "appointments": sorted(Appointment.objects.values_list("id", *FIELDS)),
        "allocations": sorted(Allocation.objects.values_list(*TAKES), key=str),
    }


def lines_of(change_set):
    return {
        line.appointment_id: (line.before and line.before["starts_at"][11:16], line.after["starts_at"][11:16])
        for line in change_set.lines.all()
    }


class TestRearranging:
    def test_two_patients_swap_their_places(self, book, rearrange, chair, booking, at, announced):
        first, second = book(at(10), chair), book(at(14), chair, whose=PatientFactory())
        announced.clear()

        made = rearrange(moves=[Moving(first, booking(at(14), chair)), Moving(second, booking(at(10), chair))])

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.starts_at, second.starts_at) == (at(14), at(10))
        assert [set(told) for _, told in announced] == [{first, second}]
        assert lines_of(made.change_set) == {first.pk: ("14:00", "18:00"), second.pk: ("18:00", "14:00")}

    def test_two_visits_of_one_patient_swap_their_places(self, book, rearrange, chair, other_chair, booking, at):
        first, second = book(at(10), chair), book(at(14), other_chair)
        rearrange(moves=[Moving(first, booking(at(14), chair)), Moving(second, booking(at(10), other_chair))])
        assert list(Appointment.objects.order_by("starts_at")) == [second, first]

    def test_what_is_cancelled_is_free_for_the_rest(self, book, rearrange, chair, booking, at):
        kept, cancelled = book(at(10), chair), book(at(14), chair, whose=PatientFactory())
        other = PatientFactory()
        made = rearrange(
            cancelled=[cancelled],
            moves=[Moving(kept, booking(at(14), chair))],
            bookings=[Making(other, booking(at(10), chair))],
        )
        assert [each.patient for each in made.appointments] == [kept.patient, other, cancelled.patient]
        assert made.change_set.lines.count() == 3
        assert ChangeLine.objects.get(appointment=made.appointments[1], change_set=made.change_set).before is None

    def test_all_or_nothing(self, book, rearrange, chair, other_chair, booking, at):
        first, in_the_way = book(at(10), chair), book(at(14), other_chair, whose=PatientFactory())
        second = book(at(16), chair)
        before = calendar()
        sets = ChangeSet.objects.count()
        with pytest.raises(Taken) as refused:
            rearrange(
                cancelled=[second],
                moves=[Moving(first, booking(at(14), other_chair))],
            )
        assert refused.value.detail["resource"]["name"] == "Chair 2"
        assert calendar() == before
        assert ChangeSet.objects.count() == sets
        assert in_the_way.status == "booked"

    def test_one_patient_is_not_in_two_places_within_a_call(self, book, rearrange, chair, other_chair, booking, at):
        first, second = book(at(10), chair), book(at(12), other_chair)
        with pytest.raises(Taken, match="The patient"):
            rearrange(moves=[Moving(first, booking(at(14), chair)), Moving(second, booking(at(14, 30), other_chair))])

    def test_stale_and_finished_ones_are_refused(self, book, site, flora, nora, chair, booking, at, now):
        booked = book(at(10), chair)
        seen = {str(booked.pk): 7}
        with pytest.raises(Changed):
            rearranging.rearrange(
                orders=Orders(site, cancelled=[booked], versions=seen), verb=Verb.CANCEL, by=flora, now=now
            )
        with pytest.raises(NotAllowed):
            rearranging.rearrange(orders=Orders(site, cancelled=[booked]), verb=Verb.CANCEL, by=nora, now=now)
        with pytest.raises(WrongStatus):
            rearranging.rearrange(orders=Orders(site, missed=[booked]), verb=Verb.NO_SHOW, by=flora, now=now)
        with pytest.raises(InvalidInput):
            rearranging.rearrange(orders=Orders(site, cancelled=[booked] * 2), verb=Verb.CANCEL, by=flora, now=now)

    def test_looking_writes_nothing_and_says_the_same(self, book, site, rearrange, chair, booking, at, now):
        first = book(at(10), chair)
        book(at(14), chair, whose=PatientFactory())
        wanted = [Moving(first, booking(at(14, 30), chair))]
        with pytest.raises(Taken) as looked:
            rearranging.look(orders=Orders(site, moves=wanted), now=now)
        with pytest.raises(Taken) as tried:
            rearrange(moves=wanted)
        assert looked.value.detail == tried.value.detail
        rearranging.look(orders=Orders(site, moves=[Moving(first, booking(at(16), chair))]), now=now)


class TestUndoing:
    def test_a_move(self, book, undo, flora, now, chair, other_chair, nurse, booking, at):
        booked = book(at(10), chair, shared=(nurse,))
        Appointment.objects.update(confirmed_at=now)
        before = calendar()
        moved = appointments.move(appointment=booked, to=booking(at(14), other_chair), by=flora, now=now, version=1)

        made = undo(moved.change_set)

        assert calendar() == before
        row = Appointment.objects.get()
        assert (row.version, row.schedule_epoch) == (3, 3), "nothing said about the time in between holds"
        assert (made.change_set.verb, made.change_set.undoes) == (Verb.UNDO, moved.change_set)

    def test_a_cancellation(self, book, undo, flora, now, chair, nurse, at, announced):
        booked = [book(at(10), chair, shared=(nurse,)), book(at(14), chair)]
        before = calendar()
        cancelled = appointments.cancel(appointments=booked, by=flora, now=now, reason="Ill")
        announced.clear()
        undo(cancelled.change_set)
        assert calendar() == before
        assert {row.schedule_epoch for row in Appointment.objects.all()} == {2}, "reminders are written again"
        assert [len(told) for _, told in announced] == [2]

    def test_a_booking_is_cancelled(self, book, undo, chair, at):
        booked = book(at(10), chair)
        undo(booked.change_set)
        booked.refresh_from_db()
        assert booked.status == "cancelled"
        assert not Allocation.objects.filter(is_active=True).exists()

    def test_a_status(self, book, undo, nora, chair, at):
        booked = book(at(10), chair)
        before = calendar()
        missed = appointments.set_status(appointment=booked, status="missed", by=nora, now=at(10, 30), version=None)
        undo(missed.change_set, by=nora, now=at(10, 40))
        assert calendar() == before

    def test_a_swap(self, book, rearrange, undo, chair, booking, at):
        first, second = book(at(10), chair), book(at(14), chair, whose=PatientFactory())
        before = calendar()
        made = rearrange(moves=[Moving(first, booking(at(14), chair)), Moving(second, booking(at(10), chair))])
        undo(made.change_set)
        assert calendar() == before

    def test_an_undo_and_again(self, book, undo, flora, now, chair, booking, at):
        booked = book(at(10), chair)
        moved = appointments.move(appointment=booked, to=booking(at(14), chair), by=flora, now=now, version=1)
        after = calendar()
        undone = undo(moved.change_set)
        undo(undone.change_set)
        assert calendar() == after

    def test_twice_is_refused(self, book, undo, chair, at):
        booked = book(at(10), chair)
        undo(booked.change_set)
        with pytest.raises(CannotUndo) as refused:
            undo(booked.change_set)
        assert [each["code"] for each in refused.value.detail["obstacles"]] == ["undone"]

    def test_the_later_change_first(self, book, undo, flora, now, chair, booking, at):
        booked = book(at(10), chair)
        first = appointments.move(appointment=booked, to=booking(at(14), chair), by=flora, now=now, version=1)
        second = appointments.move(appointment=booked, to=booking(at(16), chair), by=flora, now=now, version=2)
        with pytest.raises(CannotUndo) as refused:
            undo(first.change_set)
        assert [each["code"] for each in refused.value.detail["obstacles"]] == ["changed"]
        undo(second.change_set)
        undo(first.change_set)
        assert Appointment.objects.get().starts_at == at(10)

    def test_a_place_taken_meanwhile_is_named(self, book, undo, flora, now, chair, at):
        booked = book(at(10), chair)
        cancelled = appointments.cancel(appointments=[booked], by=flora, now=now, reason="")
        book(at(10, 30), chair, whose=PatientFactory())
        before = calendar()
        with pytest.raises(Taken) as refused:
            undo(cancelled.change_set)
        assert refused.value.detail["resource"]["name"] == "Chair 1"
        assert calendar() == before

    def test_a_time_that_is_over(self, book, undo, flora, now, chair, at):
        booked = book(at(10), chair)
        cancelled = appointments.cancel(appointments=[booked], by=flora, now=now, reason="")
        with pytest.raises(CannotUndo) as refused:
            undo(cancelled.change_set, now=at(11))
        assert [each["code"] for each in refused.value.detail["obstacles"]] == ["over"]

    def test_those_who_may_not(self, book, undo, nora, flora, now, chair, booking, at):
        booked = book(at(10), chair)
        moved = appointments.move(appointment=booked, to=booking(at(14), chair), by=flora, now=now, version=1)
        undone = undo(moved.change_set)
        for change_set in (booked.change_set, undone.change_set):
            with pytest.raises(NotAllowed):
                undo(change_set, by=nora)
