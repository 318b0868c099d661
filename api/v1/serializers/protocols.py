"""Protocols."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.strict import Query
from treatments.models import Protocol, ProtocolVersion


class ProtocolQuery(Query):
    """Filters of the list of protocols."""

    code = serializers.CharField(required=False, max_length=80)
    active = serializers.BooleanField(required=False, help_text="Only those offered for new courses, or only others.")


class ProtocolSerializer(serializers.ModelSerializer[Protocol]):
    """A template of a course."""

    current_version = serializers.UUIDField(
        read_only=True, allow_null=True, help_text="What a new course is booked on: `protocol_version` there."
    )
    version_number = serializers.IntegerField(read_only=True, allow_null=True, help_text="Of the current version.")

    class Meta:
        model = Protocol
        fields = ["id", "code", "title", "is_active", "current_version", "version_number"]
        read_only_fields = fields


class ProtocolNameSerializer(serializers.ModelSerializer[ProtocolVersion]):
    """Which version of which protocol, in another thing's answer."""

    id = serializers.UUIDField(source="protocol_id", read_only=True)
    code = serializers.CharField(source="protocol.code", read_only=True)
    title = serializers.CharField(source="protocol.title", read_only=True)
    version_id = serializers.UUIDField(source="pk", read_only=True)
    version_number = serializers.IntegerField(source="number", read_only=True)

    class Meta:
        model = ProtocolVersion
        fields = ["id", "code", "title", "version_id", "version_number"]
        read_only_fields = fields


class ProtocolVersionSerializer(serializers.ModelSerializer[ProtocolVersion]):
    """A published version; it never changes."""

    protocol = serializers.UUIDField(source="protocol_id", read_only=True)
    published_at = serializers.DateTimeField(source="created_at", read_only=True)
    indication = serializers.CharField(source="document.for", read_only=True, help_text="Whom it is for.")
    summary = serializers.CharField(source="document.summary", read_only=True)
    document = serializers.SerializerMethodField(help_text="The whole document; its JSON Schema is published.")

    class Meta:
        model = ProtocolVersion
        fields = ["id", "protocol", "number", "published_at", "indication", "summary", "document"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_document(self, version: ProtocolVersion) -> Any:
        """The document as JSON."""
        return version.document


class ProtocolDetailSerializer(serializers.ModelSerializer[Protocol]):
    """A template of a course, with its current version."""

    current = ProtocolVersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Protocol
        fields = ["id", "code", "title", "is_active", "current"]
        read_only_fields = fields
