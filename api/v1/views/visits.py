"""Visits of all courses, above all those that have no place yet."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.courses import VisitOfCourseSerializer, VisitPlaceSerializer, VisitQuery
from api.v1.serializers.explanations import PlaceAskedSerializer, PlaceExplainedSerializer
from clinics.permissions import Permission
from core import clock
from scheduler.models import Allocation
from treatments.actions import reasons, visits
from treatments.models import Visit


def _shown() -> "QuerySet[Visit]":
    taken = Allocation.objects.select_related("resource").order_by("starts_at", "role", "lane")
    return Visit.objects.select_related("course__patient", "appointment").prefetch_related(
        Prefetch("appointment__allocations", queryset=taken)
    )


class VisitList(Endpoint):
    """Visits of all courses."""

    permissions = {"GET": Permission.VIEW_COURSES}
    query_serializer = VisitQuery
    paged = True
    ordering_fields = ("course", "position", "id")

    @extend_schema(responses=VisitOfCourseSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists visits by course; `status=to_place` is the work list of those that found no place yet."""
        names = {"site": "course__site_id", "course": "course_id", "status": "status"}
        rows = _shown().filter(**{names[name]: value for name, value in self.query.items()})
        return self.page(rows, VisitOfCourseSerializer)


class VisitPlace(Endpoint):
    """A place for a visit that has none."""

    permissions = {"POST": Permission.BOOK_COURSES}
    keyed = frozenset({"POST"})

    @extend_schema(request=VisitPlaceSerializer, responses={200: VisitOfCourseSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Books a visit that has no place yet, inside the rules of its protocol."""
        asked = self.read(VisitPlaceSerializer)
        visit = self.found(Visit.objects.all(), key)
        resources = {role: str(resource) for role, resource in asked.get("resources", {}).items()}

        def do() -> UUID:
            visits.place(
                visit=visit,
                starts_at=asked["starts_at"],
                by=self.user,
                now=clock.now(),
                resources=resources,
                override=asked.get("override"),
            )
            return visit.pk

        _, repeated = self.once(do)
        return self.answer(self.found(_shown(), key), VisitOfCourseSerializer, repeated=repeated)


class VisitWhyNot(Endpoint):
    """What stands against another time for a visit."""

    permissions = {"POST": Permission.BOOK_COURSES}
    reading = frozenset({"POST"})

    @extend_schema(request=PlaceAskedSerializer, responses={200: PlaceExplainedSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Tells every reason why a visit of a booked course cannot or should not be at a time, and where it could be."""
        asked = self.read(PlaceAskedSerializer)
        visit = self.found(Visit.objects.all(), key)
        resources = {role: str(resource) for role, resource in asked.get("resources", {}).items()}
        found = reasons.for_visit(
            visit=visit, starts_at=asked["starts_at"], by=self.user, now=clock.now(), resources=resources
        )
        return self.answer(found, PlaceExplainedSerializer)
