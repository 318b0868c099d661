"""Measures of a course: when they are due, what was answered, how it scores; and alerts."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.strict import Input, Instant
from treatments.measures.catalogue import INSTRUMENTS
from treatments.measures.instruments import InvalidAnswers
from treatments.measures.scoring import scores
from treatments.models import Alert, Assessment, Mode
from treatments.queries.assessments import Due, DueState

MOST_ITEMS = 50


class DueSerializer(serializers.Serializer[Due]):
    """One moment at which a measure is taken."""

    measure = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    filled_by = serializers.ChoiceField(choices=["patient", "clinician"], read_only=True)
    when = serializers.CharField(read_only=True, help_text='Such as "before infusion 1".')
    visit = serializers.CharField(source="visit.key", read_only=True, help_text="The visit it is counted from.")
    opens_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Null while the visit has no time.")
    closes_at = serializers.DateTimeField(read_only=True, allow_null=True)
    best_on = serializers.DateField(read_only=True, allow_null=True, help_text="Where the protocol names one day.")
    state = serializers.ChoiceField(choices=list(DueState), read_only=True)
    taken = serializers.UUIDField(source="taken.pk", read_only=True, default=None)


class ScoreSerializer(serializers.Serializer[Any]):
    """The score of one scale."""

    scale = serializers.CharField(read_only=True)
    value = serializers.FloatField(read_only=True)
    band = serializers.CharField(read_only=True)


class AssessmentSerializer(serializers.ModelSerializer[Assessment]):
    """One measure that was taken."""

    by = serializers.CharField(source="by.name", read_only=True, default=None, help_text="Null: the patient.")
    mode = serializers.ChoiceField(choices=list(Mode), read_only=True)
    answers = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    scores = serializers.SerializerMethodField()

    class Meta:
        model = Assessment
        fields = ["id", "measure", "taken_at", "mode", "by", "answers", "scores"]
        read_only_fields = fields

    @extend_schema_field(ScoreSerializer(many=True))
    def get_scores(self, row: Assessment) -> Any:
        """None for a form kept elsewhere, or with items missing."""
        instrument = INSTRUMENTS.get(row.measure)
        if instrument is None:
            return []
        try:
            return ScoreSerializer(scores(instrument, row.values), many=True).data
        except InvalidAnswers:
            return []


class CourseAssessmentsSerializer(serializers.Serializer[Any]):
    """The measures of a course, by time."""

    due = DueSerializer(many=True, read_only=True)
    taken = AssessmentSerializer(many=True, read_only=True)


class AssessSerializer(Input):
    """Answers to one measure."""

    measure = serializers.CharField(max_length=40)
    answers = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=100),
        required=False,
        default=dict,
        help_text="Values by item number; none for a form that is kept elsewhere.",
    )
    taken_at = Instant(required=False, help_text="When the patient answered; now unless given.")
    replaces = serializers.UUIDField(required=False, help_text="The assessment whose answers were typed wrongly.")

    def validate_answers(self, value: dict[str, int]) -> dict[int, int]:
        """Item numbers are numbers."""
        if len(value) > MOST_ITEMS or not all(key.isascii() and key.isdecimal() and len(key) <= 2 for key in value):
            raise serializers.ValidationError('Name each answer by its item number, such as "9".')
        return {int(key): answer for key, answer in value.items()}


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """An answer that a clinician has to see on the same day."""

    course = serializers.UUIDField(source="assessment.course_id", read_only=True)
    patient = serializers.UUIDField(source="assessment.course.patient_id", read_only=True)
    assessment = serializers.UUIDField(source="assessment_id", read_only=True)
    measure = serializers.CharField(source="assessment.measure", read_only=True)
    items = serializers.ListField(child=serializers.IntegerField(), read_only=True, help_text="Item numbers.")
    acknowledged_at = serializers.DateTimeField(
        source="acknowledgement.acknowledged_at", read_only=True, default=None, allow_null=True
    )
    acknowledged_by = serializers.CharField(source="acknowledgement.by.name", read_only=True, default=None)
    done = serializers.CharField(source="acknowledgement.done", read_only=True, default=None)

    class Meta:
        model = Alert
        fields = [
            "id", "course", "patient", "assessment", "measure", "items", "raised_at", "acknowledged_at",
            "acknowledged_by", "done",
        ]  # fmt: skip
        read_only_fields = fields


class AcknowledgeSerializer(Input):
    """What was done about an alert."""

    done = serializers.CharField(max_length=1000)
