"""Recording what a patient answered. An answer that a clinician has to see raises an alert in the same transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput
from treatments.actions import alerts
from treatments.measures import scoring
from treatments.measures.catalogue import INSTRUMENTS
from treatments.measures.instruments import InvalidAnswers
from treatments.models import Assessment, Course, Mode
from treatments.protocols import stored

LONGEST_AGO = timedelta(days=2 * 366)
"""What is older is a slip of the keyboard."""


class AlreadyReplaced(Conflict):
    """Somebody corrected these answers before."""

    code = "already_replaced"


def record(
    *,
    course: Course,
    measure: str,
    answers: Mapping[int, int],
    by: User,
    now: datetime,
    taken_at: datetime | None = None,
    mode: Mode = Mode.CLINIC,
    replaces: Assessment | None = None,
) -> Assessment:
    """Stores the answers to a measure, taken now unless said. ``replaces``: the row whose answers were typed wrongly.

    From a patient's link ``by`` is the service account, and the row names nobody. A measure without a scoring here takes
    no answers: that it was done is what is recorded.
    Raises ``InvalidInput``, ``AlreadyReplaced``, ``NotAllowed``.
    """
    require(by, Permission.RECORD_ASSESSMENTS)
    taken_at = taken_at or now
    _check(course, measure, answers, taken_at, replaces, now=now)

    def attempt() -> Assessment:
        locks.acquire(locks.Space.PATIENT, [str(course.patient_id)])
        if replaces is not None and Assessment.objects.filter(replaces=replaces).exists():
            raise AlreadyReplaced("These answers were corrected already. Look at the newest.")
        with audit.acting(by):
            made = Assessment.objects.create(
                course=course,
                measure=measure,
                answers={str(number): value for number, value in sorted(answers.items())},
                taken_at=taken_at,
                mode=mode,
                by=None if mode == Mode.LINK else by,
                replaces=replaces,
            )
            alerts.raise_for(made, now=now)
        return made

    return locks.retrying(attempt)


def _check(
    course: Course,
    measure: str,
    answers: Mapping[int, int],
    taken_at: datetime,
    replaces: Assessment | None,
    *,
    now: datetime,
) -> None:
    known = {rule.measure for rule in stored.document(course.protocol_version.document).assessments} | set(INSTRUMENTS)
    if measure not in known:
        raise InvalidInput("There is no such measure.", pointer="measure", detail={"known": sorted(known)})
    if taken_at.tzinfo is None:
        raise InvalidInput("Send the time with its offset from UTC.", pointer="taken_at")
    if taken_at > now:
        raise InvalidInput("This is in the future. Record it when it was answered.", pointer="taken_at")
    if taken_at < now - LONGEST_AGO:
        raise InvalidInput("This is more than two years ago.", pointer="taken_at")
    if replaces is not None and (replaces.course_id != course.pk or replaces.measure != measure):
        raise InvalidInput("It can only replace answers to the same measure of the same course.", pointer="replaces")
    instrument = INSTRUMENTS.get(measure)
    if instrument is None:
        if answers:
            raise InvalidInput("This form is kept elsewhere: record only that it was done.", pointer="answers")
        return
    try:
        scoring.check(instrument, answers)
        unanswered = scoring.missing(instrument, answers)
    except InvalidAnswers as error:
        raise InvalidInput(error.message, pointer=_pointer(error.item)) from error
    if unanswered:
        names = ", ".join(str(number) for number in unanswered)
        raise InvalidInput(
            f"Answer item {names} too.",
            pointer=_pointer(unanswered[0]),
            detail={"fields": {_pointer(number): ["Answer this too."] for number in unanswered}},
        )


def _pointer(item: int | None) -> str:
    return "answers" if item is None else f"answers/{item}"
