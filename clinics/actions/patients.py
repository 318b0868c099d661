"""Registering patients and keeping their details right."""

from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from clinics.announcements import patient_changed
from clinics.models import Patient, Site, User
from clinics.models.patient import resembles
from clinics.permissions import Permission, require
from core import audit, clock
from core.errors import InvalidInput, Stale
from core.text import storable

OLDEST = date(1900, 1, 1)
EDITABLE = frozenset(
    {
        "given_name",
        "family_name",
        "birth_on",
        "phone",
        "email",
        "language",
        "zone",
        "may_email",
        "may_text",
        "may_call",
        "travel_minutes",
        "desk_note",
    }
)


class WrongDetails(InvalidInput):
    """Some details are missing or wrong. ``detail["fields"]`` maps each field to its sentences."""

    code = "wrong_details"


class PatientChanged(Stale):
    """Somebody else changed the patient meanwhile. ``detail["current"]`` has the version."""


def possible_duplicates(*, given_name: str, family_name: str, birth_on: date | None, phone: str = "") -> list[Patient]:
    """Patients who may be the same person, at most five: same birth date and a like name, or the same phone."""
    same_person = Q(birth_on=birth_on) & (resembles(family_name) | resembles(given_name)) if birth_on else Q()
    if phone:
        same_person |= Q(phone=phone)
    if not same_person:
        return []
    return list(Patient.objects.present().filter(same_person).order_by("family_name", "given_name", "id")[:5])


def register(*, site: Site, by: User, now: datetime, agreed_to: str = "", **details: Any) -> Patient:
    """A new patient of a site. ``details`` are the fields of ``EDITABLE``. Announces ``patient_changed``.

    ``agreed_to`` is the sentence by which the patient agreed to be contacted, word for word.

    Raises ``WrongDetails``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_PATIENTS)
    patient = Patient(site=site)
    _apply(patient, details, now=now)
    with transaction.atomic(), audit.acting(by):
        patient.save(force_insert=True)
        patient_changed.announce(patient=patient, by=by, now=now, agreed_to=agreed_to)
    return patient


def edit(*, patient: Patient, by: User, now: datetime, version: int, agreed_to: str = "", **details: Any) -> Patient:
    """Changes details; those not named stay. ``version`` is the one the caller saw. Announces ``patient_changed``.

    ``agreed_to`` as in ``register``.

    Raises ``PatientChanged``, ``WrongDetails``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_PATIENTS)
    with transaction.atomic(), audit.acting(by):
        current = Patient.objects.select_for_update(of=("self",)).select_related("site").get(pk=patient.pk)
        if current.version != version or current.merged_into_id is not None:
            raise PatientChanged(
                "Somebody else changed this patient meanwhile. Look at the details again.",
                detail={"current": {"version": current.version}},
            )
        _apply(current, details, now=now)
        current.version += 1
        current.save()
        patient_changed.announce(patient=current, by=by, now=now, agreed_to=agreed_to)
    return current


def _apply(patient: Patient, details: dict[str, Any], *, now: datetime) -> None:
    problems: dict[str, list[str]] = {name: ["There is no such field."] for name in details.keys() - EDITABLE}
    for name in details.keys() & EDITABLE:
        setattr(patient, name, details[name])
        if isinstance(details[name], str) and not storable(details[name]):
            problems[name] = ["This has a character that cannot be stored."]
    try:
        # constraints are left to the database, which has the last word anyway
        patient.clean_fields(exclude=["site"])
    except ValidationError as error:
        problems = error.message_dict | problems
    if "birth_on" not in problems and isinstance(patient.birth_on, date):
        today = clock.local(now, patient.site.zone).date()
        if not OLDEST <= patient.birth_on <= today:
            problems["birth_on"] = ["Enter a birth date between 1900 and today."]
    if patient.may_email and not patient.email:
        problems.setdefault("email", ["Enter an e-mail address to write to."])
    if patient.may_text and not patient.phone:
        problems.setdefault("phone", ["Enter a mobile number to text to."])
    if problems:
        first = min(problems)
        raise WrongDetails(problems[first][0], pointer=first, detail={"fields": problems})
