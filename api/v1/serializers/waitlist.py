"""The waitlist: joining, who fits, taking a place."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.appointments import RoleSerializer
from api.v1.serializers.courses import VisitOfCourseSerializer, WishesSerializer
from api.v1.serializers.strict import Input, Instant, LocalDate, Query
from core import clock
from treatments.many.waiting import Fit
from treatments.models import WaitlistEntry, WaitlistStatus


class WaitlistQuery(Query):
    """Filters of the waitlist."""

    site = serializers.UUIDField(required=False)
    visit = serializers.UUIDField(required=False)
    course = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(required=False, choices=WaitlistStatus.choices)


class MatchQuery(Query):
    """The time that has become free."""

    site = serializers.UUIDField()
    starts_at = Instant()
    ends_at = Instant(help_text="At most a week later. Places begin in this period; they may end after it.")
    resource = serializers.UUIDField(required=False, help_text="What has become free; without it, anything.")


class WaitlistJoinSerializer(Input):
    """A visit that would come at another time, or waits for its first."""

    visit = serializers.UUIDField()
    valid_until = LocalDate(help_text="The last local date on which a place is of use.")
    wishes = WishesSerializer(required=False, help_text="What the patient can do; read as limits.")
    sooner = serializers.BooleanField(required=False, help_text="Only places before the present one; the default.")
    notice_hours = serializers.IntegerField(
        required=False, min_value=0, max_value=336, help_text="So long before a visit the patient has to know; 24."
    )
    urgent = serializers.BooleanField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="For the desk.")


class WaitlistEntrySerializer(serializers.ModelSerializer[WaitlistEntry]):
    """A visit on the waitlist."""

    visit = VisitOfCourseSerializer(read_only=True)
    wishes = serializers.DictField(read_only=True)

    class Meta:
        model = WaitlistEntry
        fields = [
            "id",
            "visit",
            "status",
            "wishes",
            "sooner",
            "notice_hours",
            "urgent",
            "note",
            "valid_until",
            "joined_at",
            "change_set",
        ]
        read_only_fields = fields


class WaitlistTakeSerializer(Input):
    """The place that is taken."""

    starts_at = Instant()
    resources = serializers.DictField(
        child=serializers.UUIDField(), required=False, help_text="Role to resource; roles not named are filled."
    )


class MeritSerializer(serializers.Serializer[Any]):
    """What speaks for a match."""

    code = serializers.ChoiceField(
        read_only=True, choices=["urgent", "no_place_yet", "fits_course", "saves_days", "waiting_days"]
    )
    amount = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Days; for fits_course points of the plan's cost that are saved."
    )


class MatchSerializer(serializers.Serializer[Any]):
    """An entry with the place it could take. Nothing is held."""

    entry = WaitlistEntrySerializer(read_only=True)
    starts_at = serializers.DateTimeField(read_only=True)
    ends_at = serializers.DateTimeField(read_only=True)
    local_start = serializers.SerializerMethodField(help_text="Wall-clock time at the site, without an offset.")
    resources = serializers.SerializerMethodField()
    merits = serializers.SerializerMethodField(help_text="Why it has its rank.")
    gives_up = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What this place gives up, in words."
    )
    by_phone = serializers.BooleanField(
        read_only=True, help_text="An infusion within 48 hours: call; do not offer it by a message."
    )

    @extend_schema_field(serializers.CharField())
    def get_local_start(self, fit: Fit) -> str:
        """Such as 2026-03-31T09:30."""
        return clock.local(fit.starts_at, self.context["zone"]).strftime("%Y-%m-%dT%H:%M")

    @extend_schema_field(RoleSerializer(many=True))
    def get_resources(self, fit: Fit) -> list[dict[str, Any]]:
        """Who and what would be taken."""
        return [
            {"role": role, "id": str(resource.pk), "kind": resource.kind, "name": resource.name}
            for role, resource in sorted(fit.resources.items())
        ]

    @extend_schema_field(MeritSerializer(many=True))
    def get_merits(self, fit: Fit) -> list[dict[str, Any]]:
        """In the order in which they count."""
        return [{"code": code, "amount": amount} for code, amount in fit.merits]


class MatchesSerializer(serializers.Serializer[Any]):
    """Who could take the freed time, the best first."""

    results = serializers.SerializerMethodField()

    @extend_schema_field(MatchSerializer(many=True))
    def get_results(self, found: dict[str, Any]) -> Any:
        """One for each entry that fits."""
        return MatchSerializer(found["results"], many=True, context={"zone": found["zone"]}).data
