"""Courses: asking for a plan, booking it, showing it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.appointments import OverrideField, PlaceSerializer, RoleSerializer
from api.v1.serializers.patients import PatientNameSerializer
from api.v1.serializers.protocols import ProtocolNameSerializer
from api.v1.serializers.strict import Input, Instant, LocalDate, Query
from core import clock
from treatments import overriding
from treatments.actions.courses import PlannedVisit, Proposal
from treatments.models import Course, CourseStatus, Visit, VisitStatus
from treatments.planning import Alternative

MOST_VISITS = 400
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z"


class CourseQuery(Query):
    """Filters of the list of courses."""

    site = serializers.UUIDField(required=False)
    patient = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(required=False, choices=CourseStatus.choices)


class VisitQuery(Query):
    """Filters of the list of visits."""

    site = serializers.UUIDField(required=False)
    course = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(
        required=False, choices=VisitStatus.choices, help_text="`to_place` lists what found no place yet."
    )


class EscortSerializer(Input):
    """When somebody can come to take the patient home, in the clinic's local time."""

    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), required=False, max_length=7, help_text="Monday is 0."
    )
    not_before = serializers.RegexField(CLOCK, required=False)
    not_after = serializers.RegexField(CLOCK, required=False)


class WishesSerializer(Input):
    """What the patient can do and prefers, in the clinic's local time."""

    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), required=False, max_length=7, help_text="Monday is 0."
    )
    not_before = serializers.RegexField(CLOCK, required=False, help_text="No visit begins earlier, such as 08:30.")
    not_after = serializers.RegexField(CLOCK, required=False, help_text="Every visit is over by then.")
    start_on = LocalDate(required=False, help_text="The course begins on this date or later.")
    people = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=50, help_text="Preferred persons: ids of resources."
    )
    only_people = serializers.BooleanField(required=False, help_text="Nobody else, where any of them could do it.")
    not_on = serializers.ListField(
        child=LocalDate(), required=False, max_length=400, help_text="Dates on which the patient cannot come."
    )
    firm = serializers.BooleanField(required=False, help_text="Weekdays and times are limits, not preferences.")
    max_visits_per_week = serializers.IntegerField(
        required=False, min_value=1, max_value=50, help_text="Monday to Sunday."
    )
    max_visits_per_day = serializers.IntegerField(required=False, min_value=1, max_value=50)
    escort = EscortSerializer(
        required=False, help_text="Visits before which the protocol asks for an escort end within these hours."
    )

    def to_internal_value(self, data: Any) -> Any:
        """The wishes as they were sent, once they have the right shape: the domain reads and stores them as JSON."""
        super().to_internal_value(data)
        return dict(data)


class CoursePlanSerializer(Input):
    """The course somebody wants."""

    protocol_version = serializers.UUIDField()
    site = serializers.UUIDField()
    start_on = LocalDate(help_text="The first local date on which it may begin.")
    wishes = WishesSerializer(required=False)
    patient = serializers.UUIDField(required=False, help_text="Their other appointments are kept clear of.")


class CourseAskedSerializer(CoursePlanSerializer):
    """The course somebody wants a plan for, and how many others to choose from."""

    alternatives = serializers.IntegerField(
        required=False, min_value=0, max_value=3, help_text="So many other plans at most; 2 if not given."
    )
    explain = serializers.BooleanField(
        required=False,
        help_text="False answers sooner where not every visit fits: without `explanation`. True if not given.",
    )


class ChosenVisitSerializer(Input):
    """One visit at the place that was chosen for it."""

    key = serializers.CharField(max_length=80)
    starts_at = Instant()
    resources = serializers.DictField(child=serializers.UUIDField(), help_text="Role to resource, for every role.")


class CourseBookingSerializer(CoursePlanSerializer):
    """The course to be booked: all of it or nothing, unless `partial`."""

    patient = serializers.UUIDField()
    clinician = serializers.UUIDField(required=False, help_text="The account of who is responsible.")
    visits = ChosenVisitSerializer(
        many=True,
        required=False,
        help_text="The places of a proposal, as they are or changed. Without it the best plan is found and booked.",
    )
    partial = serializers.BooleanField(  # type: ignore[assignment]  # DRF's own attribute is set on instances
        required=False, help_text="Keep visits without a place on the work list instead of refusing the course."
    )

    def validate_visits(self, visits: list[Any]) -> list[Any]:
        """Raises ``ValidationError`` for more visits than any course has."""
        return at_most(visits)


def at_most(visits: list[Any]) -> list[Any]:
    """The visits that were sent. Raises ``ValidationError`` for more than any course has."""
    if len(visits) > MOST_VISITS:
        raise serializers.ValidationError(f"No course has more than {MOST_VISITS} visits.", code="too_many")
    return visits


