"""Patients: who they are and how they may be reached."""

import operator
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from functools import reduce

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import TrigramWordSimilarity
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast, Concat, Substr
from django.db.models.lookups import GreaterThanOrEqual
from phonenumber_field.modelfields import PhoneNumberField

from clinics import discretion
from clinics.models.site import Site, validate_zone
from core.audit import audited
from core.models import Model


class Language(models.TextChoices):
    """Languages messages are written in."""

    ENGLISH = "en", "English"
    SPANISH = "es", "Español"


PHONE_LIKE = re.compile(r"\+?(?=(?:\D*\d){3})[\d\s()./-]+")
"""At least three digits and nothing but what phone numbers are written with. A date looks so too: the caller reads it first."""


class Plain(models.Func):
    """A text without accents, in lower case: how names are compared."""

    function = "clinics_plain"
    arity = 1
    output_field = models.TextField()


LIKE_ENOUGH = 0.45
"""Word similarity (shared trigrams) from which a name that begins alike counts as the same name, misspelt: "Smyth" and
"Smith" share 0.5.
"""
LONGEST_SWAPPED = 12
"""In so many of a word's first letters two that changed places are looked for: "Jhon"."""


LONGEST_TRAVEL = 480
"""Minutes."""


class PatientQuerySet(models.QuerySet["Patient"]):
    """Patients."""

    def present(self) -> "PatientQuerySet":
        """Those that are no duplicates merged into another."""
        return self.filter(merged_into=None)

    def matching(self, text: str, *, born: date | None = None) -> "PatientQuerySet":
        """Those of whom every word of ``text`` is part of a name, phone, e-mail or number; accents do not matter.

        ``born`` is a birth date on top. A year or an ISO date in the text is one as well.
        """
        return self._looked_for(_all(_contains(word) for word in _words(text)), born)

    def alike(self, text: str, *, born: date | None = None) -> "PatientQuerySet":
        """As ``matching``, with names that are spelt a little otherwise."""
        return self._looked_for(_all(resembles(word) for word in _words(text)), born)

    def _looked_for(self, wanted: Q, born: date | None) -> "PatientQuerySet":
        if born is not None:
            wanted &= Q(birth_on=born)
        return self.present().filter(wanted)


def _words(text: str) -> list[str]:
    """The parts to look for: a phone number is one part however it is spaced."""
    if PHONE_LIKE.fullmatch(text):
        return ["".join(character for character in text if character.isdigit())]
    return text.split()


def _all(conditions: Iterable[Q]) -> Q:
    return reduce(operator.and_, conditions, Q())


def _contains(word: str) -> Q:
    condition = Q(sought__contains=Plain(models.Value(word)))
    digits = "".join(character for character in word if character.isdigit()).lstrip("0")
    if len(digits) >= 3 and not any(character.isalpha() for character in word):
        # within a country a number begins with a zero that is not part of it
        condition |= Q(sought__contains=digits)
    if word.isdecimal() and len(word) == 4:
        condition |= Q(birth_on__year=int(word))
    with suppress(ValueError):
        condition |= Q(birth_on=date.fromisoformat(word))
    return condition


def resembles(word: str) -> Q:
    """Those with a name like this, perhaps misspelt; of a word with figures or too few letters, those who have it in them."""
    if len(word) < 3 or not any(character.isalpha() for character in word):
        return _contains(word)
    plain = Plain(models.Value(word))
    start = Substr(plain, 1, 2)
    begins = Q(sought__startswith=start) | Q(sought__contains=Concat(models.Value(" "), start))
    near = TrigramWordSimilarity(plain, "sought")  # type: ignore[arg-type]  # an expression will do
    swapped = (word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(min(len(word) - 1, LONGEST_SWAPPED)))
    turned = reduce(operator.or_, (Q(sought__contains=Plain(models.Value(each))) for each in swapped), Q())
    return Q(sought__trigram_word_similar=plain) | turned | (begins & Q(GreaterThanOrEqual(near, LIKE_ENOUGH)))


@audited(but_not=["number", "sought"])
class Patient(Model):
    """A person who is treated. ``zone`` is where they live, if not in their site's zone.

    ``number`` is the clinic's own, given once. ``merged_into`` is set on a duplicate: its courses, visits and messages are
    the other's by then, and only its name, number and facts stay; ``formerly`` of the other keeps it findable. ``sought`` is what
    searches look at.
    """

    number = models.PositiveIntegerField(
        unique=True, editable=False, db_default=models.Func(models.Value("clinics_patient_number"), function="nextval")
    )

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
    travel_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TRAVEL)],
        help_text="From home to the site; the patient's page then says when to leave.",
    )
    desk_note = models.CharField(max_length=500, blank=True, help_text="For the front desk; nothing clinical.")
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="duplicates"
    )
    formerly = models.TextField(
        blank=True,
        editable=False,
        help_text="Numbers, names and addresses of duplicates that were merged into this one.",
    )
    version = models.PositiveIntegerField(default=1)
    sought = models.GeneratedField(
        expression=Plain(
            Concat(
                "given_name",
                models.Value(" "),
                "family_name",
                models.Value(" "),
                "email",
                models.Value(" "),
                "phone",
                models.Value(" "),
                Cast("number", models.TextField()),
                models.Value(" "),
                "formerly",
                output_field=models.TextField(),
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = PatientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(may_email=False) | ~Q(email=""), name="clinics_patient_email_to_write_to"
            ),
            models.CheckConstraint(condition=Q(may_text=False) | ~Q(phone=""), name="clinics_patient_phone_to_text"),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=models.F("id")),
                name="clinics_patient_not_its_own_double",
            ),
        ]
        indexes = [
            models.Index(fields=["family_name", "given_name"], name="clinics_patient_name"),
            models.Index(fields=["birth_on"], name="clinics_patient_born"),
            GinIndex(fields=["sought"], opclasses=["gin_trgm_ops"], name="clinics_patient_sought"),
        ]

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
