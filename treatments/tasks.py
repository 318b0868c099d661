"""Work that a clock wakes. Each may run at any time, any number of times: the rows know what is due."""

import time

from celery import shared_task

from clinics.models import User
from core import clock
from treatments.actions import alerts, horizons, jobs, questions

EXTEND_SECONDS = 40
"""When no further course is begun: well inside the soft time limit of 50 s."""


@shared_task(name="treatments.extend_courses")  # type: ignore[untyped-decorator]
def extend_courses(**_: object) -> None:
    """Plans open-ended courses further ahead; and forgets forms that were begun and left."""
    end = time.monotonic() + EXTEND_SECONDS
    questions.forget_drafts(by=User.objects.service(), now=clock.now())
    horizons.extend_all(by=User.objects.service(), now=clock.now(), enough=lambda: time.monotonic() > end)


@shared_task(name="treatments.plan_together")  # type: ignore[untyped-decorator]
def plan_together(**_: object) -> None:
    """Works out the oldest planning job that is due."""
    jobs.work()


@shared_task(name="treatments.pass_alerts_on")  # type: ignore[untyped-decorator]
def pass_alerts_on(**_: object) -> None:
    """Asks the next clinicians about answers that nobody has seen in time."""
    alerts.pass_on(by=User.objects.service(), now=clock.now())