class PlannedVisitSerializer(serializers.Serializer[Any]):
    """One visit of a proposal. Without a place `starts_at` is null and `unplaced` says why."""

    key = serializers.CharField(read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # DRF's own is set on instances
    family = serializers.CharField(read_only=True)
    minutes = serializers.IntegerField(read_only=True)
    starts_at = serializers.DateTimeField(read_only=True, allow_null=True)
    ends_at = serializers.DateTimeField(read_only=True, allow_null=True)
    local_start = serializers.SerializerMethodField(help_text="Wall-clock time at the site, without an offset.")
    resources = serializers.SerializerMethodField()
    reason = serializers.CharField(read_only=True, help_text="Why it is there.")
    notes = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What this place gives up, in words."
    )
    unplaced = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Why it has no place.")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_local_start(self, visit: PlannedVisit) -> str | None:
        """Such as 2026-03-31T09:30."""
        if visit.starts_at is None:
            return None
        return clock.local(visit.starts_at, self.context["zone"]).strftime("%Y-%m-%dT%H:%M")

    @extend_schema_field(RoleSerializer(many=True))
    def get_resources(self, visit: PlannedVisit) -> list[dict[str, Any]]:
        """Who and what would be taken."""
        return [
            {"role": role, "id": str(resource.pk), "kind": resource.kind, "name": resource.name}
            for role, resource in sorted(visit.resources.items())
        ]


class CauseSerializer(serializers.Serializer[Any]):
    """One thing that is to blame for a course that does not fit."""

    kind = serializers.ChoiceField(
        read_only=True, choices=["rule", "wish", "hours", "bookings", "site", "patient", "nobody"]
    )
    message = serializers.CharField(read_only=True)
    visits = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Keys of the visits that fail because of it."
    )
    of = serializers.IntegerField(read_only=True, help_text="How many visits it concerns.")
    rule = serializers.CharField(read_only=True, help_text="Where the rule stands in the protocol; empty if nowhere.")
    resources = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    clash = serializers.IntegerField(
        read_only=True,
        help_text="Causes with the same number forbid the course together; another number is a reason of its own.",
    )


class FixSerializer(serializers.Serializer[Any]):
    """A change with which a plan was found."""

    kind = serializers.ChoiceField(
        read_only=True,
        choices=["time", "weekday", "date", "count", "person", "exceptions", "start", "site", "leave_out"],
    )
    message = serializers.CharField(read_only=True)
    price = serializers.CharField(read_only=True, help_text="What it costs, in words.")
    cost = serializers.IntegerField(read_only=True, help_text="The `cost` of the plan that was found.")
    instead = serializers.DictField(
        read_only=True,
        help_text="What to send instead: `start_on`, `wishes` or `site` for a plan, `partial` for a booking.",
    )


class ConcessionSerializer(serializers.Serializer[Any]):
    """A rule that would have to give way. A new version of the protocol can allow it."""

    rule = serializers.CharField(read_only=True, help_text="Where it stands in the protocol; empty for a wish.")
    message = serializers.CharField(read_only=True)
    limit = serializers.CharField(read_only=True, allow_null=True, help_text="Null: the whole rule would have to go.")
    was = serializers.IntegerField(read_only=True, allow_null=True)
    becomes = serializers.IntegerField(read_only=True, allow_null=True)
    sources = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="What the rule rests on: ids of the protocol's sources, or `clinician` where the clinic itself set it.",
    )


class ExplanationSerializer(serializers.Serializer[Any]):
    """Why a course does not fit, and what would help."""

    causes = CauseSerializer(many=True, read_only=True)
    proved = serializers.BooleanField(
        read_only=True,
        help_text="With all causes of one clash the course cannot fit; without any one of them it can, but for other clashes.",
    )
    fixes = FixSerializer(many=True, read_only=True, help_text="At most three, each tried.")
    verdict = serializers.CharField(
        read_only=True,
        help_text="Where no fix is known but `leave_out`: what it would take, or that no rule giving way would do.",
    )
    concessions = ConcessionSerializer(
        many=True, read_only=True, help_text="The rules that would have to give way, all of them together."
    )


class AlternativeSerializer(serializers.Serializer[Any]):
    """Another plan for the same course."""

    kind = serializers.ChoiceField(
        read_only=True,
        choices=["earliest_finish", "same_time", "fewest_trips", "other_person", "other_start"],
        help_text="What it is best in.",
    )
    price = serializers.CharField(read_only=True, help_text="What it gains and what it costs, in words.")
    cost = serializers.IntegerField(read_only=True)
    visits = serializers.SerializerMethodField()

    @extend_schema_field(PlannedVisitSerializer(many=True))
    def get_visits(self, alternative: Alternative) -> Any:
        """In order of time."""
        return PlannedVisitSerializer(alternative.visits, many=True, context=self.context).data


