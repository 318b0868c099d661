"""Work that a clock wakes. Each may run at any time, any number of times: the rows know what is due."""

from celery import shared_task

from treatments.actions import jobs


@shared_task(name="treatments.plan_together")  # type: ignore[untyped-decorator]
def plan_together(**_: object) -> None:
    """Works out the oldest planning job that is due."""
    jobs.work()
