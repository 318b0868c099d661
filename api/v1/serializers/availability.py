"""Free times."""

from typing import Any

from rest_framework import serializers

from api.v1.serializers.resources import ResourceNameSerializer
from api.v1.serializers.strict import LocalDate, Query
from scheduler.models import Kind

MOST_DAYS = 31


class AvailabilityQuery(Query):
    """For whom or what, for how long, and between which dates."""

    site = serializers.UUIDField()
    minutes = serializers.IntegerField(min_value=5, max_value=720)
    from_on = LocalDate(help_text="The first local date.")
    to_on = LocalDate(help_text=f"The last local date, at most {MOST_DAYS} days in all.")
    resource = serializers.UUIDField(required=False, help_text="One resource; or say a kind.")
    kind = serializers.ChoiceField(required=False, choices=Kind.choices)
    skill = serializers.CharField(required=False, max_length=40, help_text="Code of a skill.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError``."""
        days = (attrs["to_on"] - attrs["from_on"]).days + 1
        if not 1 <= days <= MOST_DAYS:
            raise serializers.ValidationError({"to_on": f"Ask for 1 to {MOST_DAYS} days."}, code="out_of_range")
        if ("resource" in attrs) == ("kind" in attrs):
            raise serializers.ValidationError({"resource": "Ask for either a resource or a kind."}, code="either")
        return attrs


class FreeStartSerializer(serializers.Serializer[Any]):
    """A time at which a resource is free for the length asked for."""

    resource = ResourceNameSerializer(read_only=True)
    starts_at = serializers.DateTimeField(read_only=True)
    local_start = serializers.CharField(read_only=True, help_text="Wall-clock time at the site, without an offset.")


class AvailabilitySerializer(serializers.Serializer[Any]):
    """Free times, in order. `complete` is false when there are more than are listed: ask for fewer days."""

    complete = serializers.BooleanField(read_only=True)
    results = FreeStartSerializer(many=True, read_only=True)
