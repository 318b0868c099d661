"""Answering a form on the phone, one question after another. The last answer records it; nothing has to be sent."""

from datetime import datetime, timedelta

from clinics.models import Patient, User
from clinics.permissions import Permission, require
from core import locks
from core.errors import Conflict, InvalidInput
from treatments.actions import assessments
from treatments.measures import scoring
from treatments.measures.catalogue import INSTRUMENTS
from treatments.measures.instruments import Instrument, InvalidAnswers
from treatments.models import Assessment, AssessmentDraft, Course, CourseStatus, Mode
from treatments.queries.assessments import Due, DueState, due

KEPT = timedelta(days=2)
"""A form begun longer ago starts anew: its answers are about other weeks."""


class NotAsked(Conflict):
    """The form is not due, or was filled in already."""

    code = "not_asked"


def asked(course: Course, *, now: datetime) -> tuple[Due, ...]:
    """The forms a patient can fill in now: due, for the patient, with wording that may be shown. Two queries."""
    found: dict[str, Due] = {}
    for each in due(course, now=now):
        if each.state is DueState.OPEN and each.by_link:
            found.setdefault(each.measure, each)
    return tuple(found.values())


def running(patient: Patient) -> list[Course]:
    """The patient's running courses, the oldest first, with what ``asked`` needs. One query."""
    rows = Course.objects.filter(patient=patient, status=CourseStatus.ACTIVE)
    return list(rows.select_related("site", "protocol_version", "clinician").order_by("created_at"))


def any_asked(patient: Patient, *, now: datetime) -> bool:
    """Whether there is a form to fill in now. Two queries for each running course."""
    return any(asked(course, now=now) for course in running(patient))


def begun(course: Course, measure: str, *, now: datetime) -> dict[int, int]:
    """What was answered of a form so far."""
    draft = AssessmentDraft.objects.filter(course=course, measure=measure, updated_at__gt=now - KEPT).first()
    return draft.values if draft else {}


def next_item(instrument: Instrument, answers: dict[int, int]) -> int:
    """The number of the first question without an answer; the last one when all have one."""
    return next((item.number for item in instrument.items if item.number not in answers), instrument.items[-1].number)


def answer(
    *, course: Course, measure: str, item: int, value: int, by: User, now: datetime
) -> tuple[dict[int, int], Assessment | None]:
    """Keeps one answer; with the last one the form is recorded, and whatever alert it raises. Gives all answers so far.

    An earlier answer may be changed; a question is not answered before those that come first.
    Raises ``NotAsked``, ``InvalidInput``, ``NotAllowed``.
    """
    require(by, Permission.RECORD_ASSESSMENTS)
    instrument = INSTRUMENTS.get(measure)
    if instrument is None or measure not in {each.measure for each in asked(course, now=now)}:
        raise NotAsked("There is nothing to answer here.")

    def attempt() -> tuple[dict[int, int], Assessment | None]:
        locks.acquire(locks.Space.PATIENT, [str(course.patient_id)])
        answers = begun(course, measure, now=now)
        if item > next_item(instrument, answers):
            raise InvalidInput("Answer the questions before this one first.", pointer="item")
        answers[item] = value
        try:
            scoring.check(instrument, answers)
        except InvalidAnswers as error:
            raise InvalidInput("Choose one of the answers.", pointer="value") from error
        if scoring.missing(instrument, answers):
            kept = {str(number): each for number, each in sorted(answers.items())}
            AssessmentDraft.objects.bulk_create(
                [AssessmentDraft(course=course, measure=measure, answers=kept)],
                update_conflicts=True,
                unique_fields=["course", "measure"],
                update_fields=["answers", "updated_at"],
            )
            return answers, None
        made = assessments.record(course=course, measure=measure, answers=answers, by=by, now=now, mode=Mode.LINK)
        AssessmentDraft.objects.filter(course=course, measure=measure).delete()
        return answers, made

    return locks.retrying(attempt)


def forget_drafts(*, by: User, now: datetime) -> int:
    """Deletes forms that were begun and left. Says how many.

    Raises ``NotAllowed``.
    """
    require(by, Permission.RUN_SYSTEM)
    return AssessmentDraft.objects.filter(updated_at__lte=now - KEPT).delete()[0]
