"""Opening and closing an attempt, in one statement each: between two messages there is hardly more than the mail server.

Written in SQL, as Django has neither an insert that depends on other rows nor two updates in one statement; through
its transactions the same takes four times as many round trips.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from core.ids import uuid7
from notifications.engine.retries import Next
from notifications.engine.states import FINAL, Outcome
from notifications.models import Attempt, Message

_OPEN = """
INSERT INTO notifications_attempt (id, created_at, updated_at, message_id, token, outcome, code)
SELECT %(id)s, %(now)s, %(now)s, message.id, message.token, '', ''
FROM notifications_message AS message
JOIN clinics_patient AS patient ON patient.id = message.patient_id
JOIN scheduler_appointment AS appointment ON appointment.id = message.appointment_id
WHERE message.id = %(message)s AND message.token = %(token)s AND message.state = 'sending'
  AND message.lease_until > %(lease)s
  AND (patient.email, patient.may_email) = (%(email)s, %(may_email)s)
  AND (appointment.status, appointment.schedule_epoch) = (%(status)s, %(epoch)s)
FOR UPDATE OF message
"""

_CLOSE = """
WITH moved_on AS (
  UPDATE notifications_message
  SET state = %(state)s, reason = %(reason)s, next_try_at = %(next_try_at)s, settled_at = %(settled_at)s,
      lease_until = NULL, updated_at = %(now)s, attempts = %(attempts)s, unknown_outcomes = %(unknown)s,
      possible_duplicates = %(copies)s
  WHERE id = %(message)s AND token = %(token)s AND state = 'sending'
  RETURNING id
)
UPDATE notifications_attempt
SET outcome = %(outcome)s, code = %(code)s, ended_at = %(now)s, updated_at = %(now)s
WHERE id = %(attempt)s AND message_id = (SELECT id FROM moved_on)
"""


def open_if_unchanged(message: Message, *, lease_left: timedelta, now: datetime) -> Attempt | None:
    """The attempt at a reminder that is still ours, if all that was decided by still is as it was loaded; else None.

    Commits at once, unless the caller has a transaction open.
    """
    if message.appointment is None:
        return None
    attempt = Attempt(id=uuid7(), message=message, token=message.token)
    written = _execute(
        _OPEN,
        id=attempt.pk,
        now=now,
        message=message.pk,
        token=message.token,
        lease=now + lease_left,
        email=message.patient.email,
        may_email=message.patient.may_email,
        status=message.appointment.status,
        epoch=message.appointment.schedule_epoch,
    )
    return attempt if written else None


def close(
    attempt: Attempt, *, message: Message, outcome: Outcome, code: str, following: Next, copies: int, now: datetime
) -> bool:
    """Closes an attempt and moves its message on; both, or neither if another dispatcher holds a newer token.

    ``copies`` is the message's number of possible duplicates from now on.
    """
    return _execute(
        _CLOSE,
        state=following.state.value,
        reason=following.reason.value,
        next_try_at=following.next_try_at,
        settled_at=now if following.state in FINAL else None,
        now=now,
        attempts=message.attempts + 1,
        unknown=message.unknown_outcomes + (outcome is Outcome.UNKNOWN),
        copies=copies,
        message=message.pk,
        token=attempt.token,
        outcome=outcome.value,
        code=code,
        attempt=attempt.pk,
    )


def _execute(statement: str, **values: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount == 1)
