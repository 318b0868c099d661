"""Publishes the reference protocols that come with the product."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics.models import User
from core import clock
from treatments.actions import protocols
from treatments.protocols import catalog


class Command(BaseCommand):
    """Publishes every protocol of the catalogue; those that are there already and the same stay as they are."""

    help = "Publish the reference protocols. Those already published unchanged stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """One line for each protocol; stops at the first that is refused."""
        service = User.objects.service()
        for path in catalog.files():
            try:
                version = protocols.publish(document=path.read_bytes(), by=service, now=clock.now())
            except (protocols.WrongDocument, protocols.Contradiction) as error:
                messages = [problem["message"] for problem in error.detail.get("problems", [])] or [error.message]
                raise CommandError("\n".join([f"{path.name} cannot be published:", *messages])) from error
            self.stdout.write(f"{version.protocol.code}: version {version.number}")
