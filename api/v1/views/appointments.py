"""Appointments: the calendar, and changing one place in it."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.appointments import (
    AppointmentQuery,
    AppointmentSerializer,
    MoveSerializer,
    ReasonSerializer,
    StatusSerializer,
)
from clinics.permissions import Permission
from core import clock
from core.errors import Conflict
from scheduler.actions import appointments
from scheduler.models import Allocation, Appointment
from treatments.actions import sessions, visits
from treatments.models import Visit


def _shown() -> "QuerySet[Appointment]":
    taken = Allocation.objects.select_related("resource").order_by("starts_at", "role", "lane")
    return Appointment.objects.select_related("patient", "visit", "site").prefetch_related(
        Prefetch("allocations", queryset=taken)
    )


class AppointmentList(Endpoint):
    """The calendar."""

    permissions = {"GET": Permission.VIEW_CALENDAR}
    query_serializer = AppointmentQuery
    paged = True
    ordering_fields = ("starts_at", "id")

    @extend_schema(responses=AppointmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists appointments in order of time."""
        query = dict(self.query)
        rows = _shown()
        if resource := query.pop("resource", None):
            rows = rows.filter(Exists(Allocation.objects.filter(appointment=OuterRef("pk"), resource_id=resource)))
        names = {
            "site": "site_id",
            "day": "local_on",
            "from_on": "local_on__gte",
            "to_on": "local_on__lte",
            "patient": "patient_id",
            "status": "status",
        }
        return self.page(rows.filter(**{names[name]: value for name, value in query.items()}), AppointmentSerializer)


class AppointmentDetail(Endpoint):
    """One appointment."""

    permissions = {"GET": Permission.VIEW_CALENDAR}
    etagged = frozenset({"GET"})

    @extend_schema(responses=AppointmentSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows an appointment."""
        return self.answer(self.found(_shown(), key), AppointmentSerializer)


class _Change(Endpoint):
    """A change of one appointment: about the version that was seen, and carried out once."""

    versioned = etagged = frozenset({"POST"})

    def changed(self, key: UUID, *, repeated: bool = False) -> Response:
        """The appointment as it is now."""
        return self.answer(self.found(_shown(), key), AppointmentSerializer, repeated=repeated)

    def told(self) -> dict[str, Any]:
        """What every action wants to know."""
        return {"by": self.user, "now": clock.now(), "version": self.version}


class AppointmentMove(_Change):
    """Another time."""

    permissions = {"POST": Permission.MOVE_VISITS}
    keyed = frozenset({"POST"})

    @extend_schema(request=MoveSerializer, responses={200: AppointmentSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Moves a visit of a course, inside the rules of its protocol. The other visits stay where they are."""
        asked = self.read(MoveSerializer)
        visit = _visit(self.found(_shown(), key))
        if visit is None:
            raise Conflict("This is not a visit of a course. Cancel it and book it anew.")
        resources = {role: str(resource) for role, resource in asked.get("resources", {}).items()}

        def do() -> UUID:
            visits.move(
                visit=visit,
                starts_at=asked["starts_at"],
                resources=resources,
                reason=asked.get("reason", ""),
                override=asked.get("override"),
                **self.told(),
            )
            return key

        _, repeated = self.once(do)
        return self.changed(key, repeated=repeated)


class AppointmentCancel(_Change):
    """No more."""

    permissions = {"POST": Permission.CANCEL_VISITS}
    keyed = frozenset({"POST"})

    @extend_schema(request=ReasonSerializer, responses={200: AppointmentSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Cancels one appointment. If it is a visit of a course, the course goes on without it."""
        reason = self.read(ReasonSerializer).get("reason", "")
        appointment = self.found(_shown(), key)

        def do() -> UUID:
            told = self.told()
            if (visit := _visit(appointment)) is not None:
                visits.cancel(visit=visit, reason=reason, **told)
            else:
                seen = {str(key): told.pop("version")}
                appointments.cancel(appointments=[appointment], versions=seen, reason=reason, **told)
            return key

        _, repeated = self.once(do)
        return self.changed(key, repeated=repeated)


class AppointmentStatus(_Change):
    """Here, in treatment, done, missed."""

    permissions = {"POST": Permission.SET_VISIT_STATUS}
    keyable = frozenset({"POST"})

    @extend_schema(request=StatusSerializer, responses={200: AppointmentSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Says where an appointment stands; a wrong step can be taken back."""
        status = self.read(StatusSerializer)["status"]
        appointment = self.found(_shown(), key)

        def do() -> UUID:
            sessions.set_status(appointment=appointment, status=status, **self.told())
            return key

        _, repeated = self.once(do)
        return self.changed(key, repeated=repeated)


def _visit(appointment: Appointment) -> Visit | None:
    return getattr(appointment, "visit", None)
