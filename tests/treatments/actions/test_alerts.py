"""Every way of an alert: with nobody, one or two clinicians at work, over a night, a weekend and a holiday."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import ProgrammingError, transaction
from hypothesis import given
from hypothesis import strategies as st

from clinics.models import SiteDay
from core import clock
from core.errors import InvalidInput, NotAllowed
from tests.factories.clinics import UserFactory
from tests.factories.scheduler import AbsenceFactory, PersonFactory
from treatments import alerting
from treatments.actions import alerts, assessments
from treatments.actions.alerts import AlreadySeen
from treatments.models import Alert, AlertCall

pytestmark = pytest.mark.django_db
WORRYING = dict.fromkeys(range(1, 10), 1)
ZONE = "America/New_York"


@pytest.fixture
def course(book):
    return book().course


@pytest.fixture
def at_work(site, clara):
    """Clara is at work from 8 to 18 on weekdays."""
    return PersonFactory(site=site, name="Clara", skills=[], user=clara)


@pytest.fixture
def carl(site):
    """Carl is another clinician, at work at the same hours."""
    user = UserFactory(name="Carl Cover", email="carl@example.org", role="clinician")
    PersonFactory(site=site, name="Carl", skills=[], user=user)
    return user


def raised(course, nora, now) -> Alert:
    made = assessments.record(course=course, measure="phq9", answers=WORRYING, by=nora, now=now)
    return Alert.objects.get(assessment=made)


def asked(alert) -> list[tuple[int, str]]:
    rows = AlertCall.objects.filter(alert=alert).select_related("user").order_by("step", "user__name")
    return [(row.step, row.user.name) for row in rows]


def pass_on(service, alert) -> datetime:
    """Lets the clock reach the next step. Gives the instant."""
    alert.refresh_from_db()
    at = alert.next_at
    assert alerts.pass_on(by=service, now=at - timedelta(seconds=1)) == 0, "not a second early"
    assert alerts.pass_on(by=service, now=at) == 1
    return at


def test_the_clinician_of_the_course_and_one_who_stands_in(course, nora, clara, at_work, carl, now):
    course.clinician = clara
    course.save()
    assert asked(raised(course, nora, now)) == [(0, "Carl Cover"), (0, "Clara Clinician")]


def test_with_one_at_work_it_is_that_one(course, nora, clara, at_work, now):
    alert = raised(course, nora, now)
    assert asked(alert) == [(0, "Clara Clinician")]
    assert alert.next_at == now + timedelta(minutes=30), "8:00 is opening time"


def test_the_clinician_of_the_course_is_asked_though_ill_and_another_covers(course, nora, clara, at_work, carl, now):
    course.clinician = clara
    course.save()
    AbsenceFactory(resource=at_work, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1))
    assert asked(raised(course, nora, now)) == [(0, "Carl Cover"), (0, "Clara Clinician")]


def test_with_nobody_at_work_everybody_is_asked_at_once(course, nora, clara, mona, now):
    alert = raised(course, nora, now)
    assert asked(alert) == [(0, "Clara Clinician"), (0, "Mona Manager")]


def test_unseen_it_goes_to_all_at_work_then_to_everybody_and_then_rests(
    course, nora, clara, at_work, carl, mona, service, now
):
    third = UserFactory(name="Zoe Away", email="zoe@example.org", role="clinician")
    alert = raised(course, nora, now)
    assert asked(alert) == [(0, "Carl Cover")], "one stands in for a course without a clinician"
    assert pass_on(service, alert) == now + timedelta(minutes=30)
    assert asked(alert)[1:] == [(1, "Clara Clinician")]
    assert pass_on(service, alert) == now + timedelta(minutes=60)
    assert asked(alert)[2:] == [(2, "Mona Manager"), (2, "Zoe Away")]
    assert third.name == "Zoe Away"
    alert.refresh_from_db()
    assert alert.next_at is None
    assert alerts.pass_on(by=service, now=now + timedelta(days=30)) == 0


@pytest.mark.parametrize(
    ("answered", "next_step"),
    [
        # minutes left before closing at 18:00 count, the night does not
        (datetime(2026, 5, 4, 17, 50), datetime(2026, 5, 5, 8, 20)),
        # just before and after midnight
        (datetime(2026, 5, 4, 23, 59), datetime(2026, 5, 5, 8, 30)),
        (datetime(2026, 5, 5, 0, 1), datetime(2026, 5, 5, 8, 30)),
        # Sunday evening: Monday morning
        (datetime(2026, 5, 10, 20, 12), datetime(2026, 5, 11, 8, 30)),
        # Friday evening before Memorial Day, Monday 25 May: Tuesday
        (datetime(2026, 5, 22, 17, 45), datetime(2026, 5, 26, 8, 15)),
    ],
)
def test_only_opening_time_counts(site, answered, next_step):
    SiteDay.objects.create(site=site, on=date(2026, 5, 25), reason="Memorial Day")
    after = clock.resolve(answered.date(), answered.time(), ZONE).at
    found = alerting.next_step_at(site, after=after)
    assert clock.local(found, ZONE).replace(tzinfo=None) == next_step


def test_nobody_is_on_duty_at_night(site, at_work, clara, now):
    assert alerting.on_duty(site, now=now) == [clara]
    assert alerting.on_duty(site, now=datetime(2026, 5, 5, 2, tzinfo=UTC)) == []
    clara.is_active = False
    clara.save()
    assert alerting.on_duty(site, now=now) == []


def test_a_clinician_says_what_was_done_and_it_stops(course, nora, clara, at_work, service, now):
    alert = raised(course, nora, now)
    seen = alerts.acknowledge(alert=alert, done="Called her; safe, plan agreed.", by=clara, now=now)
    assert (seen.by, seen.acknowledged_at) == (clara, now)
    assert alerts.pass_on(by=service, now=now + timedelta(days=2)) == 0
    with pytest.raises(AlreadySeen) as refused:
        alerts.acknowledge(alert=alert, done="Me too", by=clara, now=now)
    assert "Clara Clinician" in refused.value.message
    with pytest.raises(ProgrammingError), transaction.atomic():
        seen.delete()


@pytest.mark.parametrize("done", ["", "  ", "x" * 1001, "nul\x00"])
def test_words_for_what_was_done_are_needed(course, nora, clara, now, done):
    alert = raised(course, nora, now)
    with pytest.raises(InvalidInput) as refused:
        alerts.acknowledge(alert=alert, done=done, by=clara, now=now)
    assert refused.value.pointer == "done"


def test_nobody_but_a_clinician_acknowledges(course, nora, flora, mona, now):
    alert = raised(course, nora, now)
    for user in (nora, flora, mona):
        with pytest.raises(NotAllowed):
            alerts.acknowledge(alert=alert, done="Seen", by=user, now=now)
    with pytest.raises(NotAllowed):
        alerts.pass_on(by=nora, now=now)


def test_nobody_is_asked_twice(course, nora, clara, at_work, mona, service, now):
    alert = raised(course, nora, now)
    pass_on(service, alert)
    pass_on(service, alert)
    names = [name for _, name in asked(alert)]
    assert sorted(names) == sorted(set(names))


HOURS = st.integers(0, 23)


@given(
    st.lists(st.tuples(st.integers(0, 20), HOURS, st.integers(1, 5)), max_size=8),
    st.integers(0, 480),
    st.integers(1, 600),
)
def test_passed_time_is_opening_time(spans, offset, minutes):
    """Against counting minute by minute."""
    start = datetime(2026, 5, 4, tzinfo=UTC)
    windows, last = [], start
    for day, hour, length in sorted(spans):
        opens = start + timedelta(days=day, hours=hour)
        if opens >= last:
            windows.append((opens, opens + timedelta(hours=length)))
            last = windows[-1][1]
    after = start + timedelta(minutes=offset)
    end = start + timedelta(days=30)
    found = alerting.passed(windows, after=after, working=timedelta(minutes=minutes), otherwise=end)
    open_minutes = [at for starts, ends in windows for at in _minutes(starts, ends) if at >= after]
    expected = open_minutes[minutes - 1] + timedelta(minutes=1) if len(open_minutes) >= minutes else end
    assert found == expected


def _minutes(starts: datetime, ends: datetime):
    while starts < ends:
        yield starts
        starts += timedelta(minutes=1)
