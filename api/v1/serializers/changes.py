"""Changes of a running course: what happens, what it would do, what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from api.v1.serializers.appointments import OverrideField, RoleSerializer
from api.v1.serializers.patients import PatientNameSerializer
from api.v1.serializers.strict import Input, Instant, Query
from core import clock
from scheduler.models import ChangeLine, ChangeSet
from treatments.actions.changes import Cancel, Event, Fate, Move, NoShow, Place, Ripple, Scope, Spot, Then
from treatments.life.events import Decide, Delay, Extend, Late
from treatments.models import Choice

# --- what happens --------------------------------------------------------------------------------------------


class EventSerializer(Input):
    """What every event has. `digest` is that of the preview: where it would do something else by now, it is refused."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="Nothing clinical.")
    digest = serializers.RegexField(
        r"^[0-9a-f]{64}\Z", required=False, help_text="Of the ripple that was previewed. The preview itself ignores it."
    )


class _Retimed(EventSerializer):
    visit = serializers.CharField(max_length=80, help_text="Its key, such as infusions.3.")
    starts_at = Instant()
    resources = serializers.DictField(
        child=serializers.UUIDField(),
        required=False,
        help_text="Role to resource. Roles not named keep theirs where it is free, and else take an equal one.",
    )
    only_this = serializers.BooleanField(required=False, help_text="Refuse rather than move other visits.")
    override = OverrideField()


class MoveEventSerializer(_Retimed):
    """A visit gets another time; the others move only where they have to."""

    event = serializers.ChoiceField(choices=["move"])


class PlaceEventSerializer(_Retimed):
    """A visit that waits for a place gets one."""

    event = serializers.ChoiceField(choices=["place"])


