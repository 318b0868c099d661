"""Courses: asking for a plan, booking it, cancelling it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1 import examples
from api.v1.serializers.appointments import ReasonSerializer
from api.v1.serializers.courses import (
    CourseAskedSerializer,
    CourseBookingSerializer,
    CourseDetailSerializer,
    CourseQuery,
    CourseSerializer,
    ProposalSerializer,
)
from api.v1.serializers.explanations import PlaceExplainedSerializer, ProposedPlaceSerializer
from clinics.models import Patient, Role, Site, User
from clinics.permissions import Permission
from core import clock
from treatments.actions import courses, reasons
from treatments.models import Course, ProtocolVersion
from treatments.queries import courses as reading

_CLINICIANS = User.objects.filter(is_active=True, role=Role.CLINICIAN)

USUAL_ALTERNATIVES = 2


class CourseList(Endpoint):
    """Courses of treatment."""

    permissions = {"GET": Permission.VIEW_COURSES, "POST": Permission.BOOK_COURSES}
    keyed = frozenset({"POST"})
    etagged = frozenset({"POST"})
    query_serializer = CourseQuery
    paged = True

    @extend_schema(responses=CourseSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists courses, in the order in which they were booked."""
        rows = Course.objects.select_related("patient", "protocol_version__protocol")
        names = {"site": "site_id", "patient": "patient_id", "status": "status"}
        return self.page(rows.filter(**{names[name]: value for name, value in self.query.items()}), CourseSerializer)

    @extend_schema(
        request=CourseBookingSerializer,
        responses={201: CourseDetailSerializer},
        examples=[OpenApiExample("A proposal, booked", value=examples.BOOKING, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Books a whole course in one go: every visit or, unless `partial`, none."""
        asked = self.read(CourseBookingSerializer)
        wanted = _wanted(self, asked)
        wanted["patient"] = self.named(Patient.objects.present(), asked["patient"], "patient")
        if "clinician" in asked:
            wanted["clinician"] = self.named(_CLINICIANS, asked["clinician"], "clinician")
        if "visits" in asked:
            wanted["visits"] = _chosen(asked["visits"])
        key, repeated = self.once(lambda: _booked(wanted, partial=asked.get("partial", False)))
        return self.answer(reading.page(key), CourseDetailSerializer, status=201, repeated=repeated)


class CoursePropose(Endpoint):
    """A plan for a course."""

    permissions = {"POST": Permission.BOOK_COURSES}
    reading = frozenset({"POST"})

    @extend_schema(
        request=CourseAskedSerializer,
        responses={200: ProposalSerializer},
        examples=[
            OpenApiExample("Mornings, not on one date", value=examples.PLAN, request_only=True),
            OpenApiExample("A plan", value=examples.PROPOSAL, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Finds the best plan for a course and others to choose from, or the best partial one with what would help.

        Stores nothing, holds nothing.
        """
        asked = self.read(CourseAskedSerializer)
        wanted = _wanted(self, asked) | {
            "alternatives": asked.get("alternatives", USUAL_ALTERNATIVES),
            "explained": asked.get("explain", True),
        }
        if "patient" in asked:
            wanted["patient"] = self.named(Patient.objects.present(), asked["patient"], "patient")
        return self.answer(courses.propose(**wanted), ProposalSerializer)


class CourseWhyNot(Endpoint):
    """What stands against a place for a visit of a proposal."""

    permissions = {"POST": Permission.BOOK_COURSES}
    reading = frozenset({"POST"})

    @extend_schema(request=ProposedPlaceSerializer, responses={200: PlaceExplainedSerializer})
    def post(self, request: Request) -> Response:
        """Tells every reason why a visit of a proposal cannot or should not be at a time, and where it could be."""
        asked = self.read(ProposedPlaceSerializer)
        wanted = _wanted(self, asked)
        if "patient" in asked:
            wanted["patient"] = self.named(Patient.objects.present(), asked["patient"], "patient")
        found = reasons.for_proposal(
            **wanted,
            visit=asked["visit"],
            starts_at=asked["starts_at"],
            resources=_ids(asked.get("resources", {})),
            visits=_chosen(asked.get("visits", [])),
        )
        return self.answer(found, PlaceExplainedSerializer)


class CourseDetail(Endpoint):
    """One course."""

    permissions = {"GET": Permission.VIEW_COURSES}
    etagged = frozenset({"GET"})

    @extend_schema(responses=CourseDetailSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows a course with all its visits, in order of time, those without a place last."""
        return self.answer(reading.page(key), CourseDetailSerializer)


class CourseCancel(Endpoint):
    """The end of a course."""

    permissions = {"POST": Permission.CANCEL_VISITS}
    keyed = versioned = etagged = frozenset({"POST"})

    @extend_schema(request=ReasonSerializer, responses={200: CourseDetailSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Cancels a course and every visit that has not happened; done and missed ones stay as they are."""
        reason = self.read(ReasonSerializer).get("reason", "")
        course = self.found(Course.objects.all(), key)

        def do() -> UUID:
            courses.cancel(course=course, by=self.user, now=clock.now(), reason=reason, version=self.version)
            return course.pk

        _, repeated = self.once(do)
        return self.answer(reading.page(key), CourseDetailSerializer, repeated=repeated)


def _wanted(view: Endpoint, asked: dict[str, Any]) -> dict[str, Any]:
    """What proposing and booking have in common, as the action takes it. Raises ``InvalidInput``."""
    versions = ProtocolVersion.objects.select_related("protocol")
    return {
        "protocol_version": view.named(versions, asked["protocol_version"], "protocol_version"),
        "site": view.named(Site.objects.all(), asked["site"], "site"),
        "start_on": asked["start_on"],
        "wishes": asked.get("wishes", {}),
        "by": view.user,
        "now": clock.now(),
    }


def _booked(wanted: dict[str, Any], *, partial: bool) -> UUID:
    """Books, and gives each broken rule the place in the body of the visit it is about."""
    try:
        return courses.book(**wanted, partial=partial).course.pk
    except courses.RulesBroken as error:
        sent = {visit.key: number for number, visit in enumerate(wanted.get("visits", ()))}
        for problem in error.detail["problems"]:
            if problem["visit"] in sent:
                problem["pointer"] = f"visits/{sent[problem['visit']]}"
        raise


def _chosen(visits: list[dict[str, Any]]) -> list[courses.Placed]:
    return [courses.Placed(each["key"], each["starts_at"], _ids(each["resources"])) for each in visits]


def _ids(resources: dict[str, UUID]) -> dict[str, str]:
    return {role: str(resource) for role, resource in resources.items()}
