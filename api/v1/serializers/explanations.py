"""Why a course does not fit or a visit cannot be somewhere, and what would help."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.courses import ChosenVisitSerializer, CoursePlanSerializer, PlannedVisitSerializer, at_most
from api.v1.serializers.strict import Input, Instant
from treatments.actions.reasons import PlaceExplained


class PlaceAskedSerializer(Input):
    """Another time for a visit, and perhaps other people or things for some of its roles."""

    starts_at = Instant()
    resources = serializers.DictField(
        child=serializers.UUIDField(), required=False, help_text="Role to resource; anybody able may fill the others."
    )


class ProposedPlaceSerializer(CoursePlanSerializer):
    """A time for one visit of a course that is not booked, with the places of the others."""

    visit = serializers.CharField(max_length=80, help_text="The key of the visit.")
    starts_at = Instant()
    resources = serializers.DictField(
        child=serializers.UUIDField(), required=False, help_text="Role to resource; anybody able may fill the others."
    )
    visits = ChosenVisitSerializer(
        many=True, required=False, help_text="Where the visits of the proposal are; those left out have no place."
    )

    def validate_visits(self, visits: list[Any]) -> list[Any]:
        """Raises ``ValidationError`` for more visits than any course has."""
        return at_most(visits)


class AgainstSerializer(serializers.Serializer[Any]):
    """One reason against a place."""

    code = serializers.CharField(read_only=True, help_text="Such as `too_soon` or `resource_busy`.")
    family = serializers.ChoiceField(
        read_only=True, choices=["place", "people", "course", "patient", "readiness", "policy"]
    )
    hard = serializers.BooleanField(read_only=True, help_text="It forbids the place; otherwise it is given up there.")
    message = serializers.CharField(read_only=True)
    told = serializers.DictField(
        child=serializers.CharField(),
        read_only=True,
        help_text="What the patient may be told, by language: it names nobody else and nothing clinical.",
    )
    visits = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Keys of other visits.")
    resources = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    rule = serializers.CharField(read_only=True, help_text="Where the rule stands in the protocol; empty if nowhere.")
    role = serializers.CharField(read_only=True, allow_null=True)
    amount = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Days or minutes, as the code implies."
    )
    overridable = serializers.BooleanField(read_only=True, help_text="The clinic lets this rule be overridden.")


class PlaceExplainedSerializer(serializers.Serializer[Any]):
    """What stands against a visit at a time, and where it could be instead."""

    visit = serializers.CharField(read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # DRF's own is set on instances
    starts_at = serializers.DateTimeField(read_only=True)
    possible = serializers.BooleanField(read_only=True)
    reasons = AgainstSerializer(many=True, read_only=True)
    nearest = serializers.SerializerMethodField(help_text="Up to three other places, each checked; nearest first.")

    @extend_schema_field(PlannedVisitSerializer(many=True))
    def get_nearest(self, explained: PlaceExplained) -> Any:
        """Nearest first."""
        return PlannedVisitSerializer(explained.nearest, many=True, context={"zone": explained.zone}).data
