"""Makes an account from the command line; the first manager of a new installation above all."""

import os
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics.actions import staff
from clinics.models import User
from core.errors import DomainError


class Command(BaseCommand):
    """``manage.py add_staff mara@example.org --name "Mara Lind" --role manager``."""

    help = "Makes an account for a member of staff. The password is asked for, or read from STAFF_PASSWORD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares who and in which role."""
        parser.add_argument("email", help="what they sign in with")
        parser.add_argument("--name", required=True, help="as colleagues read it")
        parser.add_argument("--role", required=True, choices=sorted(staff.SIGN_IN_ROLES), help="what they may do")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Makes the account. A password never stands on the command line, where others could read it."""
        password = os.environ.get("STAFF_PASSWORD") or getpass("Password: ")
        try:
            user = staff.add(
                email=options["email"],
                name=options["name"],
                role=options["role"],
                password=password,
                by=User.objects.service(),
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{user.email} can sign in now.")
