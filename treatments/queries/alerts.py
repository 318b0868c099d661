"""Alerts that nobody has acknowledged, and those of a course."""

from django.db.models import QuerySet

from treatments.models import Alert, Course


def waiting() -> "QuerySet[Alert]":
    """Alerts nobody has acknowledged, the oldest first.

    One whose answers were corrected afterwards waits too: somebody has to say that it was a slip.
    """
    rows = Alert.objects.filter(acknowledgement=None).select_related(
        "assessment__course__patient", "assessment__course__site", "assessment__course__clinician"
    )
    return rows.order_by("raised_at")


def of_course(course: Course) -> "QuerySet[Alert]":
    """The alerts of a course, the newest first, with who has seen them."""
    rows = Alert.objects.filter(assessment__course=course).select_related(
        "assessment__course__site", "acknowledgement__by"
    )
    return rows.order_by("-raised_at")
