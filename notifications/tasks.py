"""What Celery calls. Losing a task, or running it twice, changes nothing: the rows know what is due."""

import time
from typing import Any

from celery import shared_task

from clinics.models import User
from notifications.actions import delivery, staff_notices, sweeps

DISPATCH_SECONDS = 40
"""When a dispatcher starts nothing new any more: well inside the soft time limit of 50 s."""


@shared_task(name="notifications.dispatch")  # type: ignore[untyped-decorator]
def dispatch(**_: Any) -> None:
    """Sends what is due."""
    end = time.monotonic() + DISPATCH_SECONDS
    by = User.objects.service()
    # first: a clinician is needed at once, a reminder can wait a moment
    staff_notices.send_due(by=by, enough=lambda: time.monotonic() > end)
    delivery.deliver_due(by=by, enough=lambda: time.monotonic() > end)


@shared_task(name="notifications.sweep")  # type: ignore[untyped-decorator]
def sweep(**_: Any) -> None:
    """Finds what fell by the wayside."""
    sweeps.sweep(by=User.objects.service())


@shared_task(name="notifications.check_all_rows")  # type: ignore[untyped-decorator]
def check_all_rows(**_: Any) -> None:
    """Sweeps, and begins to look at the rows of everybody afresh."""
    sweeps.sweep(by=User.objects.service(), afresh=True)
