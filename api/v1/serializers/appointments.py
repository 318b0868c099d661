"""Appointments."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.patients import PatientNameSerializer
from api.v1.serializers.strict import Input, Instant, LocalDate, Query, WallClock
from scheduler.models import Appointment, Status
from treatments.models import Visit

NEXT = [each for each in Status.choices if each[0] not in {Status.HELD, Status.CANCELLED}]
"""The statuses that can be set; held and cancelled come about in other ways."""


class AppointmentQuery(Query):
    """Filters of the list of appointments."""

    site = serializers.UUIDField(required=False)
    day = LocalDate(required=False, help_text="A local date of the site.")
    from_on = LocalDate(required=False, help_text="The first local date.")
    to_on = LocalDate(required=False, help_text="The last local date.")
    resource = serializers.UUIDField(required=False)
    patient = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(required=False, choices=Status.choices)


class RoleSerializer(serializers.Serializer[Any]):
    """Which resource fills which role."""

    role = serializers.CharField(read_only=True)
    id = serializers.UUIDField(read_only=True)
    kind = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class PlaceSerializer(serializers.ModelSerializer[Appointment]):
    """Where in the calendar: the instants, the wall-clock time that was meant, and who and what is taken."""

    local_time = WallClock(read_only=True)
    resources = serializers.SerializerMethodField()

    class Meta:
        model = Appointment
        fields = [
            "id",
            "status",
            "starts_at",
            "ends_at",
            "local_on",
            "local_time",
            "zone",
            "confirmed_at",
            "version",
            "resources",
        ]
        read_only_fields = fields

    @extend_schema_field(RoleSerializer(many=True))
    def get_resources(self, appointment: Appointment) -> list[dict[str, Any]]:
        """Each role once, though it may take several lanes and periods. Needs its allocations."""
        roles = {each.role: each.resource for each in appointment.allocations.all()}
        return [
            {"role": role, "id": str(resource.pk), "kind": resource.kind, "name": resource.name}
            for role, resource in sorted(roles.items())
        ]


class VisitNameSerializer(serializers.ModelSerializer[Visit]):
    """Which visit of which course, in another thing's answer."""

    course = serializers.UUIDField(source="course_id", read_only=True)

    class Meta:
        model = Visit
        fields = ["id", "course", "key", "label"]
        read_only_fields = fields


class AppointmentSerializer(PlaceSerializer):
    """A visit in the calendar."""

    patient = PatientNameSerializer(read_only=True, allow_null=True)
    visit = VisitNameSerializer(read_only=True, allow_null=True)

    class Meta(PlaceSerializer.Meta):
        fields = [*PlaceSerializer.Meta.fields, "site", "patient", "summary", "hold_expires_at", "visit"]
        read_only_fields = fields


class OverrideField(serializers.CharField):
    """Why a visit is booked against a rule."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=500,
            help_text=(
                "Why the visit shall be there although rules forbid it that the clinic lets be overridden: where a refusal "
                "has `detail.overridable`. Takes the permission `override_rules`, and is kept with the visit for good."
            ),
        )


class MoveSerializer(Input):
    """Where an appointment shall go."""

    starts_at = Instant()
    resources = serializers.DictField(
        child=serializers.UUIDField(),
        required=False,
        help_text="Role to resource. Roles not named keep theirs where it is free, and else take an equal one.",
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="Nothing clinical.")
    override = OverrideField()


class ReasonSerializer(Input):
    """Why something is cancelled."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="Nothing clinical.")


class StatusSerializer(Input):
    """The next status."""

    status = serializers.ChoiceField(choices=NEXT)
