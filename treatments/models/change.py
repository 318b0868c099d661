"""What a change set did to a course."""

from typing import Any

import pgtrigger
from django.db import models

from core.audit import audited
from core.models import Model
from scheduler.models import ChangeSet
from treatments.models.course import Course


@audited()
class CourseChange(Model):
    """The state of a course, and of those of its visits that changed, before and after a change set. Written once.

    The state is that of ``treatments.actions.history``; ``before`` is null where the change set made the course.
    """

    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="course_changes")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="changes")
    before: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    after: "models.JSONField[Any, Any]" = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change_set", "course"], name="treatments_coursechange_unique"),
        ]
        triggers = [
            pgtrigger.Protect(name="written_once", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.change_set_id}: {self.course_id}"
