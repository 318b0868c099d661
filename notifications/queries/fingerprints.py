"""What the rows about a patient look like, in a number each: the same number, nothing was written since.

It is made of PostgreSQL's own mark of who wrote a row last (``xmin``), so that changes by anybody and any statement show.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

LOOK_BACK = timedelta(days=15)
"""How far before now a message can be due that still matters: a plan told long before is final, and its row stays."""

_READ = """
WITH coming AS (
  SELECT patient_id, min(starts_at) AS soonest, array_agg(id ORDER BY id) AS visits,
         sum(hashtextextended(id::text || xmin::text, 0)) AS mark
  FROM scheduler_appointment
  WHERE starts_at > %(now)s AND status <> 'held' AND patient_id IS NOT NULL
  GROUP BY patient_id
), course AS (
  SELECT id, patient_id, hashtextextended(id::text || xmin::text, 0) AS mark
  FROM treatments_course
  WHERE status = 'active'
), running AS (
  SELECT patient_id, sum(mark) AS mark FROM course GROUP BY patient_id
), planned AS (
  SELECT course.patient_id,
         sum(hashtextextended(concat(visit.id, ' ', visit.xmin, ' ', appointment.xmin), 0)) AS mark
  FROM course
  JOIN treatments_visit AS visit ON visit.course_id = course.id
  LEFT JOIN scheduler_appointment AS appointment ON appointment.id = visit.appointment_id
  GROUP BY course.patient_id
), taken AS (
  SELECT course.patient_id, sum(hashtextextended(assessment.id::text || assessment.xmin::text, 0)) AS mark
  FROM course JOIN treatments_assessment AS assessment ON assessment.course_id = course.id
  GROUP BY course.patient_id
)
SELECT patient.id, coming.visits, running.mark IS NOT NULL,
       concat_ws(' ', site.xmin, patient.xmin, said.mark, said.number, coming.mark, '/', running.mark, planned.mark, taken.mark)
FROM coming
FULL JOIN running ON running.patient_id = coming.patient_id
JOIN clinics_patient AS patient ON patient.id = coalesce(coming.patient_id, running.patient_id)
JOIN clinics_site AS site ON site.id = patient.site_id
LEFT JOIN planned ON planned.patient_id = patient.id
LEFT JOIN taken ON taken.patient_id = patient.id
CROSS JOIN LATERAL (
  SELECT sum(hashtextextended(message.id::text || message.xmin::text, 0)) AS mark, count(*) AS number
  FROM notifications_message AS message
  WHERE message.patient_id = patient.id AND message.due_at > %(since)s
) AS said
ORDER BY coming.soonest NULLS LAST, patient.id
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at of one patient: the coming visits, whether a course is running, and the fingerprint."""

    visits: list[UUID]
    in_course: bool
    mark: str


def of_patients(*, now: datetime) -> dict[UUID, Look]:
    """Each patient with a coming visit or a running course, those first whose visit is next. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"now": now, "since": now - LOOK_BACK})
        return {patient: Look(visits or [], in_course, mark) for patient, visits, in_course, mark in cursor.fetchall()}