class ProposalSerializer(serializers.Serializer[Any]):
    """A plan that is not booked: nothing is held, and somebody else may be quicker."""

    protocol_version = serializers.UUIDField(source="protocol_version.pk", read_only=True)
    site = serializers.UUIDField(source="site.pk", read_only=True)
    start_on = serializers.DateField(read_only=True)
    wishes = serializers.DictField(read_only=True)
    complete = serializers.BooleanField(read_only=True, help_text="Every visit has a place.")
    cost = serializers.IntegerField(read_only=True, help_text="What the plan is ranked by; less is better.")
    bound = serializers.IntegerField(read_only=True, allow_null=True, help_text="No plan can cost less, where known.")
    visits = serializers.SerializerMethodField()
    explanation = ExplanationSerializer(
        read_only=True, allow_null=True, help_text="Why it is not complete; null if it is, or if not asked for."
    )
    alternatives = serializers.SerializerMethodField(help_text="Other plans, each with its price.")

    @extend_schema_field(PlannedVisitSerializer(many=True))
    def get_visits(self, proposal: Proposal) -> Any:
        """In order of time, those without a place last."""
        context = {"zone": proposal.site.zone}
        return PlannedVisitSerializer(proposal.visits, many=True, context=context).data

    @extend_schema_field(AlternativeSerializer(many=True))
    def get_alternatives(self, proposal: Proposal) -> Any:
        """Best first."""
        context = {"zone": proposal.site.zone}
        return AlternativeSerializer(proposal.alternatives, many=True, context=context).data


class OverrideSerializer(serializers.Serializer[Any]):
    """A rule that a visit was booked against."""

    rule = serializers.CharField(source="override.broken.words", read_only=True, help_text="In words.")
    message = serializers.CharField(source="override.broken.message", read_only=True, help_text="How it was broken.")
    starts_at = serializers.DateTimeField(
        source="override.starts_at", read_only=True, help_text="Where the visit was booked against it."
    )
    reason = serializers.CharField(source="override.reason", read_only=True)
    by = serializers.UUIDField(source="override.by", read_only=True)
    by_name = serializers.CharField(source="override.by_name", read_only=True)
    at = serializers.DateTimeField(source="override.at", read_only=True)
    counts = serializers.BooleanField(read_only=True, help_text="The visit is still there.")


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """One unit of a course, with its place in the calendar if it has one."""

    appointment = PlaceSerializer(read_only=True, allow_null=True)
    unplaced = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Why it has no place.")
    overrides = serializers.SerializerMethodField(help_text="The rules it was ever booked against.")

    class Meta:
        model = Visit
        fields = ["id", "key", "label", "family", "minutes", "status", "reason", "unplaced", "overrides", "appointment"]
        read_only_fields = fields

    @extend_schema_field(OverrideSerializer(many=True))
    def get_overrides(self, visit: Visit) -> Any:
        """The first first."""
        return OverrideSerializer(overriding.of(visit), many=True).data


class VisitOfCourseSerializer(VisitSerializer):
    """The same, with whose course it belongs to."""

    course = serializers.UUIDField(source="course_id", read_only=True)
    patient = PatientNameSerializer(source="course.patient", read_only=True)

    class Meta(VisitSerializer.Meta):
        fields = [*VisitSerializer.Meta.fields, "course", "patient"]
        read_only_fields = fields


class VisitPlaceSerializer(Input):
    """The place for a visit that has none."""

    starts_at = Instant()
    resources = serializers.DictField(
        child=serializers.UUIDField(), required=False, help_text="Role to resource; roles not named are filled."
    )
    override = OverrideField()


class CourseSerializer(serializers.ModelSerializer[Course]):
    """One patient on one protocol version."""

    patient = PatientNameSerializer(read_only=True)
    protocol = ProtocolNameSerializer(source="protocol_version", read_only=True)

    class Meta:
        model = Course
        fields = ["id", "site", "patient", "protocol", "status", "start_on", "clinician", "booked_by", "version"]
        read_only_fields = fields


class CourseDetailSerializer(CourseSerializer):
    """One patient on one protocol version, with all visits."""

    wishes = serializers.DictField(read_only=True)
    visits = VisitSerializer(many=True, read_only=True)

    class Meta(CourseSerializer.Meta):
        fields = [*CourseSerializer.Meta.fields, "wishes", "visits"]
        read_only_fields = fields
