"""What the rows about a patient's coming visits look like, in a number each: the same number, nothing was written since.

It is made of PostgreSQL's own mark of who wrote a row last (``xmin``), so that changes by anybody and any statement show.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from notifications.engine.states import Step

LOOK_BACK = timedelta(days=15)
"""How far before now a message about a coming visit can be due: a plan told long before is final, and its row stays."""

_READ = """
WITH coming AS (
  SELECT patient_id, array_agg(id ORDER BY id) AS visits,
         sum(hashtextextended(id::text || xmin::text, 0)) AS mark
  FROM scheduler_appointment
  WHERE starts_at > %(now)s AND starts_at <= %(until)s AND status <> 'held' AND patient_id IS NOT NULL
  GROUP BY patient_id
)
SELECT coming.patient_id, coming.visits,
       concat(coming.mark, ' ', patient.xmin, ' ', said.mark, ' ', said.number)
FROM coming
JOIN clinics_patient AS patient ON patient.id = coming.patient_id
CROSS JOIN LATERAL (
  SELECT sum(hashtextextended(message.id::text || message.xmin::text, 0)) AS mark, count(*) AS number
  FROM notifications_message AS message
  WHERE message.patient_id = coming.patient_id AND message.due_at > %(since)s AND message.step <> %(form)s
) AS said
"""


def of_patients(*, now: datetime, ahead: timedelta) -> dict[UUID, tuple[list[UUID], str]]:
    """For each patient with a visit that begins within ``ahead``: these visits, and the fingerprint. One query.

    Forms are left out: their rows are checked with the courses.
    """
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"now": now, "until": now + ahead, "since": now - LOOK_BACK, "form": Step.FORM.value})
        return {patient: (visits, mark) for patient, visits, mark in cursor.fetchall()}
