"""Messages to patients."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.messages import MessageSerializer
from clinics.permissions import Permission
from notifications.queries import messages
from treatments.models import Course


class CourseMessages(Endpoint):
    """What a course's patient is told."""

    permissions = {"GET": Permission.VIEW_MESSAGES}
    paged = True
    ordering_fields = ("due_at", "id")

    @extend_schema(responses=MessageSerializer(many=True))
    def get(self, request: Request, key: UUID) -> Response:
        """Lists the messages about the visits of a course, sent and still to be sent, in the order they are due."""
        return self.page(messages.of_course(self.found(Course.objects.all(), key)), MessageSerializer)
