"""Gives out an API token from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics.actions import tokens
from clinics.models import User
from clinics.models.token import Scope
from core import clock
from core.errors import DomainError


class Command(BaseCommand):
    """``manage.py issue_token flora@example.org --name "Phone system" --scope write --days 90``."""

    help = "Gives out an API token for an account and prints it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares whose, what for, what it may do and for how long."""
        parser.add_argument("email", help="the account the token belongs to")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument("--scope", choices=Scope.values, default=Scope.READ.value, help="read, or read and change")
        parser.add_argument("--days", type=int, default=90, help="how long it lives")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Prints the secret on a line of its own."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['email']}.")
        try:
            token, secret = tokens.issue(
                user=user,
                name=options["name"],
                scopes=[options["scope"]],
                days=options["days"],
                by=User.objects.service(),
                now=clock.now(),
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stderr.write(f"Token of {user.email}, until {token.expires_at:%Y-%m-%d}. It cannot be shown again:")
        self.stdout.write(secret)
