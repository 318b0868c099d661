"""What the front desk writes down about a patient, line by line."""

import pgtrigger
from django.conf import settings
from django.db import models

from clinics.models.patient import Patient
from core.audit import audited
from core.models import Model


@audited()
class PatientNote(Model):
    """One note for colleagues at the desk: neutral, nothing about health. Written once, never changed."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="notes")
    text = models.CharField(max_length=500)
    written_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="clinics_patientnote_says_something")]
        indexes = [models.Index(fields=["patient", "-written_at"], name="clinics_patientnote_newest")]
        triggers = [
            pgtrigger.Protect(name="notes_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.text
