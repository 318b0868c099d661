"""Protocols."""

from uuid import UUID

from django.db.models import OuterRef, Subquery
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.parsers import ProtocolTextParser, StrictJSONParser
from api.v1.serializers.protocols import (
    ProtocolDetailSerializer,
    ProtocolQuery,
    ProtocolSerializer,
    ProtocolVersionSerializer,
)
from clinics.permissions import Permission
from core import clock
from treatments.actions import protocols
from treatments.models import Protocol, ProtocolVersion


class ProtocolList(Endpoint):
    """Templates of courses."""

    permissions = {"GET": Permission.VIEW_PROTOCOLS, "POST": Permission.PUBLISH_PROTOCOLS}
    keyable = frozenset({"POST"})
    parser_classes = (StrictJSONParser, ProtocolTextParser)
    query_serializer = ProtocolQuery
    paged = True

    @extend_schema(responses=ProtocolSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists protocols."""
        newest = ProtocolVersion.objects.filter(protocol=OuterRef("pk")).order_by("-number")
        rows = Protocol.objects.annotate(
            current_version=Subquery(newest.values("pk")[:1]), version_number=Subquery(newest.values("number")[:1])
        )
        if "code" in self.query:
            rows = rows.filter(code=self.query["code"])
        if "active" in self.query:
            rows = rows.filter(is_active=self.query["active"])
        return self.page(rows, ProtocolSerializer)

    @extend_schema(
        request={"application/json": OpenApiTypes.OBJECT, "application/yaml": OpenApiTypes.STR},
        responses={201: ProtocolVersionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Publishes a protocol document, in JSON or YAML, as the next version of the protocol whose code it carries.

        A document that says the same as the current version gives that version back.
        """
        document = request.data
        if not isinstance(document, str | dict):
            raise ValidationError("Send a protocol document: an object.", code="wrong_type")
        key, repeated = self.once(lambda: protocols.publish(document=document, by=self.user, now=clock.now()).pk)
        version = self.found(ProtocolVersion.objects.all(), key)
        return self.answer(version, ProtocolVersionSerializer, status=201, repeated=repeated)


class ProtocolDetail(Endpoint):
    """One protocol."""

    permissions = {"GET": Permission.VIEW_PROTOCOLS}

    @extend_schema(responses=ProtocolDetailSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows a protocol with the document of its current version."""
        return self.answer(self.found(Protocol.objects.all(), key), ProtocolDetailSerializer)
