"""Setting up sites. Hours that could cut booked visits are changed in ``scheduler.actions.site_hours``."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from clinics.models import OpeningHours, Site, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput


class WrongSite(InvalidInput):
    """Some details are missing or wrong. ``detail["fields"]`` maps each field to its sentences."""

    code = "wrong_details"


def open_site(
    *,
    by: User,
    hours: Mapping[int, Sequence[tuple[time, time]]],
    valid_from: date,
    **details: Any,
) -> Site:
    """A new site with its opening hours: for each weekday (Monday is 0) its windows of wall-clock time.

    Raises ``WrongSite``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_SITES)
    site = Site(**details)
    try:
        site.full_clean()
    except ValidationError as error:
        fields = error.message_dict
        first = min(fields)
        raise WrongSite(fields[first][0], pointer=first, detail={"fields": fields}) from error
    with transaction.atomic(), audit.acting(by):
        site.save(force_insert=True)
        OpeningHours.objects.bulk_create(
            OpeningHours(site=site, weekday=weekday, opens=opens, closes=closes, valid_from=valid_from)
            for weekday, windows in sorted(hours.items())
            for opens, closes in windows
        )
    return site


def say_who_carries_out(*, site: Site, by_desk: bool, by: User) -> None:
    """Whether the front desk of a site carries out what clinicians decide about courses. Raises ``NotAllowed``."""
    require(by, Permission.EDIT_SITES)
    with transaction.atomic(), audit.acting(by):
        Site.objects.filter(pk=site.pk).update(desk_carries_out=by_desk, version=F("version") + 1, updated_at=Now())
