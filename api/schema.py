"""The API document: what drf-spectacular cannot see by itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from api.endpoint import KEY, REPLAYED, Endpoint
from api.permissions import Access
from api.v1.serializers.strict import Input

MEANINGS = {
    400: "The input is wrong; `problems` says where.",
    401: "Not signed in, or the token does not work.",
    403: "The role or the token does not allow this.",
    404: "There is no such thing.",
    406: "Answers are JSON.",
    409: "The state of the world forbids it, such as a chair that was taken meanwhile; another choice may work.",
    412: "Somebody changed it meanwhile; `detail.current` says what it is now.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "Well-formed, but against a rule.",
    428: "If-Match is missing.",
    503: "Very busy. Try again after Retry-After.",
}


class ProblemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong with the input."""

    pointer = serializers.CharField(help_text="A path into the body, or the name of a parameter or header.")
    code = serializers.CharField()
    message = serializers.CharField()


class ErrorSerializer(serializers.Serializer[Any]):
    """The answer whenever something is wrong: `code` is for programs, `message` for people."""

    code = serializers.CharField()
    message = serializers.CharField()
    pointer = serializers.CharField(help_text="A path into the body, or the name of a parameter or header; or empty.")
    problems = ProblemSerializer(many=True, help_text="Everything that is wrong with the input.")
    detail = serializers.DictField(help_text="Data about the case.")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How a token is sent."""

    target_class = "api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 - the extension's shape
        """OpenAPI's words for it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "cl_…", "description": "Hashed, scoped, expiring."}


class Schema(AutoSchema):
    """Adds to each operation of an ``Endpoint``: its parameters, the headers it needs and sends, and its errors."""

    view: Endpoint  # type: ignore[override]  # every view of ours is one

    def get_operation_id(self) -> str:
        """Addresses that end in a verb are named by it: ``courses_propose``."""
        if self.method == "POST" and not self.path.endswith("/"):
            return "_".join(self._tokenize_path()).replace("-", "_")
        return super().get_operation_id()

    def get_override_parameters(self) -> list[Any]:
        """Parameters and headers."""
        view = self.view
        own: list[Any] = [view.query_serializer] if view.query_serializer().fields else []
        if self.method in view.versioned:
            text = 'The ETag of the version you looked at, such as "3".'
            own.append(OpenApiParameter("If-Match", str, "header", required=True, description=text))
        if self.method in view.keyed | view.keyable:
            text = (
                "Any text of your own for this one request. Sent again with it, the request is carried out only once."
            )
            keyed = self.method in view.keyed
            own.append(OpenApiParameter(KEY, str, "header", required=keyed, description=text))
            text = "true when the request had been carried out before."
            own.append(self._answer_header(REPLAYED, text))
        if self.method in view.etagged:
            own.append(self._answer_header("ETag", "The version, for If-Match."))
        return own

    @staticmethod
    def _answer_header(name: str, text: str) -> OpenApiParameter:
        return OpenApiParameter(name, OpenApiTypes.STR, "header", response=[200, 201], description=text)

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        if isinstance(serializer, Input):
            schema["additionalProperties"] = False
        return super()._postprocess_serializer_schema(schema, serializer, direction)  # type: ignore[no-untyped-call]

    def _is_list_view(self, serializer: Any = None) -> bool:
        shown = self.get_response_serializers() if serializer is None else serializer
        return isinstance(shown, serializers.ListSerializer)

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code in sorted(self._errors()):
            answer = OpenApiResponse(ErrorSerializer, MEANINGS[code])
            bodies[str(code)] = self._get_response_for_code(answer, str(code))  # type: ignore[no-untyped-call]
        return bodies

    def _errors(self) -> set[int]:
        view, method = self.view, self.method
        codes = {400, 406}
        if view.permissions.get(method) is not Access.PUBLIC:
            codes |= {401, 403}
        if "{" in self.path:
            codes |= {404}
        if method != "GET":
            codes |= {413, 415}
        if method != "GET" and method not in view.reading:
            codes |= {409, 422, 503}
        if method in view.versioned:
            codes |= {412, 428}
        return codes | view.errors.get(method, frozenset())
