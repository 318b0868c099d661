"""Decisions handed to the desk: those that wait, and those of a course."""

from django.db.models import QuerySet

from clinics.models import Site
from treatments.models import Course, DecisionHandover, HandoverState

SHOWN_OF_COURSE = 3


def waiting(site: Site) -> "QuerySet[DecisionHandover]":
    """Those that the desk of a site has still to carry out, the oldest first."""
    rows = DecisionHandover.objects.filter(course__site=site, state=HandoverState.OPEN)
    return rows.select_related("course__patient", "course__protocol_version__protocol", "by").order_by(
        "handed_at", "pk"
    )


def recent(course: Course) -> list[DecisionHandover]:
    """The last few of a course, the newest first, with what became of them. One query."""
    rows = DecisionHandover.objects.filter(course=course).select_related("by", "closed_by")
    return list(rows.order_by("-handed_at", "-pk")[:SHOWN_OF_COURSE])
