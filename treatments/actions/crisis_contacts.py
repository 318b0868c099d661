"""Whom patients of a site can call at once, as the clinic sets it."""

import re
from collections.abc import Sequence

from clinics.models import Site, User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import InvalidInput
from core.text import storable
from treatments.models import CrisisContact

MOST = 6
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]*")


def say(*, site: Site, contacts: Sequence[tuple[str, str]], by: User, whole_country: bool = False) -> list[Site]:
    """Replaces the list of a site, or of every site in its country: names and numbers as people dial them, first things first.

    An empty list leaves the public lines of the country. Gives the sites that have the list now.
    Raises ``InvalidInput`` naming the line that is wrong, ``NotAllowed``.
    """
    require(by, Permission.EDIT_SITES)
    lines = [(name.strip(), phone.strip()) for name, phone in contacts]
    _check(lines)

    def attempt() -> list[Site]:
        same = Site.objects.filter(country=site.country) if whole_country else Site.objects.filter(pk=site.pk)
        sites = list(same.select_for_update().order_by("pk"))
        for each in sites:
            known = list(CrisisContact.objects.filter(site=each).order_by("position").values_list("name", "phone"))
            if known == lines:
                continue
            CrisisContact.objects.filter(site=each).delete()
            CrisisContact.objects.bulk_create(
                CrisisContact(site=each, position=number, name=name, phone=phone)
                for number, (name, phone) in enumerate(lines, start=1)
            )
        return sites

    with audit.acting(by):
        return locks.retrying(attempt)


def _check(lines: Sequence[tuple[str, str]]) -> None:
    if len(lines) > MOST:
        raise InvalidInput(f"At most {MOST} lines: a longer list is not read in a crisis.", pointer="contacts")
    for number, (name, phone) in enumerate(lines):
        if not name or len(name) > 100 or not storable(name):
            raise InvalidInput("Say who answers, in at most 100 characters.", pointer=f"contacts/{number}/name")
        if not _PHONE.fullmatch(phone) or not 2 <= sum(char.isdigit() for char in phone) <= 15:
            raise InvalidInput("Enter a number as people dial it, such as 988.", pointer=f"contacts/{number}/phone")
