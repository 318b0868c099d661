"""Work that a clock wakes. Each may run at any time, any number of times."""

from celery import shared_task

from core import clock, idempotency


@shared_task(name="core.forget_idempotency_keys")  # type: ignore[untyped-decorator]
def forget_idempotency_keys(**_: object) -> None:
    """Deletes idempotency keys that are too old to be repeated."""
    idempotency.forget(now=clock.now())
