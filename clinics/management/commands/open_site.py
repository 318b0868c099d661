"""Makes a site from the command line, so that a new installation has a place to book at."""

from argparse import ArgumentParser
from datetime import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics.actions import sites
from clinics.models import User
from core import clock
from core.errors import DomainError

DETAILS = {
    "name": "as staff read it",
    "public-name": "the sender's name in messages; says nothing about treatment",
    "zone": "time zone, such as Europe/Berlin",
    "phone": "with country code",
    "address": "on one line",
    "country": "two letters; decides the public holidays",
}


class Command(BaseCommand):
    """``manage.py open_site alder --name "Alder House" … --opens 08:00 --closes 18:00``."""

    help = "Makes a site that is open Monday to Friday; its hours can be changed later."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares what a site has."""
        parser.add_argument("code", help="a short name of letters, digits and dashes")
        for name, words in DETAILS.items():
            parser.add_argument(f"--{name}", required=True, help=words)
        parser.add_argument("--subdivision", default="", help="state or province, for its holidays")
        parser.add_argument("--opens", type=time.fromisoformat, default=time(8), help="such as 08:00")
        parser.add_argument("--closes", type=time.fromisoformat, default=time(18), help="such as 18:00")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Makes the site."""
        if options["opens"] >= options["closes"]:
            raise CommandError("The site closes before it opens.")
        details = {name.replace("-", "_"): options[name.replace("-", "_")] for name in DETAILS}
        try:
            site = sites.open_site(
                by=User.objects.service(),
                hours={weekday: [(options["opens"], options["closes"])] for weekday in range(5)},
                valid_from=clock.now().date(),
                code=options["code"],
                subdivision=options["subdivision"],
                **details,
            )
        except DomainError as error:
            raise CommandError(f"{error.pointer}: {error.message}") from error
        self.stdout.write(
            f"{site.name} is open Monday to Friday, {options['opens']:%H:%M} to {options['closes']:%H:%M}."
        )
