"""The clinic's own texts."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.messages import NewTemplateSerializer, TemplateQuery, TemplateSerializer
from clinics.permissions import Permission
from notifications.actions import templates
from notifications.engine.states import Channel
from notifications.models import Template


class TemplateList(Endpoint):
    """Texts in place of the shipped ones; each edition stays."""

    permissions = {"GET": Permission.VIEW_MESSAGES, "POST": Permission.EDIT_TEMPLATES}
    query_serializer = TemplateQuery
    errors = {"POST": frozenset({412})}
    paged = True

    @extend_schema(responses=TemplateSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists every edition, oldest first; of each text and language the newest counts."""
        return self.page(Template.objects.filter(**self.query).select_related("by"), TemplateSerializer)

    @extend_schema(request=NewTemplateSerializer, responses={201: TemplateSerializer})
    def post(self, request: Request) -> Response:
        """Puts words in use, from the next message on. Refused with a sentence for each thing that is wrong with them."""
        asked = self.read(NewTemplateSerializer)
        asked["channel"] = Channel(asked.get("channel", Channel.SMS))
        return self.answer(
            templates.publish(**asked, by=self.user), TemplateSerializer, status=201, version=asked["version"] + 1
        )
