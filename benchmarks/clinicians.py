"""How long the server works on the pages that clinicians open, beside a page on which nothing is.

``python -m devtools.local run -- python -m benchmarks.clinicians [visits]``

A clinic with some hundred running courses of one protocol and their scores: the panel of all of them, the progress of one, and the
day of the whole site. Time of this process's processor and of its server process.
"""

import gc
import logging
import sys
from collections.abc import Callable

from benchmarks import scratch

DAYS = 56
ROUNDS = 10
TARGET = 300
"""Milliseconds for a page."""


def main(visits: int) -> None:
    """Builds the clinic, measures, prints."""
    with scratch.database():
        from django.db.models import Count
        from django.test import Client

        from benchmarks import history
        from clinics.models import Role, User
        from core import clock
        from treatments.models import Course, CourseStatus

        logging.getLogger().setLevel(logging.WARNING)
        site = history.fill(visits, DAYS, now=clock.now(), busy_today=True)
        running = Course.objects.filter(site=site, status=CourseStatus.ACTIVE)
        course = running.annotate(scores=Count("assessments")).order_by("-scores").first()
        assert course is not None
        client = Client(SERVER_NAME="localhost")
        client.force_login(User.objects.filter(role=Role.CLINICIAN).order_by("pk")[0])
        today = site.appointments.filter(local_on=clock.local(clock.now(), site.zone).date()).count()
        print(
            f"{running.count()} running courses, {today} visits today; median of {ROUNDS} in ms of work, target {TARGET}\n"
        )
        gc.collect()
        gc.freeze()  # what the builder leaves behind is no server's to sweep
        alone = timed("nothing on it", lambda: client.get("/waitlist/"), None)
        for name, path in (
            ("running courses", "/running/"),
            ("running courses, as a table", "/running/?as=csv"),
            ("progress", f"/courses/{course.pk}/progress"),
            ("my day, the whole site", "/my-day/?who=all"),
        ):
            timed(name, lambda path=path: client.get(path), alone)


def timed(name: str, get: Callable[[], object], alone: float | None) -> float:
    """The median of work, after one page that does not count."""
    from benchmarks.claims import worked

    answer = get()
    assert answer.status_code == 200, answer
    took = []
    for _ in range(ROUNDS):
        before = worked()
        get()
        took.append(worked() - before)
    median = scratch.percentile(took, 0.5)
    print(f"{name:30} {median:7.0f} {median / (alone or median):7.1f}", flush=True)
    return median


if __name__ == "__main__":
    main(int([*sys.argv[1:], "8000"][0]))
