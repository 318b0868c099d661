"""Joining and leaving the waitlist, who fits a freed time, and taking it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from core import clock
from core.errors import InvalidInput, NotAllowed
from scheduler.actions.appointments import Taken
from scheduler.models import Resource
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.treatments.documents import infusions_alone
from treatments.actions import changes, courses, protocols, visits, waitlist
from treatments.actions.waitlist import CannotWait, NotWaiting
from treatments.many import waiting
from treatments.models import Visit, VisitStatus, WaitlistEntry, WaitlistStatus

pytestmark = pytest.mark.django_db

UNTIL = date(2026, 6, 30)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of May 2026 in New York."""
    return datetime(2026, 5, day, hour + 4, minute, tzinfo=UTC)


@pytest.fixture
def infusions(mona, now):
    """Three infusions, three to fourteen days apart, and nothing else."""
    return protocols.publish(document=infusions_alone(), by=mona, now=now)


@pytest.fixture
def course(book, infusions, flora, now):
    """Infusions on Tuesday 5, Friday 8 and, moved there, Wednesday 20 May at 8:00."""
    course = book(protocol_version=infusions).course
    starts = [
        clock.local(each.appointment.starts_at, "America/New_York") for each in course.visits.order_by("position")
    ]
    assert [f"{start:%a %d %H:%M}" for start in starts] == ["Tue 05 08:00", "Fri 08 08:00", "Mon 11 08:00"]
    visits.move(visit=course.visits.get(key="infusions.3"), starts_at=at(20, 8), by=flora, now=now, version=1)
    return course


@pytest.fixture
def join(course, flora, now):
    def join(key: str = "infusions.3", **changes) -> WaitlistEntry:
        usual = {"visit": course.visits.get(key=key), "valid_until": UNTIL, "by": flora, "now": now}
        return waitlist.join(**(usual | changes))

    return join


def fits(site, day: int, now, *, hours=(9, 12), **kwargs):
    return waiting.matches(site=site, starts_at=at(day, hours[0]), ends_at=at(day, hours[1]), now=now, **kwargs)


# --- joining and leaving -------------------------------------------------------------------------------------


def test_a_visit_joins_once_and_leaves(join, flora, now):
    entry = join(wishes={"weekdays": [0, 2]}, urgent=True, note="call her daughter", notice_hours=48)
    assert (entry.status, entry.wishes, entry.sooner) == (WaitlistStatus.WAITING, {"weekdays": [0, 2]}, True)
    with pytest.raises(CannotWait, match="on the waitlist already"):
        join()

    waitlist.leave(entry=entry, by=flora, now=now)
    with pytest.raises(NotWaiting):
        waitlist.leave(entry=entry, by=flora, now=now)
    assert join().pk != entry.pk


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"wishes": {"weekdays": [9]}}, "wishes/weekdays"),
        ({"notice_hours": -1}, "notice_hours"),
        ({"notice_hours": 10_000}, "notice_hours"),
        ({"valid_until": date(2026, 5, 3)}, "valid_until"),
        ({"valid_until": date(2036, 5, 3)}, "valid_until"),
        ({"note": "x" * 501}, "note"),
        ({"note": "\x00"}, "note"),
    ],
)
def test_what_cannot_be_asked_for(join, changes, pointer):
    with pytest.raises(InvalidInput) as raised:
        join(**changes)
    assert raised.value.pointer == pointer
    assert not WaitlistEntry.objects.exists()


def test_a_visit_that_is_over_does_not_wait(join, course, flora, now):
    visits.cancel(visit=course.visits.get(key="infusions.3"), by=flora, now=now, version=None, reason="")
    with pytest.raises(CannotWait, match="cancelled"):
        join()


def test_nurses_only_look(join, nora, flora, now):
    with pytest.raises(NotAllowed):
        join(by=nora)
    entry = join()
    with pytest.raises(NotAllowed):
        waitlist.leave(entry=entry, by=nora, now=now)
    with pytest.raises(NotAllowed):
        waitlist.take(entry=entry, starts_at=at(12, 9), by=nora, now=now)


def test_the_database_keeps_entries_sane(join, course):
    entry = join()
    for sent in ({"status": "lost"}, {"status": WaitlistStatus.TAKEN}):
        with pytest.raises(IntegrityError), transaction.atomic():
            WaitlistEntry.objects.filter(pk=entry.pk).update(**sent)
    with pytest.raises(IntegrityError, match="waits_once"), transaction.atomic():
        WaitlistEntry.objects.create(
            visit=entry.visit, valid_until=UNTIL, joined_at=entry.joined_at, joined_by=entry.joined_by, wishes={}
        )


