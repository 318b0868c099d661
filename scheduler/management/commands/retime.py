"""``manage.py retime``: after an update of the time zones, keeps coming visits at the time on the clock they were booked for."""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics.models import User
from core import clock
from scheduler.actions import wall_clocks as actions
from scheduler.queries import wall_clocks
from scheduler.queries.wall_clocks import Shifted


class Command(BaseCommand):
    """See the module's docstring. Without ``--apply`` it only shows what it would do."""

    help = "Show the coming visits whose zone's rules changed since they were booked; with --apply, put them right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The option."""
        parser.add_argument("--apply", action="store_true", help="put them right, as one change for each site")

    def handle(self, **options: Any) -> None:
        """Shows, or does it. Ends with an error if visits were left that would overlap."""
        now = clock.now()
        if not options["apply"]:
            found = wall_clocks.shifted(now=now)
            self._list(found)
            self.stdout.write(
                f"{len(found)} visits to put right" if found else "every visit is at its time on the clock"
            )
            return
        made = actions.retime(by=User.objects.service(), now=now)
        self._list(made.done)
        self.stdout.write(f"{len(made.done)} visits put right")
        if made.clashing:
            self._list(made.clashing)
            raise CommandError(
                f"{len(made.clashing)} visits were left as they are: they would overlap. Move them by hand."
            )

    def _list(self, found: Iterable[Shifted]) -> None:
        for each in found:
            row = each.appointment
            self.stdout.write(
                f"{row.pk}: {row.local_on} {row.local_time:%H:%M} {row.zone}, "
                f"stored as {row.starts_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, is {each.starts_at:%Y-%m-%d %H:%M} UTC"
            )
