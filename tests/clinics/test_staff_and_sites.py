"""Accounts and sites."""

from datetime import date, time
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clinics.actions import sites, staff
from clinics.models import OpeningHours, Role, Site, SiteDay, User
from core.errors import InvalidInput, NotAllowed

pytestmark = pytest.mark.django_db

SITE: dict[str, Any] = {
    "code": "main",
    "name": "Alder House",
    "public_name": "Alder",
    "zone": "Europe/Berlin",
    "phone": "+493012345678",
    "address": "Lindenstraße 1, 10969 Berlin",
    "country": "DE",
    "subdivision": "BE",
}
HOURS = {0: ((time(8), time(12)), (time(13), time(18)))}


@pytest.fixture
def manager() -> User:
    return User.objects.create_user("m@example.org", name="Mara", role=Role.MANAGER)


def test_opens_a_site_with_its_hours(manager: User) -> None:
    site = sites.open_site(by=manager, hours=HOURS, valid_from=date(2026, 1, 1), **SITE)
    assert site.opening_hours.count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": "Berlin"}, "zone"),
        ({"phone": "1"}, "phone"),
        ({"name": ""}, "name"),
        ({"public_name": "Alder Infusions"}, "public_name"),
    ],
)
def test_says_what_is_wrong_with_a_site(manager: User, change: dict[str, str], field: str) -> None:
    with pytest.raises(sites.WrongSite) as caught:
        sites.open_site(by=manager, hours=HOURS, valid_from=date(2026, 1, 1), **(SITE | change))
    assert set(caught.value.detail["fields"]) == {field}
    assert not Site.objects.exists()


@pytest.mark.parametrize("hours", [{0: ((time(12), time(8)),)}, {9: ((time(8), time(9)),)}])
def test_the_database_refuses_impossible_hours(manager: User, hours: dict[int, Any]) -> None:
    with pytest.raises(IntegrityError):
        sites.open_site(by=manager, hours=hours, valid_from=date(2026, 1, 1), **SITE)


def test_the_database_refuses_half_an_exception(manager: User) -> None:
    site = sites.open_site(by=manager, hours={}, valid_from=date(2026, 1, 1), **SITE)
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteDay.objects.create(site=site, on=date(2026, 1, 2), opens=time(8), reason="Half")
    with pytest.raises(IntegrityError), transaction.atomic():
        OpeningHours.objects.create(
            site=site,
            weekday=1,
            opens=time(8),
            closes=time(9),
            valid_from=date(2026, 1, 2),
            valid_until=date(2026, 1, 2),
        )


def test_adds_an_account_once_in_any_case(manager: User) -> None:
    staff.add(email="Dana@Example.org", name="Dana", role=Role.FRONT_DESK, by=manager)
    with pytest.raises(staff.AlreadyThere):
        staff.add(email="dana@example.ORG", name="Dana", role=Role.FRONT_DESK, by=manager)
    assert User.objects.filter(role=Role.FRONT_DESK).count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "dana"}, "email"),
        ({"name": " "}, "name"),
        ({"role": Role.SERVICE}, "role"),
        ({"role": "owner"}, "role"),
        ({"password": "short"}, "password"),
    ],
)
def test_says_what_is_wrong_with_an_account(manager: User, change: dict[str, Any], pointer: str) -> None:
    details = {"email": "d@example.org", "name": "Dana", "role": Role.NURSE, "password": None} | change
    with pytest.raises(InvalidInput) as caught:
        staff.add(by=manager, **details)
    assert caught.value.pointer == pointer


def test_only_a_manager_adds_accounts() -> None:
    nurse = User.objects.create_user("n@example.org", name="Nell", role=Role.NURSE)
    with pytest.raises(NotAllowed):
        staff.add(email="d@example.org", name="Dana", role=Role.NURSE, by=nurse)
    assert User.objects.count() == 1


def test_the_audit_trail_keeps_no_password(manager: User) -> None:
    fields = {field.name for field in manager.events.model._meta.get_fields()}
    assert "password" not in fields
    assert "email" in fields


@pytest.mark.parametrize(
    ("name", "short"),
    [("Dana Whitfield", "Dana"), ("Dr. Priya Raman", "Priya"), ("Dr. med. Ana Ruiz", "Ana"), ("J.", "J.")],
)
def test_a_short_name_has_no_title(name: str, short: str) -> None:
    assert User(name=name).get_short_name() == short
