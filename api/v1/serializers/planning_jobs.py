"""Planning that concerns many courses at once."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.changes import WhySerializer
from api.v1.serializers.courses import WishesSerializer
from api.v1.serializers.strict import Input, Instant, LocalDate, Query
from treatments.models import JobState, PlanningJob


class PlanningJobQuery(Query):
    """Filters of the list of planning jobs."""

    site = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(required=False, choices=JobState.choices)


class ClosureSerializer(Input):
    """What is closed: a site on a date, or a resource for a period."""

    site = serializers.UUIDField()
    reason = serializers.CharField(max_length=100, help_text="For staff.")
    on = LocalDate(required=False, help_text="The site is closed on this local date.")
    resource = serializers.UUIDField(required=False, help_text="Or this person, chair or room is away,")
    starts_at = Instant(required=False, help_text="from then")
    ends_at = Instant(required=False, help_text="until then.")


class IntakeSerializer(Input):
    """One course that is wanted."""

    patient = serializers.UUIDField()
    protocol_version = serializers.UUIDField()
    start_on = LocalDate(help_text="The first local date on which it may begin.")
    wishes = WishesSerializer(required=False)


class IntakesSerializer(Input):
    """New courses that are planned together."""

    site = serializers.UUIDField()
    courses = IntakeSerializer(many=True)


class LevellingSerializer(Input):
    """Which days are evened out, and how far."""

    site = serializers.UUIDField()
    from_on = LocalDate(help_text="The first local date; nothing leaves the period.")
    until_on = LocalDate(help_text="The last local date, included.")
    target = serializers.IntegerField(
        required=False, help_text="So many starts a day are wanted at most; the mean of the open days if left out."
    )
    most_moves = serializers.IntegerField(required=False, help_text="So many visits move at most; 20 if left out.")
    confirmed_too = serializers.BooleanField(
        required=False, help_text="Visits that a patient has confirmed may move as well."
    )


class DigestSerializer(Input):
    """Which answer was seen."""

    digest = serializers.CharField(max_length=64)


class JobSpotSerializer(serializers.Serializer[Any]):
    """A place: when, and role to the id of the resource."""

    starts_at = serializers.DateTimeField(read_only=True)
    ends_at = serializers.DateTimeField(read_only=True)
    resources = serializers.DictField(child=serializers.UUIDField(), read_only=True)


class JobStepSerializer(serializers.Serializer[Any]):
    """What becomes of a visit."""

    visit = serializers.CharField(read_only=True, help_text="Its key.")
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # DRF's own is set on instances
    family = serializers.CharField(read_only=True)
    fate = serializers.CharField(read_only=True, help_text="stays, moves, placed, or invalid: to the work list.")
    before = JobSpotSerializer(read_only=True, allow_null=True)
    after = JobSpotSerializer(read_only=True, allow_null=True)
    reasons = WhySerializer(many=True, read_only=True)


class JobCourseSerializer(serializers.Serializer[Any]):
    """What becomes of a course. One that is booked has the number it had in the question, from 0."""

    course = serializers.UUIDField(read_only=True, required=False)
    number = serializers.IntegerField(read_only=True, required=False)
    counts = serializers.DictField(
        child=serializers.IntegerField(), read_only=True, required=False, help_text="Fate to visits."
    )
    patients_told = serializers.IntegerField(
        read_only=True, required=False, help_text="1 when the patient has to hear of it."
    )
    steps = JobStepSerializer(many=True, read_only=True)


class JobDaySerializer(serializers.Serializer[Any]):
    """The starts of a local date before and after."""

    on = serializers.DateField(read_only=True)
    before = serializers.IntegerField(read_only=True)
    after = serializers.IntegerField(read_only=True)


class JobAnswerSerializer(serializers.Serializer[Any]):
    """What carrying it out will do."""

    courses = JobCourseSerializer(many=True, read_only=True)
    left = serializers.ListField(
        child=serializers.UUIDField(),
        read_only=True,
        help_text="Appointments that are hit and not touched: the patient is here or comes within the hour, or it "
        "belongs to no course.",
    )
    unplaced = serializers.ListField(
        child=serializers.IntegerField(),
        read_only=True,
        help_text="Courses that fit nowhere beside the others, by their number in the question.",
    )
    days = JobDaySerializer(many=True, read_only=True, required=False, help_text="Of a levelled period.")


class PlanningJobSerializer(serializers.ModelSerializer[PlanningJob]):
    """A planning job: poll it until it is `ready` or `failed`."""

    answer = serializers.SerializerMethodField(help_text="Once it is worked out.")

    class Meta:
        model = PlanningJob
        fields = [
            "id",
            "kind",
            "site",
            "state",
            "done",
            "total",
            "failure",
            "digest",
            "answer",
            "change_set",
            "asked_by",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(JobAnswerSerializer(allow_null=True))
    def get_answer(self, job: PlanningJob) -> Any:
        """Null until it is worked out."""
        return None if job.answer is None else JobAnswerSerializer(job.answer).data
