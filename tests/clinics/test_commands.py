"""A new installation gets its first site and its first manager from the command line."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clinics.models import Role, Site, User

pytestmark = pytest.mark.django_db

SITE = {
    "name": "Alder House",
    "public_name": "Alder",
    "zone": "Europe/Berlin",
    "phone": "+493012345678",
    "address": "Lindenstraße 1, 10969 Berlin",
    "country": "DE",
}


def test_opens_a_site(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("open_site", "alder", **SITE)
    assert Site.objects.get().opening_hours.count() == 5
    assert capsys.readouterr().out == "Alder House is open Monday to Friday, 08:00 to 18:00.\n"


@pytest.mark.parametrize(
    ("change", "words"), [({"zone": "Berlin"}, "no time zone called Berlin"), ({"phone": "1"}, "phone")]
)
def test_says_what_is_wrong_with_a_site(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("open_site", "alder", **(SITE | change))
    assert not Site.objects.exists()


def test_adds_the_first_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", "a long enough secret")
    call_command("add_staff", "mara@example.org", name="Mara Lind", role=Role.MANAGER)
    mara = User.objects.get(email="mara@example.org")
    assert (mara.role, mara.check_password("a long enough secret")) == (Role.MANAGER, True)


def test_refuses_a_weak_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        call_command("add_staff", "mara@example.org", name="Mara Lind", role=Role.MANAGER)
    assert not User.objects.filter(email="mara@example.org").exists()
