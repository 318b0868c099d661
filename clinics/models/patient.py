"""Patients: who they are and how they may be reached."""

from django.db import models
from django.db.models import Q
from phonenumber_field.modelfields import PhoneNumberField

from clinics import discretion
from clinics.models.site import Site, validate_zone
from core.audit import audited
from core.models import Model


class Language(models.TextChoices):
    """Languages messages are written in."""

    ENGLISH = "en", "English"
    SPANISH = "es", "Español"


class PatientQuerySet(models.QuerySet["Patient"]):
    """Patients."""

    def matching(self, text: str) -> "PatientQuerySet":
        """Those whose names, phone, e-mail or birth date contain every word of ``text``; accents do not matter."""
        found = self
        for word in text.split():
            digits = "".join(character for character in word if character.isdigit())
            condition = (
                Q(given_name__unaccent__icontains=word)
                | Q(family_name__unaccent__icontains=word)
                | Q(email__icontains=word)
                | Q(birth_on__icontains=word)
            )
            if len(digits) >= 3:
                condition |= Q(phone__icontains=digits)
            found = found.filter(condition)
        return found


@audited()
class Patient(Model):
    """A person who is treated. ``zone`` is where they live, if not in their site's zone."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients")
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    birth_on = models.DateField()
    phone = PhoneNumberField(blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=5, choices=Language.choices, default=Language.ENGLISH)
    zone = models.CharField(max_length=64, blank=True, validators=[validate_zone])
    may_email = models.BooleanField(default=False, help_text="Agreed to e-mail.")
    may_text = models.BooleanField(default=False, help_text="Agreed to text messages.")
    may_call = models.BooleanField(default=True, help_text="Agreed to phone calls.")
    desk_note = models.CharField(max_length=500, blank=True, help_text="For the front desk; nothing clinical.")
    version = models.PositiveIntegerField(default=1)

    objects = PatientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(may_email=False) | ~Q(email=""), name="clinics_patient_email_to_write_to"
            ),
            models.CheckConstraint(condition=Q(may_text=False) | ~Q(phone=""), name="clinics_patient_phone_to_text"),
        ]
        indexes = [models.Index(fields=["family_name", "given_name"], name="clinics_patient_name")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """Given name, family name; on a shared screen the initials."""
        return discretion.name(self.given_name, self.family_name, otherwise=f"{self.given_name} {self.family_name}")

    @property
    def short_name(self) -> str:
        """Given name and initial; on a shared screen the initials."""
        return discretion.name(
            self.given_name, self.family_name, otherwise=f"{self.given_name} {self.family_name[:1]}."
        )

    @property
    def home_zone(self) -> str:
        """The zone quiet hours are counted in; needs ``site``."""
        return self.zone or self.site.zone
