"""How the patients of running courses said they are: before the first visit, then on and on; for some nobody asked."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from clinics.models import Site, User
from treatments.actions import assessments
from treatments.models import Course, CourseStatus, Mode, VisitStatus
from treatments.protocols import stored

NOT_ASKED = 0.2
"""The share of courses in which nobody asked: their charts are empty, as they are in a clinic."""


def record(site: Site, *, by: User, now: datetime, order: random.Random) -> None:
    """Scores up to now. One patient answered the question about self-harm today in a way a clinician has to see."""
    running = Course.objects.filter(patient__site=site, status=CourseStatus.ACTIVE).order_by("created_at", "id")
    told = False
    for course in running.select_related("protocol_version"):
        known = {rule.measure for rule in stored.document(course.protocol_version.document).assessments}
        done = course.visits.filter(status=VisitStatus.DONE, appointment__isnull=False).select_related("appointment")
        starts = sorted(visit.appointment.starts_at for visit in done if visit.appointment is not None)
        if not starts or order.random() < NOT_ASKED:
            continue
        measure, worst = ("phq9", 24) if "phq9" in known else ("pain", 9) if "pain" in known else ("", 0)
        if not measure:
            continue
        days = list(_days(starts[0], now=now, every=7 if measure == "phq9" else 3))
        first, goal = order.randint(worst * 2 // 3, worst), order.uniform(0.2, 0.9)
        for number, at in enumerate(days):
            share = min(1.0, number * (0.5 if measure == "phq9" else 0.3))
            value = round(first * (1 - share + share * goal))
            hurt = not told and measure == "phq9" and number == len(days) - 1 > 0
            answers = items(value, hurt=hurt) if measure == "phq9" else {1: value}
            told = told or hurt
            by_phone = number > 0 and order.random() < 0.6
            assessments.record(
                course=course,
                measure=measure,
                answers=answers,
                by=User.objects.service() if by_phone else by,
                now=now,
                taken_at=at,
                mode=Mode.LINK if by_phone else Mode.CLINIC,
            )


def _days(first: datetime, *, now: datetime, every: int) -> Iterator[datetime]:
    at = first - timedelta(hours=1)
    while at < now:
        yield at
        at += timedelta(days=every)


def items(total: int, *, hurt: bool) -> dict[int, int]:
    """Answers to the nine questions of that sum; the last one 0 unless ``hurt``."""
    return {number: min(3, max(0, total - 3 * (number - 1))) for number in range(1, 9)} | {9: 1 if hurt else 0}
