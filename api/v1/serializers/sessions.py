"""A visit while it takes place: its checks, what was ticked off, what stands in the way of leaving."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.appointments import VisitNameSerializer
from api.v1.serializers.strict import Input, Instant
from scheduler.models import Status
from treatments.models import VisitTick
from treatments.queries.sessions import LEFT, CheckStep, Session


class TickSerializer(serializers.ModelSerializer[VisitTick]):
    """One thing that was done. One that was taken back is not shown."""

    by = serializers.CharField(source="by.name", read_only=True)
    note = serializers.CharField(read_only=True, help_text="Of `left`: why the patient left all the same.")

    class Meta:
        model = VisitTick
        fields = ["id", "step", "at", "by", "note"]
        read_only_fields = fields


class CheckStepSerializer(serializers.Serializer[CheckStep]):
    """One check at one moment of the visit."""

    step = serializers.CharField(source="key", read_only=True, help_text="Tick it off by this.")
    title = serializers.CharField(read_only=True)
    when = serializers.CharField(read_only=True, help_text='Such as "40 min after the start".')
    due_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="As planned until the treatment starts, and counted from then on."
    )
    tick = TickSerializer(read_only=True, allow_null=True)


class ObstacleSerializer(serializers.Serializer[Any]):
    """Something because of which the patient should not leave yet."""

    code = serializers.ChoiceField(choices=["escort", "observation", "check"], read_only=True)
    message = serializers.CharField(read_only=True)


class SessionSerializer(serializers.Serializer[Session]):
    """One visit of a course, as those who care for the patient record it."""

    visit = VisitNameSerializer(read_only=True)
    appointment = serializers.UUIDField(source="visit.appointment_id", read_only=True, allow_null=True)
    status = serializers.ChoiceField(
        source="visit.appointment.status", choices=Status.choices, read_only=True, default=None, allow_null=True
    )
    checks = CheckStepSerializer(many=True, read_only=True)
    ticks = serializers.SerializerMethodField(help_text="Everything that is ticked, in order of time.")
    needs_escort = serializers.BooleanField(
        read_only=True, help_text="The protocol lets the patient leave only with somebody: the step `escort`."
    )
    observed_until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Null until the treatment starts, and where nothing is observed."
    )
    in_the_way = serializers.SerializerMethodField(help_text="Why the patient should not leave yet, the gravest first.")

    @extend_schema_field(TickSerializer(many=True))
    def get_ticks(self, session: Session) -> Any:
        """Start, end, escort, leaving and the checks."""
        return TickSerializer(
            sorted(session.ticks.values(), key=lambda tick: (tick.at, tick.created_at)), many=True
        ).data

    @extend_schema_field(ObstacleSerializer(many=True))
    def get_in_the_way(self, session: Session) -> Any:
        """As it is now; empty once the patient has left."""
        now: datetime = self.context["now"]
        obstacles = [] if LEFT in session.ticks else list(session.in_the_way(now=now))
        return ObstacleSerializer(obstacles, many=True).data


class TickOffSerializer(Input):
    """What was done, and when."""

    step = serializers.CharField(
        max_length=60, help_text="`start`, `end`, `escort`, or the step of a check, such as blood_pressure.40."
    )
    at = Instant(required=False, help_text="When it was done, on the day of the visit; now unless given.")


class DischargeSerializer(Input):
    """The patient leaves."""

    reason = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Why the patient leaves although something is missing. Kept with the visit; not kept where nothing is.",
    )
