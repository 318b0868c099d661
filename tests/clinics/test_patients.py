"""Registering and editing patients."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clinics.actions import patients
from clinics.models import Patient, Role, Site, User
from core.errors import NotAllowed

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DETAILS: dict[str, Any] = {
    "given_name": "José",
    "family_name": "Núñez",
    "birth_on": date(1980, 5, 2),
    "phone": "+12025550134",
    "email": "jose@example.org",
    "may_email": True,
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return Site.objects.create(
        code="main", name="Alder", public_name="Alder", zone="America/New_York", phone="+12025550100", country="US"
    )


@pytest.fixture
def desk() -> User:
    return User.objects.create_user("desk@example.org", name="Dana", role=Role.FRONT_DESK)


@pytest.fixture
def nurse() -> User:
    return User.objects.create_user("nurse@example.org", name="Nell", role=Role.NURSE)


def test_registers_with_an_audit_event_of_the_actor(site: Site, desk: User) -> None:
    patient = patients.register(site=site, by=desk, now=NOW, **DETAILS)
    event = patient.events.get()
    assert (event.pgh_label, event.pgh_context.metadata["user"]) == ("insert", str(desk.pk))


def test_a_nurse_may_not_register(site: Site, nurse: User) -> None:
    with pytest.raises(NotAllowed):
        patients.register(site=site, by=nurse, now=NOW, **DETAILS)
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"given_name": ""}, "given_name"),
        ({"given_name": "x" * 101}, "given_name"),
        ({"birth_on": date(2026, 11, 24)}, "birth_on"),
        ({"birth_on": date(1899, 12, 31)}, "birth_on"),
        ({"birth_on": "soon"}, "birth_on"),
        ({"phone": "12"}, "phone"),
        ({"email": "jose at home"}, "email"),
        ({"email": "", "may_email": True}, "email"),
        ({"phone": "", "may_text": True}, "phone"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"language": "tlh"}, "language"),
        ({"given_name": "a\x00b"}, "given_name"),
        ({"blood_group": "A"}, "blood_group"),
    ],
)
def test_says_which_detail_is_wrong(site: Site, desk: User, change: dict[str, Any], field: str) -> None:
    with pytest.raises(patients.WrongDetails) as caught:
        patients.register(site=site, by=desk, now=NOW, **(DETAILS | change))
    assert field in caught.value.detail["fields"]
    assert not Patient.objects.exists()


def test_a_stale_edit_is_refused(site: Site, desk: User) -> None:
    patient = patients.register(site=site, by=desk, now=NOW, **DETAILS)
    patients.edit(patient=patient, by=desk, now=NOW, version=1, email="new@example.org")
    with pytest.raises(patients.PatientChanged) as caught:
        patients.edit(patient=patient, by=desk, now=NOW, version=1, email="other@example.org")
    assert caught.value.detail["current"] == {"version": 2}
    patient.refresh_from_db()
    assert patient.email == "new@example.org"


def test_finds_possible_duplicates(site: Site, desk: User) -> None:
    known = patients.register(site=site, by=desk, now=NOW, **DETAILS)
    find = patients.possible_duplicates
    assert find(given_name="Jose", family_name="Nunez", birth_on=date(1980, 5, 2)) == [known]
    assert find(given_name="Ana", family_name="Ruiz", birth_on=None, phone="+12025550134") == [known]
    assert find(given_name="Jose", family_name="Nunez", birth_on=date(1981, 5, 2)) == []


@pytest.mark.parametrize("text", ["jose", "NUNEZ", "nun jos", "1980-05-02", "555 0134", "jose@example"])
def test_search_ignores_accents_and_case(site: Site, desk: User, text: str) -> None:
    known = patients.register(site=site, by=desk, now=NOW, **DETAILS)
    assert list(Patient.objects.matching(text)) == [known]
    assert not Patient.objects.matching(f"{text} zzz").exists()


@pytest.mark.parametrize("change", [{"email": ""}, {"phone": "", "may_text": True}])
def test_the_database_refuses_consent_without_an_address(site: Site, desk: User, change: dict[str, Any]) -> None:
    patient = patients.register(site=site, by=desk, now=NOW, **DETAILS)
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.filter(pk=patient.pk).update(**change)


def test_an_edit_locks_nobody_but_the_patient(site: Site, desk: User) -> None:
    patient = patients.register(site=site, by=desk, now=NOW, **DETAILS)
    with CaptureQueriesContext(connection) as asked:
        patients.edit(patient=patient, by=desk, now=NOW, version=1, email="new@example.org")
    # a lock on the site's row would keep everybody from booking there
    locking = [query["sql"] for query in asked if "FOR UPDATE" in query["sql"]]
    assert [sql.partition("FOR UPDATE")[2].strip() for sql in locking] == ['OF "clinics_patient"']