# --- who fits ------------------------------------------------------------------------------------------------


def test_who_fits_is_told_with_place_and_reasons(join, site, clinic, now):
    entry = join()
    [fit] = fits(site, 14, now + timedelta(days=2), resource=clinic["Chair 2"])
    assert fit.entry == entry
    assert (fit.starts_at, fit.ends_at) == (at(14, 9), at(14, 10))
    assert fit.resources["chair"].name == "Chair 2"
    assert dict(fit.merits) | {"fits_course": 0} == {"fits_course": 0, "saves_days": 6, "waiting_days": 2}
    assert dict(fit.merits)["fits_course"] > 6 * 1440  # nearer to the ideal of three days by six
    assert len(fit.gives_up) == 1
    assert not fit.by_phone


@pytest.mark.parametrize(
    ("day", "changes", "why"),
    [
        (9, {}, "closed"),
        (8, {}, "too near to the infusion before"),
        (21, {}, "later than now"),
        (12, {"valid_until": date(2026, 5, 11)}, "not of use any more"),
        (12, {"notice_hours": 200}, "too short notice"),
        (12, {"wishes": {"weekdays": [0]}}, "a Tuesday"),
        (12, {"wishes": {"not_before": "13:00"}}, "too early in the day"),
        (12, {"wishes": {"not_on": ["2026-05-12"]}}, "away"),
    ],
)
def test_who_does_not_fit(join, site, now, day, changes, why):
    join(**changes)
    assert fits(site, day, now) == [], why


def test_another_place_may_be_wanted_rather_than_an_earlier_one(join, site, now):
    join(sooner=False)
    assert [fit.starts_at for fit in fits(site, 21, now)] == [at(21, 9)]


def test_whoever_would_break_a_later_visit_does_not_fit(join, site, now):
    join("infusions.2", sooner=False)  # on the 8th, between the 5th and the 20th
    assert [fit.starts_at for fit in fits(site, 12, now)] == [at(12, 9)]
    assert fits(site, 18, now) == []  # two days before infusion 3


def test_an_infusion_within_two_days_is_offered_by_phone(join, site):
    join("infusions.3", notice_hours=0)
    assert fits(site, 12, at(10, 10))[0].by_phone
    assert not fits(site, 12, at(10, 8))[0].by_phone


def test_a_visit_without_a_place_comes_before_one_that_saves_days(join, site, book, infusions, clinic, flora, now):
    join()
    Resource.objects.filter(name__startswith="Nurse").update(is_active=False)
    unplaced = book(protocol_version=infusions, patient=PatientFactory(site=site), partial=True).course
    Resource.objects.filter(name__startswith="Nurse").update(is_active=True)
    first = unplaced.visits.get(key="infusions.1")
    waitlist.join(visit=first, valid_until=UNTIL, by=flora, now=now)
    found = fits(site, 12, now)
    assert [fit.entry.visit.course_id for fit in found][:1] == [unplaced.pk]
    assert [code for code, _ in found[0].merits] == ["no_place_yet"]
    assert len(found) == 2


def test_a_taken_chair_fits_nobody(join, site, clinic, book, infusions, now):
    join()
    other = book(protocol_version=infusions, patient=PatientFactory(site=site), start_on=date(2026, 5, 12)).course
    first = other.visits.get(key="infusions.1")
    chair = first.appointment.allocations.get(role="chair").resource
    start = first.appointment.starts_at
    assert (
        waiting.matches(site=site, starts_at=start, ends_at=start + timedelta(minutes=15), now=now, resource=chair)
        == []
    )
    assert waiting.matches(site=site, starts_at=start, ends_at=start + timedelta(minutes=15), now=now) != []


def test_periods_that_make_no_sense(site, clinic, now):
    for starts_at, ends_at in ((at(12, 12), at(12, 9)), (at(1, 9), at(1, 10)), (at(12, 9), at(25, 9))):
        with pytest.raises(InvalidInput):
            waiting.matches(site=site, starts_at=starts_at, ends_at=ends_at, now=now)
    with pytest.raises(InvalidInput, match="no such resource"):
        waiting.matches(
            site=SiteFactory(), starts_at=at(12, 9), ends_at=at(12, 10), now=now, resource=clinic["Chair 1"]
        )


