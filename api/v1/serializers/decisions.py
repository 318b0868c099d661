"""Decisions of a course, and what waits for a clinician."""

from typing import Any

from rest_framework import serializers

from api.v1.serializers.patients import PatientNameSerializer
from api.v1.serializers.strict import Query
from treatments.models import Choice, DecisionRecord
from treatments.queries.decisions import DecisionPoint, DecisionState
from treatments.queries.reviews import Review, ReviewKind


class DecisionRecordSerializer(serializers.ModelSerializer[DecisionRecord]):
    """What was decided, by whom and why."""

    after = serializers.CharField(read_only=True, help_text="The key of the visit that made it due, or empty.")
    choice = serializers.ChoiceField(choices=Choice.choices, read_only=True)
    by = serializers.CharField(source="by.name", read_only=True)
    change_set = serializers.UUIDField(source="change_set_id", read_only=True)

    class Meta:
        model = DecisionRecord
        fields = ["id", "decision", "after", "choice", "block", "gap_days", "reason", "decided_at", "by", "change_set"]
        read_only_fields = fields


class ProtocolChoiceSerializer(serializers.Serializer[Any]):
    """One way the protocol offers."""

    answer = serializers.CharField(read_only=True)
    goes_to = serializers.CharField(read_only=True, help_text='A block, "stop", or "clinician" where it is left open.')


class DecisionPointSerializer(serializers.Serializer[DecisionPoint]):
    """A decision that the protocol asks for."""

    decision = serializers.CharField(source="decision.decision", read_only=True)
    title = serializers.CharField(source="decision.title", read_only=True)
    after = serializers.CharField(source="after.key", read_only=True, help_text="The visit it follows.")
    state = serializers.ChoiceField(choices=list(DecisionState), read_only=True)
    opens_at = serializers.DateTimeField(read_only=True, allow_null=True)
    due_on = serializers.DateField(read_only=True, allow_null=True, help_text="The last local date for it.")
    measure = serializers.CharField(source="decision.measure", read_only=True, allow_null=True)
    choices = ProtocolChoiceSerializer(source="decision.choices", many=True, read_only=True)
    record = DecisionRecordSerializer(read_only=True, allow_null=True)


class CourseDecisionsSerializer(serializers.Serializer[Any]):
    """The decisions of a course: those its protocol asks for, and all that were made, the newest first."""

    points = DecisionPointSerializer(many=True, read_only=True)
    records = DecisionRecordSerializer(many=True, read_only=True)


class ReviewQuery(Query):
    """Which site's."""

    site = serializers.UUIDField()


class ReviewSerializer(serializers.Serializer[Review]):
    """One thing that a clinician has to decide."""

    kind = serializers.ChoiceField(choices=list(ReviewKind), read_only=True)
    course = serializers.UUIDField(source="course.pk", read_only=True)
    patient = PatientNameSerializer(source="course.patient", read_only=True)
    visit = serializers.CharField(source="visit.key", read_only=True, help_text="The visit it follows.")
    title = serializers.CharField(read_only=True)
    message = serializers.CharField(read_only=True)
    due_on = serializers.DateField(read_only=True)
    overdue = serializers.BooleanField(read_only=True)
    then = serializers.CharField(
        read_only=True, help_text="The name of the decision, or what the protocol says follows."
    )


class ReviewListSerializer(serializers.Serializer[Any]):
    """Everything that waits for a clinician at a site, the longest due first."""

    results = ReviewSerializer(many=True, read_only=True)
