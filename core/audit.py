"""Who changed what, when: kept by database triggers, append-only, with the acting user.

``@audited()`` on a model makes an event table beside it. Triggers write it, so bulk updates and raw SQL are seen too.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import pghistory
import pgtrigger
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

M = TypeVar("M", bound=models.Model)


class _ChangeBut(pgtrigger.AnyChange):
    """Any change of what is kept, but that of one field alone to one value."""

    def __init__(self, field: str, value: str, *, exclude: Sequence[str]) -> None:
        super().__init__(exclude=[*exclude, field])
        self.into = pgtrigger.AnyChange(field)
        self.value = pgtrigger.Q(**{f"new__{field}": value})

    def resolve(self, model: type[models.Model]) -> str:
        """As SQL."""
        others, into, value = super().resolve(model), self.into.resolve(model), self.value.resolve(model)
        return f"(({others}) OR (({into}) AND NOT ({value})))"


def audited(*, but_not: Sequence[str] = (), nor: tuple[str, str] | None = None) -> Callable[[type[M]], type[M]]:
    """Keeps every insert, update and delete of the model's rows in an append-only event table.

    ``but_not`` names fields whose values must not be kept: secrets. An update that changes nothing but the field ``nor`` to the
    value ``nor`` is not kept.
    """

    def track(model: type[M]) -> type[M]:
        # trackers remember the model they were made for, so each model gets its own
        updates = pghistory.UpdateEvent(condition=_ChangeBut(*nor, exclude=but_not)) if nor else pghistory.UpdateEvent()
        trackers = (pghistory.InsertEvent(), updates, pghistory.DeleteEvent())
        tracked: type[M] = pghistory.track(*trackers, append_only=True, exclude=list(but_not) or None)(model)
        return tracked

    return track


@contextmanager
def acting(by: AbstractBaseUser) -> Iterator[None]:
    """Every change inside is recorded as made by this user. Actions open it; nesting keeps the innermost."""
    with pghistory.context(user=str(by.pk)):
        yield
