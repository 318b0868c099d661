"""What the desk writes down about patients. Notes are added, never changed."""

from datetime import datetime

from django.db import transaction

from clinics.models import Patient, PatientNote, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput
from core.text import storable

LONGEST = 500
"""Characters; longer than this belongs into another record."""


def add(*, patient: Patient, text: str, by: User, now: datetime) -> PatientNote:
    """A new note about a patient, written at ``now``.

    Raises ``InvalidInput`` for an empty or too long note, ``NotAllowed``.
    """
    require(by, Permission.EDIT_PATIENTS)
    text = text.strip()
    if not text:
        raise InvalidInput("Write the note first.", pointer="text")
    if len(text) > LONGEST:
        raise InvalidInput(f"A note has at most {LONGEST} characters; this one has {len(text)}.", pointer="text")
    if not storable(text):
        raise InvalidInput("This has a character that cannot be stored.", pointer="text")
    with transaction.atomic(), audit.acting(by):
        return PatientNote.objects.create(patient=patient, text=text, by=by, written_at=now)
