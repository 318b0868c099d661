"""Holding the places of a proposal, adjusting it, and what both mean for booking."""

from datetime import date, timedelta

import pytest

from core.errors import InvalidInput
from scheduler.actions.appointments import Taken
from scheduler.models import Appointment, Status
from treatments.actions import courses
from treatments.actions.courses import Adjusted, Placed, RulesBroken
from treatments.models import Course

pytestmark = pytest.mark.django_db


@pytest.fixture
def wanted(clinic, series, site, patient, flora, now):
    """What every action about the series for Pat is told."""
    return {
        "protocol_version": series,
        "site": site,
        "patient": patient,
        "start_on": date(2026, 5, 5),
        "wishes": {},
        "by": flora,
        "now": now,
    }


def placed(visits):
    return [
        Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
        for visit in visits
        if visit.starts_at is not None
    ]


@pytest.fixture
def found(wanted):
    """The best plan."""
    return placed(courses.propose(**wanted).visits)


def held():
    return Appointment.objects.filter(status=Status.HELD)


def test_a_hold_keeps_the_places_from_others_for_ten_minutes(wanted, found, mona, now):
    hold = courses.hold(**wanted, visits=found)
    assert hold.until == now + timedelta(minutes=10)
    assert held().count() == len(found)
    other = wanted | {"by": mona}
    theirs = placed(courses.propose(**other | {"patient": None}).visits)
    taken = {(each.starts_at, resource) for each in found for resource in each.resources.values()}
    assert not taken & {(each.starts_at, resource) for each in theirs for resource in each.resources.values()}
    with pytest.raises((Taken, RulesBroken)):
        courses.book(**other, visits=found)
    assert not Course.objects.exists()


def test_without_the_hold_the_same_booking_goes_through(wanted, found, mona):
    courses.book(**wanted | {"by": mona}, visits=found)
    assert Course.objects.count() == 1


def test_ones_own_hold_is_free_for_its_course_and_ends_with_the_booking(wanted, found):
    hold = courses.hold(**wanted, visits=found)
    again = placed(courses.propose(**wanted, held=hold.change_set.pk).visits)
    assert [each.starts_at for each in again] == [each.starts_at for each in found]
    courses.book(**wanted, visits=found, held=hold.change_set.pk)
    assert not held().exists()
    assert Appointment.objects.filter(status=Status.BOOKED).count() == len(found)


def test_a_booking_that_fails_leaves_the_hold(wanted, found):
    hold = courses.hold(**wanted, visits=found)
    with pytest.raises(InvalidInput):
        courses.book(**wanted, visits=[*found, found[0]], held=hold.change_set.pk)
    assert held().count() == len(found)


def test_a_new_hold_takes_the_place_of_the_old_one(wanted, found):
    first = courses.hold(**wanted, visits=found)
    second = courses.hold(**wanted, visits=found[:3], instead_of=first.change_set.pk)
    assert set(held().values_list("change_set", flat=True)) == {second.change_set.pk}
    assert held().count() == 3


def test_only_whoever_holds_gives_back(wanted, found, flora, mona, now):
    hold = courses.hold(**wanted, visits=found)
    courses.release(held=hold.change_set.pk, by=mona, now=now)
    assert held().count() == len(found)
    courses.release(held=hold.change_set.pk, by=flora, now=now)
    courses.release(held=hold.change_set.pk, by=flora, now=now)
    assert not held().exists()


def test_nothing_is_no_hold(wanted):
    with pytest.raises(InvalidInput):
        courses.hold(**wanted, visits=[])


def test_what_is_pinned_stays_and_the_rest_is_planned_anew(wanted, found):
    pin = next(each for each in found if each.key == "infusions.2")
    late = wanted | {"wishes": {"not_before": "14:00"}}
    after = {each.key: each for each in placed(courses.propose(**late, adjusted=Adjusted([pin])).visits)}
    assert after["infusions.2"].starts_at == pin.starts_at
    assert after["infusions.1"].starts_at != found[0].starts_at


def test_putting_one_visit_elsewhere_moves_no_more_than_it_must(wanted, found):
    talk = next(each for each in found if each.key == "talks.2")
    to = ("talks.2", talk.starts_at + timedelta(hours=2))
    after = {each.key: each for each in placed(courses.propose(**wanted, adjusted=Adjusted((), to, found)).visits)}
    assert after["talks.2"].starts_at == to[1]
    assert [each.key for each in found if after[each.key].starts_at != each.starts_at] == ["talks.2"]
    courses.book(**wanted, visits=list(after.values()))


def test_a_pinned_visit_is_never_moved_by_a_put(wanted, found):
    pin = next(each for each in found if each.key == "infusions.1")
    talk = next(each for each in found if each.key == "talks.1")
    with pytest.raises(RulesBroken):
        courses.propose(**wanted, adjusted=Adjusted([pin], ("talks.1", talk.starts_at + timedelta(days=7)), found))