def test_matching_asks_the_same_number_of_questions_for_one_as_for_three(
    join, site, book, infusions, flora, now, django_assert_num_queries
):
    join()
    with django_assert_num_queries(11) as one:
        assert len(fits(site, 12, now)) == 1
    for _ in range(2):
        other = book(protocol_version=infusions, patient=PatientFactory(site=site)).course
        last = other.visits.get(key="infusions.3")
        visits.move(visit=last, starts_at=at(20, 10), by=flora, now=now, version=1)
        waitlist.join(visit=last, valid_until=UNTIL, by=flora, now=now)
    with django_assert_num_queries(len(one)):
        assert len(fits(site, 12, now)) == 3


# --- taking --------------------------------------------------------------------------------------------------


def test_a_place_is_taken_as_it_was_matched(join, site, course, flora, now):
    entry = join()
    [fit] = fits(site, 12, now)
    made = waitlist.take(
        entry=entry,
        starts_at=fit.starts_at,
        resources={role: str(each.pk) for role, each in fit.resources.items()},
        by=flora,
        now=now,
    )
    entry.refresh_from_db()
    assert (entry.status, entry.change_set) == (WaitlistStatus.TAKEN, made)
    visit = Visit.objects.get(pk=entry.visit_id)
    assert visit.appointment.starts_at == fit.starts_at
    assert {each.resource for each in visit.appointment.allocations.all()} == set(fit.resources.values())
    assert fits(site, 12, now) == []
    with pytest.raises(NotWaiting):
        waitlist.take(entry=entry, starts_at=fit.starts_at, by=flora, now=now)


def test_taking_is_taken_back_and_done_again(join, site, flora, now):
    entry = join()
    [fit] = fits(site, 12, now)
    made = waitlist.take(entry=entry, starts_at=fit.starts_at, by=flora, now=now)
    for status in (WaitlistStatus.WAITING, WaitlistStatus.TAKEN, WaitlistStatus.WAITING):
        made = changes.undo(change_set=made, by=flora, now=now)
        entry.refresh_from_db()
        assert (entry.status, entry.change_set) == (status, made)
        waits = status == WaitlistStatus.WAITING
        assert (Visit.objects.get(pk=entry.visit_id).appointment.starts_at != fit.starts_at) is waits
        assert len(fits(site, 12, now)) == waits


def test_a_visit_without_a_place_takes_its_first(site, book, infusions, flora, now, clinic):
    Resource.objects.filter(name__startswith="Nurse").update(is_active=False)
    course = book(protocol_version=infusions, partial=True).course
    Resource.objects.filter(name__startswith="Nurse").update(is_active=True)
    first = course.visits.get(key="infusions.1")
    entry = waitlist.join(visit=first, valid_until=UNTIL, by=flora, now=now)
    [fit] = fits(site, 12, now)
    waitlist.take(entry=entry, starts_at=fit.starts_at, by=flora, now=now)
    first.refresh_from_db()
    assert (first.status, first.appointment.starts_at) == (VisitStatus.BOOKED, fit.starts_at)


def test_what_somebody_else_took_meanwhile_leaves_it_waiting(join, site, book, infusions, flora, now):
    entry = join()
    [fit] = fits(site, 12, now)
    chosen = {role: str(each.pk) for role, each in fit.resources.items()}
    rival = book(protocol_version=infusions, patient=PatientFactory(site=site)).course.visits.get(key="infusions.3")
    visits.move(visit=rival, starts_at=fit.starts_at, resources=chosen, by=flora, now=now, version=1)
    with pytest.raises(Taken):
        waitlist.take(entry=entry, starts_at=fit.starts_at, resources=chosen, by=flora, now=now)
    entry.refresh_from_db()
    assert entry.status == WaitlistStatus.WAITING


def test_every_match_can_be_taken(join, site, book, infusions, flora, now):
    """Whatever is offered keeps the rules: the move itself checks them again."""
    join()
    for hour in (10, 11):
        other = book(protocol_version=infusions, patient=PatientFactory(site=site)).course.visits.get(key="infusions.3")
        visits.move(visit=other, starts_at=at(20, hour), by=flora, now=now, version=1)
        waitlist.join(visit=other, valid_until=UNTIL, by=flora, now=now)
    taken = 0
    while found := fits(site, 13, now, hours=(9, 12)):
        waitlist.take(
            entry=found[0].entry,
            starts_at=found[0].starts_at,
            resources={role: str(each.pk) for role, each in found[0].resources.items()},
            by=flora,
            now=now,
        )
        taken += 1
    assert taken == 3


def test_cancelled_courses_wait_no_more(join, course, site, flora, now):
    join()
    courses.cancel(course=course, by=flora, now=now, reason="")
    assert fits(site, 12, now) == []
