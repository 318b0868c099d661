"""Resources."""

from typing import Any

from rest_framework import serializers

from api.v1.serializers.strict import Input, Query, WallClock
from scheduler.models import Appointment, Kind, Resource, Skill


class ResourceQuery(Query):
    """Filters of the list of resources."""

    site = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(required=False, choices=Kind.choices)
    skill = serializers.CharField(required=False, max_length=40, help_text="Code of a skill.")
    active = serializers.BooleanField(required=False, help_text="Only those in use, or only those that are not.")


class ResourceSerializer(serializers.ModelSerializer[Resource]):
    """A chair, room, device or person."""

    skills: "serializers.SlugRelatedField[Skill]" = serializers.SlugRelatedField(
        slug_field="code", many=True, read_only=True, help_text="Codes."
    )

    class Meta:
        model = Resource
        fields = ["id", "site", "kind", "name", "skills", "lanes", "position", "is_active", "version"]
        read_only_fields = fields


class ResourceNameSerializer(serializers.ModelSerializer[Resource]):
    """Which resource, in another thing's answer."""

    class Meta:
        model = Resource
        fields = ["id", "kind", "name"]
        read_only_fields = fields


class AffectedSerializer(serializers.ModelSerializer[Appointment]):
    """A booked appointment that does not stand any more; it stays booked until somebody moves it."""

    local_time = WallClock(read_only=True)

    class Meta:
        model = Appointment
        fields = ["id", "starts_at", "local_on", "local_time", "zone"]
        read_only_fields = fields


class ResourceOutcomeSerializer(ResourceSerializer):
    """A resource after a change, with what the change did to booked appointments."""

    affected = AffectedSerializer(many=True, read_only=True)

    class Meta(ResourceSerializer.Meta):
        fields = [*ResourceSerializer.Meta.fields, "affected"]
        read_only_fields = fields


class NewResourceSerializer(Input):
    """A new resource."""

    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    name = serializers.CharField(max_length=100)
    skills = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=50, help_text="Codes."
    )
    lanes = serializers.IntegerField(required=False, min_value=1, max_value=48, help_text="Served at once, shared.")
    position = serializers.IntegerField(required=False, min_value=0, max_value=32767, help_text="Order on the board.")


class ConsequencesSerializer(Input):
    """Whether to go on when booked appointments would lose what they take."""

    accept_consequences = serializers.BooleanField(
        required=False, help_text="Without it, a change that hits booked appointments is refused with their list."
    )


class ResourceChangeSerializer(ConsequencesSerializer):
    """What to change; what is not named stays."""

    name = serializers.CharField(required=False, max_length=100)
    skills = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=50, help_text="Codes; all of them."
    )
    lanes = serializers.IntegerField(required=False, min_value=1, max_value=48)
    position = serializers.IntegerField(required=False, min_value=0, max_value=32767)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError`` when nothing is to be changed."""
        if not attrs.keys() - {"accept_consequences"}:
            raise serializers.ValidationError("Send at least one field to change.", code="empty")
        return attrs
