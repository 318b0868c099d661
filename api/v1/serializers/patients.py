"""Patients."""

from typing import Any

from rest_framework import serializers

from api.v1.serializers.strict import Input, LocalDate, Query
from clinics.models import Patient
from clinics.models.patient import LONGEST_TRAVEL, Language


class PatientQuery(Query):
    """Filters of the list of patients."""

    search = serializers.CharField(
        required=False,
        max_length=100,
        help_text="Words from names, e-mail, phone or birth date; accents do not matter.",
    )
    site = serializers.UUIDField(required=False)


class PatientSerializer(serializers.ModelSerializer[Patient]):
    """A person who is treated."""

    phone = serializers.CharField(read_only=True, help_text="In E.164, such as +12125550100; or empty.")
    email = serializers.CharField(read_only=True, help_text="Or empty.")

    class Meta:
        model = Patient
        fields = [
            "id",
            "site",
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
            "version",
        ]
        read_only_fields = fields


class PatientNameSerializer(serializers.ModelSerializer[Patient]):
    """Who, in another thing's answer."""

    name = serializers.CharField(source="full_name", read_only=True)

    class Meta:
        model = Patient
        fields = ["id", "name"]
        read_only_fields = fields


class PatientRegistrationSerializer(Input):
    """A new patient's details."""

    site = serializers.UUIDField()
    given_name = serializers.CharField(max_length=100)
    family_name = serializers.CharField(max_length=100)
    birth_on = LocalDate()
    phone = serializers.CharField(required=False, allow_blank=True, max_length=128, help_text="With country code.")
    email = serializers.CharField(required=False, allow_blank=True, max_length=254)
    language = serializers.ChoiceField(required=False, choices=Language.choices)
    zone = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="IANA time zone, if not the site's."
    )
    may_email = serializers.BooleanField(required=False, help_text="Agreed to e-mail.")
    may_text = serializers.BooleanField(required=False, help_text="Agreed to text messages.")
    may_call = serializers.BooleanField(required=False, help_text="Agreed to phone calls.")
    travel_minutes = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LONGEST_TRAVEL,
        help_text="From home to the site; the patient's page then says when to leave.",
    )
    desk_note = serializers.CharField(
        required=False, allow_blank=True, max_length=500, help_text="For the front desk; nothing clinical."
    )


class PatientChangeSerializer(PatientRegistrationSerializer):
    """Details to change; those not named stay."""

    site = None  # type: ignore[assignment]  # a patient stays with their site
    given_name = serializers.CharField(required=False, max_length=100)
    family_name = serializers.CharField(required=False, max_length=100)
    birth_on = LocalDate(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError`` when nothing is to be changed."""
        if not attrs:
            raise serializers.ValidationError("Send at least one field to change.", code="empty")
        return attrs
