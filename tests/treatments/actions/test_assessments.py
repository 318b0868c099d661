"""Measures of a course: when they are due, what is recorded, and who hears of an answer that cannot wait."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from clinics.models import User
from core.errors import InvalidInput, NotAllowed
from tests.treatments.documents import series as document
from treatments.actions import assessments, protocols
from treatments.actions.assessments import AlreadyReplaced
from treatments.models import Alert, Assessment, Mode
from treatments.queries.assessments import DueState, due, taken

pytestmark = pytest.mark.django_db

MEASURES = [
    {
        "measure": "phq9",
        "title": "PHQ-9",
        "filled_by": "patient",
        "min_days_between": 7,
        "moments": [
            {"before": "infusions.first", "max_days": 14, "source": "T"},
            {"during": "infusions", "every_days": 7, "source": "T"},
            {"after": "infusions.last", "ideal_days": 28, "source": "T"},
        ],
        "source": "T",
    },
    {
        "measure": "pain",
        "title": "Pain",
        "filled_by": "patient",
        "moments": [
            {"before": "infusions.2", "source": "T"},
            {"after": "infusions.2", "min_hours": 0, "max_hours": 2, "source": "T"},
        ],
        "source": "T",
    },
    {
        "measure": "clinic_form",
        "title": "Clinic form",
        "filled_by": "clinician",
        "moments": [{"after": "infusions.1", "max_days": 7, "source": "T"}],
        "source": "T",
    },
]
CALM = dict.fromkeys(range(1, 10), 1) | {9: 0}


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=document(assessments=MEASURES), by=mona, now=now)


@pytest.fixture
def course(book):
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May at 8:00 in New York."""
    return book().course


def moments(course, now) -> dict[tuple[str, str], str]:
    return {(each.measure, each.when): each.state.value for each in due(course, now=now)}


def test_every_moment_of_the_protocol_has_its_window(course, now):
    found = {(each.measure, each.when): each for each in due(course, now=now)}
    first, second, last = (course.visits.get(key=f"infusions.{n}").appointment for n in (1, 2, 3))
    baseline = found["phq9", "before infusion 1"]
    assert (baseline.opens_at, baseline.closes_at) == (datetime(2026, 4, 23, 4, tzinfo=UTC), first.starts_at)
    assert baseline.state is DueState.OPEN
    later = found["phq9", "after infusion 3"]
    assert later.best_on == last.local_on + timedelta(days=28)
    assert later.closes_at - later.opens_at == timedelta(days=9)
    pain = found["pain", "after infusion 2"]
    assert (pain.opens_at, pain.closes_at) == (second.ends_at, second.ends_at + timedelta(hours=2))
    assert found["pain", "before infusion 2"].closes_at == second.starts_at
    weekly = found["phq9", "every 7 days"]
    assert weekly.best_on == last.local_on == first.local_on + timedelta(days=7)
    assert (weekly.opens_at, weekly.closes_at) == (
        datetime(2026, 5, 11, 4, tzinfo=UTC),
        datetime(2026, 5, 18, 4, tzinfo=UTC),
    )


def test_what_was_taken_settles_its_moment_and_rests_the_next(course, nora, now):
    assessments.record(course=course, measure="phq9", answers=CALM, by=nora, now=now)
    states = moments(course, now)
    assert states["phq9", "before infusion 1"] == "done"
    assert states["phq9", "after infusion 3"] == "ahead"
    assert moments(course, now + timedelta(days=60))["phq9", "after infusion 3"] == "overdue"


def test_too_soon_after_the_one_before(book, mona, nora, now):
    rules = [MEASURES[0] | {"moments": [{"after": "infusions.1", "min_days": 1, "max_days": 2, "source": "T"}]}]
    version = protocols.publish(document=document(code="tight", assessments=rules), by=mona, now=now)
    course = book(protocol_version=version).course
    assessments.record(course=course, measure="phq9", answers=CALM, by=nora, now=now)
    assert moments(course, now)["phq9", "after infusion 1"] == "too_soon"


