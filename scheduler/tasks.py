"""Work that a clock wakes. Each may run at any time, any number of times."""

from celery import shared_task

from clinics.models import User
from core import clock
from scheduler.actions import holds


@shared_task(name="scheduler.lapse_holds")  # type: ignore[untyped-decorator]
def lapse_holds(**_: object) -> None:
    """Ends holds whose time is over."""
    holds.lapse(by=User.objects.service(), now=clock.now())
