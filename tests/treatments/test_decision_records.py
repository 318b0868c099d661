"""What was decided cannot be changed, and the database keeps nonsense out."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from scheduler.models import ChangeSet
from tests.factories.treatments import CourseFactory
from treatments.models import DecisionRecord

pytestmark = pytest.mark.django_db


def record(now, **values):
    course = CourseFactory()
    made = ChangeSet.objects.create(verb="decide", by=course.booked_by, site=course.site, patient=course.patient)
    usual = {"course": course, "choice": "continue", "decided_at": now, "by": course.booked_by, "change_set": made}
    return DecisionRecord.objects.create(**(usual | values))


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"choice": "wait"}, "choice_known"),
        ({"choice": "go_to"}, "block_where_needed"),
        ({"choice": "continue", "block": "weekly"}, "block_where_needed"),
        ({"choice": "spacing", "block": "weekly"}, "gap_where_needed"),
        ({"choice": "spacing", "block": "weekly", "gap_days": 0}, "gap_where_needed"),
        ({"choice": "stop", "gap_days": 7}, "gap_where_needed"),
    ],
)
def test_nonsense(now, values, constraint):
    with pytest.raises(IntegrityError, match=f"treatments_decisionrecord_{constraint}"), transaction.atomic():
        record(now, **values)


@pytest.mark.parametrize(
    "values", [{}, {"choice": "go_to", "block": "weekly"}, {"choice": "spacing", "block": "weekly", "gap_days": 7}]
)
def test_sense(now, values):
    assert record(now, **values).pk


def test_a_record_never_changes(now):
    made = record(now)
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        DecisionRecord.objects.filter(pk=made.pk).update(reason="other")
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        made.delete()
