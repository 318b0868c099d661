"""Who changed what, when: kept by database triggers, append-only, with the acting user.

``@audited()`` on a model makes an event table beside it. Triggers write it, so bulk updates and raw SQL are seen too.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import pghistory
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

M = TypeVar("M", bound=models.Model)


def audited(*, but_not: Sequence[str] = ()) -> Callable[[type[M]], type[M]]:
    """Keeps every insert, update and delete of the model's rows in an append-only event table.

    ``but_not`` names fields whose values must not be kept: secrets.
    """

    def track(model: type[M]) -> type[M]:
        # trackers remember the model they were made for, so each model gets its own
        trackers = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
        tracked: type[M] = pghistory.track(*trackers, append_only=True, exclude=list(but_not) or None)(model)
        return tracked

    return track


@contextmanager
def acting(by: AbstractBaseUser) -> Iterator[None]:
    """Every change inside is recorded as made by this user. Actions open it; nesting keeps the innermost."""
    with pghistory.context(user=str(by.pk)):
        yield
