"""Caps count the patient's other courses, and daily loads the starts of other patients."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduler.engine.request import DailyLoad
from tests.factories.clinics import PatientFactory
from tests.treatments.documents import series as document
from treatments import planning
from treatments.actions import courses, protocols
from treatments.life.running import Running
from treatments.many import intakes
from treatments.many.intakes import Intake
from treatments.many.together import Calendars
from treatments.protocols.wishes import Wishes
from treatments.queries import counts

pytestmark = pytest.mark.django_db

START_ON = date(2026, 5, 5)


@pytest.fixture
def limited(mona, now):
    """Publish the series with caps or daily loads."""

    def publish(**more):
        return protocols.publish(document=document() | {"code": "limited"} | more, by=mona, now=now)

    return publish


@pytest.fixture
def booked(clinic, site, flora, now):
    def book(version, patient):
        return courses.book(
            protocol_version=version, site=site, patient=patient, start_on=START_ON, wishes={}, by=flora, now=now
        )

    return book


def dates(question, plan, block="infusions"):
    return [question.request.grid.date(one.start) for one in plan.placements if one.visit.startswith(f"{block}.")]


def ask(version, site, patient, now, start_on=START_ON):
    return planning.ask(
        protocol_version=version, site=site, patient=patient, start_on=start_on, wishes=Wishes(), now=now
    )


def test_a_cap_counts_earlier_courses_of_the_same_patient_only(limited, booked, site, patient, now):
    capped = limited(caps=[{"visits": "infusion", "at_most": 3, "in_days": 60, "source": "T"}])
    first = ask(capped, site, patient, now)
    taken = dates(first, planning.best(first))
    booked(capped, patient)

    again = ask(capped, site, patient, now)
    [cap] = [rule for rule in again.request.rules if rule.key == "caps.1"]
    assert cap.taken == tuple(taken)
    # the horizon ends before sixty days are over, so that the next course begins later
    assert not planning.best(again).complete
    later = ask(capped, site, patient, now, start_on=taken[-1] + timedelta(days=40))
    assert planning.best(later).complete
    assert min(dates(later, planning.best(later))) >= taken[0] + timedelta(days=60)
    # control: somebody else may begin at once
    other = ask(capped, site, PatientFactory(site=site), now)
    assert planning.best(other).complete


def test_what_is_cancelled_or_belongs_to_the_course_itself_does_not_count(limited, booked, site, patient, flora, now):
    capped = limited(caps=[{"visits": "infusions", "at_most": 3, "in_days": 60, "source": "T"}])
    course = booked(capped, patient).course
    own = [visit.appointment_id for visit in course.visits.all()]
    assert counts.history(capped, patient, first_on=START_ON, days=90, without=own) == {}
    assert len(counts.history(capped, patient, first_on=START_ON, days=90)["infusion"]) == 3
    courses.cancel(course=course, reason="Moved away", by=flora, now=now)
    assert counts.history(capped, patient, first_on=START_ON, days=90) == {}


def test_daily_loads_count_the_starts_of_everybody(limited, booked, site, patient, now):
    level = limited(daily_loads=[{"visits": "infusion", "at_most": 1, "source": "T"}])
    alone = ask(level, site, patient, now)
    first = dates(alone, planning.best(alone))
    booked(level, PatientFactory(site=site))
    beside = ask(level, site, patient, now)
    assert not set(first) & set(dates(beside, planning.best(beside)))
    assert counts.starts_by_day(level, site, first_on=START_ON, days=90)["infusion"] == dict.fromkeys(first, 1)


def test_courses_planned_together_keep_the_daily_loads_of_others_and_of_each_other(limited, booked, site, patient, now):
    level = limited(daily_loads=[{"visits": "infusion", "at_most": 1, "source": "T"}])
    course = booked(level, PatientFactory(site=site)).course
    others = counts.starts_by_day(level, site, first_on=START_ON, days=90)["infusion"]
    wanted = [Intake(each, level, START_ON, {}) for each in (patient, PatientFactory(site=site))]
    found = intakes.answer(wanted, intakes.questions(site, wanted, now=now))
    begun = [
        date.fromisoformat(step["after"]["starts_at"][:10])
        for each in found["courses"]
        for step in each["steps"]
        if step["visit"].startswith("infusions.")
    ]
    assert begun
    assert len({*begun, *others}) == len(begun) + len(others)
    # a course that moves does not stand in its own way
    running = Running.read(course.pk, now=now)
    calendars = Calendars.read(site, [running], first_on=START_ON, last_on=START_ON, now=now)
    about = calendars.question(running, about=running.movable, wishes=Wishes())
    assert not any(rule.taken for rule in about.request.rules if isinstance(rule, DailyLoad))
    assert calendars.new_question(patient.pk, level, Wishes(), about.compiled).taken["infusion"] == others


def test_each_costs_one_query_and_protocols_without_them_none(limited, series, site, patient, now):
    def queries(version):
        with CaptureQueriesContext(connection) as seen:
            counts.history(version, patient, first_on=START_ON, days=90)
            counts.starts_by_day(version, site, first_on=START_ON, days=90)
        return len(seen)

    both = limited(
        caps=[{"visits": "infusion", "at_most": 3, "in_days": 60, "source": "T"}],
        daily_loads=[{"visits": "talk", "target": 2, "source": "T"}],
    )
    assert (queries(series), queries(both)) == (0, 2)


def test_a_course_that_breaks_a_cap_is_refused(limited, booked, site, patient, now):
    capped = limited(caps=[{"visits": "infusion", "at_most": 3, "in_days": 365, "source": "T"}])
    booked(capped, patient)
    with pytest.raises(courses.Incomplete):
        booked(capped, patient)