class CancelEventSerializer(EventSerializer):
    """Visits are given up: this one, this and the later ones of its block, or the whole course."""

    event = serializers.ChoiceField(choices=["cancel"])
    scope = serializers.ChoiceField(choices=[scope.value for scope in Scope])
    visit = serializers.CharField(max_length=80, required=False, help_text="Its key; not needed for the whole course.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError`` where the visit is missing."""
        if attrs["scope"] != Scope.COURSE and "visit" not in attrs:
            raise serializers.ValidationError({"visit": ["Say which visit."]}, code="required")
        return attrs


class NoShowEventSerializer(EventSerializer):
    """The patient did not come. Without `then`, what the protocol says follows."""

    event = serializers.ChoiceField(choices=["no_show"])
    visit = serializers.CharField(max_length=80, help_text="Its key, such as infusions.3.")
    then = serializers.ChoiceField(required=False, choices=[then.value for then in Then])


class LateEventSerializer(EventSerializer):
    """The patient comes late to a visit of today: it begins as soon as it can after the arrival."""

    event = serializers.ChoiceField(choices=["late"])
    visit = serializers.CharField(max_length=80, help_text="Its key, such as infusions.3.")
    arrives_at = Instant(required=False, help_text="When the patient will be there; now unless given.")


class DelayEventSerializer(EventSerializer):
    """A visit waits, for results or an illness; what comes after it moves with it."""

    event = serializers.ChoiceField(choices=["delay"])
    visit = serializers.CharField(max_length=80, help_text="Its key, such as infusions.3.")
    days = serializers.IntegerField(min_value=1, max_value=366, help_text="So many local dates.")


class DecisionSerializer(Input):
    """What a clinician decides."""

    choice = serializers.ChoiceField(choices=Choice.choices)
    decision = serializers.CharField(
        max_length=40, required=False, help_text="Its name in the protocol, if it has one."
    )
    block = serializers.CharField(max_length=40, required=False, help_text="For go_to and spacing.")
    gap_days = serializers.IntegerField(required=False, min_value=1, max_value=1100, help_text="For spacing.")
    cancel_booked = serializers.BooleanField(required=False, help_text="For stop: cancel what is firm too.")


class DecideEventSerializer(EventSerializer, DecisionSerializer):
    """A clinician decides how the course goes on."""

    event = serializers.ChoiceField(choices=["decide"])


class ExtendEventSerializer(EventSerializer):
    """Open-ended blocks get their next visits."""

    event = serializers.ChoiceField(choices=["extend"])


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of event is sent, and what is made of it."""

    serializer: type[EventSerializer]
    event: Callable[[UUID, dict[str, Any]], Event]


def _retimed(kind: type[Move] | type[Place], course: UUID, sent: dict[str, Any]) -> Event:
    resources = {role: str(resource) for role, resource in sent.get("resources", {}).items()}
    return kind(
        course,
        sent["visit"],
        sent["starts_at"],
        resources,
        only_this=sent.get("only_this", False),
        override=sent.get("override"),
    )


def decided(course: UUID, sent: dict[str, Any]) -> Decide:
    """What was sent as a ``DecisionSerializer``, as it happens to the course."""
    parts = ("decision", "block", "gap_days", "cancel_booked")
    return Decide(course, sent["choice"], **{name: sent[name] for name in parts if name in sent})


KINDS: dict[str, Kind] = {
    "move": Kind(MoveEventSerializer, lambda course, sent: _retimed(Move, course, sent)),
    "place": Kind(PlaceEventSerializer, lambda course, sent: _retimed(Place, course, sent)),
    "cancel": Kind(CancelEventSerializer, lambda course, sent: Cancel(course, sent.get("visit"), Scope(sent["scope"]))),
    "no_show": Kind(
        NoShowEventSerializer,
        lambda course, sent: NoShow(course, sent["visit"], Then(sent["then"]) if "then" in sent else None),
    ),
    "late": Kind(LateEventSerializer, lambda course, sent: Late(course, sent["visit"], sent.get("arrives_at"))),
    "delay": Kind(DelayEventSerializer, lambda course, sent: Delay(course, sent["visit"], sent["days"])),
    "decide": Kind(DecideEventSerializer, decided),
    "extend": Kind(ExtendEventSerializer, lambda course, _: Extend(course)),
}
"""Every kind of event the API takes, by the name in its field ``event``."""

EVENT = PolymorphicProxySerializer(
    component_name="Event",
    serializers={name: kind.serializer for name, kind in KINDS.items()},
    resource_type_field_name="event",
)
"""Any of them, in the API document."""


# --- what it would do ----------------------------------------------------------------------------------------


class WhySerializer(serializers.Serializer[Any]):
    """A reason."""

    code = serializers.CharField(read_only=True)
    message = serializers.CharField(read_only=True)


class SpotSerializer(serializers.Serializer[Any]):
    """Where a visit is."""

    starts_at = serializers.DateTimeField(read_only=True)
    ends_at = serializers.DateTimeField(read_only=True)
    local_start = serializers.SerializerMethodField(help_text="Wall-clock time at the site, without an offset.")
    resources = serializers.SerializerMethodField()

    def get_local_start(self, spot: Spot) -> str:
        """Such as 2026-03-31T09:30."""
        return clock.local(spot.starts_at, self.context["zone"]).strftime("%Y-%m-%dT%H:%M")

    @extend_schema_field(RoleSerializer(many=True))
    def get_resources(self, spot: Spot) -> list[dict[str, Any]]:
        """Who and what is taken."""
        return [
            {"role": role, "id": str(resource.pk), "kind": resource.kind, "name": resource.name}
            for role, resource in sorted(spot.resources.items())
        ]


class StepSerializer(serializers.Serializer[Any]):
    """What becomes of one visit."""

    visit = serializers.CharField(read_only=True, help_text="Its key.")
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # DRF's own is set on instances
    family = serializers.CharField(read_only=True)
    fate = serializers.ChoiceField(choices=[fate.value for fate in Fate], read_only=True)
    before = SpotSerializer(read_only=True, allow_null=True)
    after = SpotSerializer(read_only=True, allow_null=True)
    reasons = WhySerializer(many=True, read_only=True)


class RippleSerializer(serializers.Serializer[Any]):
    """What an event would do to its course. Nothing is stored, nothing is held."""

    verb = serializers.CharField(read_only=True)
    course = serializers.UUIDField(read_only=True)
    digest = serializers.CharField(read_only=True, help_text="Send it along to have exactly this done.")
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True, help_text="Fate to visits.")
    patients_told = serializers.IntegerField(read_only=True, help_text="So many patients have to hear of it.")
    notes = WhySerializer(many=True, read_only=True)
    steps = StepSerializer(many=True, read_only=True)


def shown(ripple: Ripple, *, zone: str) -> dict[str, Any]:
    """The ripple as it is answered."""
    data: dict[str, Any] = RippleSerializer(ripple, context={"zone": zone}).data
    return data


# --- what was done -------------------------------------------------------------------------------------------


class ChangeSetQuery(Query):
    """Filters of the list of change sets."""

    site = serializers.UUIDField(required=False)
    patient = serializers.UUIDField(required=False)
    course = serializers.UUIDField(required=False)
    since = Instant(required=False, help_text="Made then or later.")


class StateSerializer(serializers.Serializer[Any]):
    """How an appointment stood."""

    status = serializers.CharField(read_only=True)
    starts_at = serializers.DateTimeField(read_only=True)
    ends_at = serializers.DateTimeField(read_only=True)


class ChangeLineSerializer(serializers.ModelSerializer[ChangeLine]):
    """What became of one appointment. `before` is null where it was made."""

    before = StateSerializer(read_only=True, allow_null=True)
    after = StateSerializer(read_only=True)

    class Meta:
        model = ChangeLine
        fields = ["appointment", "before", "after"]
        read_only_fields = fields


class ChangeSetSerializer(serializers.ModelSerializer[ChangeSet]):
    """Everything that one user action changed."""

    patient = PatientNameSerializer(read_only=True, allow_null=True)
    undone_by = serializers.SerializerMethodField(help_text="The change set that took it back.")
    courses = serializers.SerializerMethodField()
    lines = ChangeLineSerializer(many=True, read_only=True)

    class Meta:
        model = ChangeSet
        fields = [
            "id",
            "verb",
            "by",
            "site",
            "patient",
            "reason",
            "created_at",
            "undoes",
            "undone_by",
            "courses",
            "lines",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_undone_by(self, change_set: ChangeSet) -> str | None:
        """Its id."""
        undone = getattr(change_set, "undone_by", None)
        return None if undone is None else str(undone.pk)

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_courses(self, change_set: ChangeSet) -> list[str]:
        """The courses it changed."""
        return sorted(str(change.course_id) for change in change_set.course_changes.all())