def test_a_form_kept_elsewhere_is_recorded_without_answers(course, nora, now):
    later = now + timedelta(days=5)
    assessments.record(course=course, measure="clinic_form", answers={}, by=nora, now=later)
    assert moments(course, later)["clinic_form", "after infusion 1"] == "done"
    with pytest.raises(InvalidInput) as refused:
        assessments.record(course=course, measure="clinic_form", answers={1: 1}, by=nora, now=later)
    assert refused.value.pointer == "answers"


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [({}, "answers/1"), (CALM | {4: 7}, "answers/4"), (CALM | {10: 0}, "answers/10"), ({1: 0}, "answers/2")],
)
def test_answers_that_cannot_be_scored_are_refused_with_their_item(course, nora, now, answers, pointer):
    with pytest.raises(InvalidInput) as refused:
        assessments.record(course=course, measure="phq9", answers=answers, by=nora, now=now)
    assert refused.value.pointer == pointer
    assert not Assessment.objects.exists()


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"measure": "nothing"}, "measure"),
        ({"taken_at": datetime(2026, 5, 4, 13, tzinfo=UTC)}, "taken_at"),
        ({"taken_at": datetime(2020, 5, 4, 13, tzinfo=UTC)}, "taken_at"),
        ({"taken_at": datetime(2026, 5, 4, 11)}, "taken_at"),
    ],
)
def test_slips_are_refused(course, nora, now, asked, pointer):
    with pytest.raises(InvalidInput) as refused:
        assessments.record(**({"course": course, "measure": "phq9", "answers": CALM, "by": nora, "now": now} | asked))
    assert refused.value.pointer == pointer


def test_the_front_desk_records_nothing(course, flora, mona, now):
    for user in (flora, mona):
        with pytest.raises(NotAllowed):
            assessments.record(course=course, measure="phq9", answers=CALM, by=user, now=now)


def test_a_wrong_row_is_replaced_and_kept(course, nora, now):
    wrong = assessments.record(course=course, measure="phq9", answers=CALM, by=nora, now=now)
    right = assessments.record(course=course, measure="phq9", answers=CALM | {1: 3}, by=nora, now=now, replaces=wrong)
    assert taken(course) == [right]
    assert Assessment.objects.count() == 2
    with pytest.raises(AlreadyReplaced):
        assessments.record(course=course, measure="phq9", answers=CALM, by=nora, now=now, replaces=wrong)
    with pytest.raises(InvalidInput):
        assessments.record(course=course, measure="pain", answers={1: 3}, by=nora, now=now, replaces=right)


def test_from_a_link_the_row_names_nobody(course, service, now):
    made = assessments.record(course=course, measure="phq9", answers=CALM, by=service, now=now, mode=Mode.LINK)
    assert made.by is None


def test_facts_never_change(course, nora, now):
    made = assessments.record(course=course, measure="phq9", answers=CALM, by=nora, now=now)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Assessment.objects.filter(pk=made.pk).update(answers={})
    with pytest.raises(ProgrammingError), transaction.atomic():
        made.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.create(course=course, measure="phq9", taken_at=now, mode=Mode.CLINIC, by=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.create(course=course, measure="phq9", taken_at=now, mode=Mode.LINK, by=nora)


@pytest.mark.parametrize(("value", "raised"), [(0, False), (1, True), (3, True)])
def test_item_nine_raises_an_alert_in_the_same_transaction(course, nora, now, value, raised):
    made = assessments.record(course=course, measure="phq9", answers=CALM | {9: value}, by=nora, now=now)
    assert Alert.objects.filter(assessment=made).exists() is raised


def test_answers_whose_alert_cannot_be_raised_are_not_kept(course, nora, now, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr("treatments.actions.alerts.alerting.on_duty", broken)
    with pytest.raises(RuntimeError):
        assessments.record(course=course, measure="phq9", answers=CALM | {9: 1}, by=nora, now=now)
    assert not Assessment.objects.exists()
    assert User.objects.filter(pk=nora.pk).exists()
