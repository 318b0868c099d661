"""Measures of a course, and alerts."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.assessments import (
    AcknowledgeSerializer,
    AlertSerializer,
    AssessSerializer,
    CourseAssessmentsSerializer,
)
from clinics.permissions import Permission
from core import clock
from treatments.actions import alerts, assessments
from treatments.models import Alert, Assessment, Course
from treatments.queries import alerts as waiting
from treatments.queries import assessments as reading

_COURSES = Course.objects.select_related("site", "protocol_version", "clinician")
_ALERTS = Alert.objects.select_related("assessment__course", "acknowledgement__by")


class CourseAssessments(Endpoint):
    """The measures of a course."""

    permissions = {"GET": Permission.VIEW_SCORES}

    @extend_schema(responses=CourseAssessmentsSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows when each measure of the protocol is due, and what was taken with its scores."""
        return self.answer(_shown(self.found(_COURSES, key)), CourseAssessmentsSerializer)


class CourseAssess(Endpoint):
    """Answers to a measure."""

    permissions = {"POST": Permission.RECORD_ASSESSMENTS}
    keyed = frozenset({"POST"})

    @extend_schema(request=AssessSerializer, responses={200: CourseAssessmentsSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Records answers. One that a clinician has to see raises an alert."""
        asked = self.read(AssessSerializer)
        course = self.found(_COURSES, key)
        if "replaces" in asked:
            asked["replaces"] = self.named(Assessment.objects.filter(course=course), asked["replaces"], "replaces")

        def do() -> UUID:
            return assessments.record(course=course, by=self.user, now=clock.now(), **asked).pk

        _, repeated = self.once(do)
        return self.answer(_shown(course), CourseAssessmentsSerializer, repeated=repeated)


class AlertList(Endpoint):
    """Alerts nobody has acknowledged."""

    permissions = {"GET": Permission.SEE_ALERTS}
    paged = True
    ordering_fields = ("raised_at", "id")

    @extend_schema(responses=AlertSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists the alerts that no clinician has acknowledged."""
        return self.page(waiting.waiting(), AlertSerializer)


class AlertAcknowledge(Endpoint):
    """A clinician has seen an alert."""

    permissions = {"POST": Permission.SEE_ALERTS}
    keyed = frozenset({"POST"})

    @extend_schema(request=AcknowledgeSerializer, responses={200: AlertSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Records what was done. It is passed on to nobody else from then on."""
        asked = self.read(AcknowledgeSerializer)
        alert = self.found(_ALERTS, key)

        def do() -> UUID:
            alerts.acknowledge(alert=alert, by=self.user, now=clock.now(), **asked)
            return alert.pk

        _, repeated = self.once(do)
        return self.answer(self.found(_ALERTS, key), AlertSerializer, repeated=repeated)


def _shown(course: Course) -> dict[str, object]:
    return {"due": reading.due(course, now=clock.now()), "taken": reading.taken(course)}
