"""Works out planning jobs without a worker."""

from typing import Any

from django.core.management.base import BaseCommand

from treatments.actions import jobs


class Command(BaseCommand):
    """Works out every planning job that is due, the oldest first."""

    help = "Work out the planning jobs that are due."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """One line for each job."""
        while (job := jobs.work()) is not None:
            said = f": {job.failure}" if job.failure else ""
            self.stdout.write(f"{job.pk} {job.state}{said}")
