"""Decisions that a clinician makes and the desk carries out."""

from rest_framework import serializers

from api.v1.serializers.changes import DecisionSerializer
from api.v1.serializers.patients import PatientNameSerializer
from api.v1.serializers.strict import Input, Query
from treatments.models import Choice, DecisionHandover, HandoverState


class HandoverQuery(Query):
    """Filters of the list of decisions that were handed over."""

    site = serializers.UUIDField(required=False)
    course = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(required=False, choices=HandoverState.choices)


class HandoverSerializer(serializers.ModelSerializer[DecisionHandover]):
    """What a clinician decided and why, and what became of it."""

    patient = PatientNameSerializer(source="course.patient", read_only=True)
    choice = serializers.ChoiceField(choices=Choice.choices, read_only=True)
    by = serializers.CharField(source="by.name", read_only=True)
    state = serializers.ChoiceField(choices=HandoverState.choices, read_only=True)
    closed_by = serializers.CharField(source="closed_by.name", read_only=True, default=None, allow_null=True)
    note = serializers.CharField(read_only=True, help_text="What the desk said when it sent the decision back.")

    class Meta:
        model = DecisionHandover
        fields = [
            "id",
            "course",
            "patient",
            "decision",
            "choice",
            "block",
            "gap_days",
            "cancel_booked",
            "reason",
            "by",
            "handed_at",
            "state",
            "closed_at",
            "closed_by",
            "note",
            "change_set",
        ]
        read_only_fields = fields


class DecisionToHandOverSerializer(DecisionSerializer):
    """A decision for the desk to carry out."""

    reason = serializers.CharField(max_length=500, help_text="Kept with the decision, and shown to the desk.")


class CarryOutSerializer(Input):
    """What the caller saw that it does."""

    digest = serializers.RegexField(r"^[0-9a-f]{64}\Z", required=False, help_text="Of the ripple that was previewed.")


class SendBackSerializer(Input):
    """Why it could not be carried out."""

    note = serializers.CharField(max_length=500, help_text="What the clinician has to know.")
