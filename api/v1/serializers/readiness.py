"""Gates: what has to be there before visits, and whether it is."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.courses import MOST_VISITS
from api.v1.serializers.strict import Input, Instant, LocalDate
from treatments.life.lateness import LateStarts
from treatments.models import GateFulfilment
from treatments.queries.readiness import Item, Light, Readiness, Standing, VisitReadiness


class FulfilmentSerializer(serializers.ModelSerializer[GateFulfilment]):
    """A fact: a gate was fulfilled."""

    visit = serializers.CharField(read_only=True, help_text="The key of its visit; empty where it holds for all.")
    by = serializers.CharField(source="by.name", read_only=True)

    class Meta:
        model = GateFulfilment
        fields = ["id", "visit", "done_at", "valid_until", "note", "by"]
        read_only_fields = fields


class ItemSerializer(serializers.Serializer[Item]):
    """How one gate stands before one visit."""

    gate = serializers.CharField(source="gate.key", read_only=True)
    kind = serializers.CharField(source="gate.kind", read_only=True)
    title = serializers.CharField(source="gate.title", read_only=True)
    standing = serializers.ChoiceField(
        choices=list(Standing),
        read_only=True,
        help_text="`late`: the time by which it had to be there has passed; the visit cannot keep its time.",
    )
    message = serializers.CharField(read_only=True)
    needed_by = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Null for a visit without a time.")
    valid_until = serializers.DateField(read_only=True, allow_null=True, help_text="The last local date it holds.")
    earliest_at = serializers.DateTimeField(read_only=True, help_text="The visit cannot begin sooner.")


class VisitReadinessSerializer(serializers.Serializer[VisitReadiness]):
    """One visit that has still to take place."""

    visit = serializers.UUIDField(source="visit.pk", read_only=True)
    key = serializers.CharField(source="visit.key", read_only=True)
    label = serializers.CharField(source="visit.label", read_only=True)  # type: ignore[assignment]  # DRF's own is set on instances
    starts_at = serializers.DateTimeField(source="visit.appointment.starts_at", read_only=True, default=None)
    light = serializers.ChoiceField(choices=list(Light), read_only=True)
    items = ItemSerializer(many=True, read_only=True)


class GateSerializer(serializers.Serializer[Any]):
    """One gate of the protocol, with the fulfilments that hold."""

    gate = serializers.CharField(source="0.key", read_only=True)
    kind = serializers.CharField(source="0.kind", read_only=True)
    title = serializers.CharField(source="0.title", read_only=True)
    before = serializers.CharField(source="0.before", read_only=True, help_text="Which visits wait for it.")
    per_visit = serializers.BooleanField(source="0.per_visit", read_only=True, help_text="Each visit needs its own.")
    fulfilments = FulfilmentSerializer(source="1", many=True, read_only=True)


class ReadinessSerializer(serializers.Serializer[Readiness]):
    """A course's gates, and its visits ahead with what is missing before each."""

    course = serializers.UUIDField(source="course.pk", read_only=True)
    light = serializers.ChoiceField(choices=list(Light), read_only=True)
    gates = serializers.SerializerMethodField()
    visits = VisitReadinessSerializer(many=True, read_only=True)

    @extend_schema_field(GateSerializer(many=True))
    def get_gates(self, readiness: Readiness) -> Any:
        """In the order of the protocol."""
        return GateSerializer([{"0": gate, "1": facts} for gate, facts in readiness.gates], many=True).data


class LateStartsSerializer(serializers.Serializer[LateStarts]):
    """When a visit of today can still begin while everything else stays where it is."""

    starts = serializers.ListField(child=serializers.DateTimeField(), read_only=True)
    latest = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Who is there by then is treated today; null: nobody is any more."
    )
    why = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="What forbids the next start.")


class FulfilSerializer(Input):
    """A gate that was fulfilled."""

    gate = serializers.CharField(max_length=40, help_text="Its key in the readiness of the course, such as consent.1.")
    visits = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MOST_VISITS,
        help_text="For which visits, where each needs its own.",
    )
    done_at = Instant(required=False, help_text="Since when it is there; now unless given.")
    valid_until = LocalDate(required=False, help_text="The last date on which it holds, where that is limited.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="For staff.")
