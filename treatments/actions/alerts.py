"""Alerts: raised with the answers, passed on while nobody has seen them, and closed by a clinician who says what was done."""

from datetime import datetime

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput
from scheduler.actions.taking import check_text
from treatments import alerting
from treatments.announcements import staff_asked
from treatments.measures import scoring
from treatments.measures.catalogue import INSTRUMENTS
from treatments.models import Alert, AlertAcknowledgement, AlertCall, Assessment


class AlreadySeen(Conflict):
    """Another clinician has acknowledged the alert."""

    code = "already_seen"


def raise_for(assessment: Assessment, *, now: datetime) -> Alert | None:
    """Raises an alert if an answer has to be seen by a clinician, and asks the first ones. Needs a transaction."""
    instrument = INSTRUMENTS.get(assessment.measure)
    items = scoring.watched(instrument, assessment.values) if instrument else ()
    if not items:
        return None
    site = assessment.course.site
    alert = Alert.objects.create(
        assessment=assessment,
        items=list(items),
        raised_at=now,
        step=0,
        next_at=alerting.next_step_at(site, after=now),
    )
    _ask(alert, 0, now=now)
    return alert


def acknowledge(*, alert: Alert, done: str, by: User, now: datetime) -> AlertAcknowledgement:
    """Records that a clinician has seen the alert, and what was done about it.

    Raises ``AlreadySeen``, ``InvalidInput`` without words for what was done, ``NotAllowed``.
    """
    require(by, Permission.SEE_ALERTS)
    done = done.strip()
    check_text(done, longest=1000, pointer="done")
    if not done:
        raise InvalidInput("Say what was done.", pointer="done")

    def attempt() -> AlertAcknowledgement:
        locked = Alert.objects.select_for_update().get(pk=alert.pk)
        seen = AlertAcknowledgement.objects.filter(alert=locked).select_related("by").first()
        if seen is not None:
            raise AlreadySeen(f"{seen.by} has seen this already.")
        with audit.acting(by):
            made = AlertAcknowledgement.objects.create(alert=locked, by=by, acknowledged_at=now, done=done)
            locked.next_at = None
            locked.save(update_fields=["next_at", "updated_at"])
        return made

    return locks.retrying(attempt)


def pass_on(*, by: User, now: datetime, at_most: int = 100) -> int:
    """Asks the next ones about alerts that nobody has seen in time. Says how many alerts were passed on.

    Raises ``NotAllowed``.
    """
    require(by, Permission.RUN_SYSTEM)

    def attempt() -> int:
        due = list(
            Alert.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(next_at__lte=now)
            .select_related("assessment__course__site", "assessment__course__clinician")
            .order_by("next_at")[:at_most]
        )
        for alert in due:
            alert.step = min(alert.step + 1, alerting.LAST_STEP)
            alert.next_at = None
            if alert.step < alerting.LAST_STEP:
                alert.next_at = alerting.next_step_at(alert.assessment.course.site, after=now)
            alert.save(update_fields=["step", "next_at", "updated_at"])
            _ask(alert, alert.step, now=now)
        return len(due)

    with audit.acting(by):
        return locks.retrying(attempt)


def _ask(alert: Alert, step: int, *, now: datetime) -> None:
    course = alert.assessment.course
    primary = course.clinician if course.clinician is not None and course.clinician.is_active else None
    called = set(AlertCall.objects.filter(alert=alert).values_list("user_id", flat=True))
    duty = alerting.on_duty(course.site, now=now)
    calls = AlertCall.objects.bulk_create(
        AlertCall(alert=alert, user=user, step=step, called_at=now)
        for user in alerting.asked(step, primary=primary, duty=duty, called=called)
    )
    if calls:
        staff_asked.announce(calls=calls)
