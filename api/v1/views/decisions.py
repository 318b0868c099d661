"""What clinicians decided about courses, and what waits for them."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.decisions import CourseDecisionsSerializer, ReviewListSerializer, ReviewQuery
from clinics.models import Site
from clinics.permissions import Permission
from core import clock
from treatments.models import Course
from treatments.queries import decisions
from treatments.queries.reviews import reviews


class CourseDecisions(Endpoint):
    """The decisions of a course."""

    permissions = {"GET": Permission.VIEW_COURSES}

    @extend_schema(responses=CourseDecisionsSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows the decisions the protocol asks for, with when they are due, and those that were made."""
        course = self.found(Course.objects.select_related("site", "protocol_version"), key)
        shown = {"points": decisions.points(course, now=clock.now()), "records": list(decisions.records(course))}
        return self.answer(shown, CourseDecisionsSerializer)


class ReviewList(Endpoint):
    """What waits for a clinician."""

    permissions = {"GET": Permission.VIEW_COURSES}
    query_serializer = ReviewQuery

    @extend_schema(responses=ReviewListSerializer)
    def get(self, request: Request) -> Response:
        """Lists decisions that are due, breaks that became too long, and missed visits that a clinician decides about."""
        site = self.named(Site.objects.all(), self.query["site"], "site")
        return self.answer({"results": reviews(site, now=clock.now())}, ReviewListSerializer)
