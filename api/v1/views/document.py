"""The API document, and the answer at addresses where there is nothing."""

from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from django.http import HttpResponse
from django.urls import Resolver404, resolve
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from api.endpoint import Endpoint
from api.permissions import Access
from core.errors import NotFound

DOCUMENT = Path(__file__).resolve().parents[2] / "openapi.yaml"


@cache
def _document() -> bytes:
    return DOCUMENT.read_bytes()


class Document(Endpoint):
    """The API document."""

    permissions = {"GET": Access.PUBLIC}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Serves the OpenAPI document that is kept with the code."""
        # media type: RFC 9512
        return HttpResponse(_document(), content_type="application/yaml")


class Nothing(Endpoint):
    """Every address that is not one of ours."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]
    permissions = dict.fromkeys(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"], Access.PUBLIC)
    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises ``NotFound``, with the right address where only the last slash is wrong."""
        path = request.path_info
        other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
        detail = {"try": other} if _leads_somewhere(other) else {}
        raise NotFound("There is nothing at this address.", detail=detail)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> NoReturn:
        """Never reached: ``initial`` answers."""
        raise NotFound("There is nothing at this address.")

    post = put = patch = delete = trace = get
    options = get  # type: ignore[assignment]  # Django's own takes more


def _leads_somewhere(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "view_class", Nothing) is not Nothing
    except Resolver404:
        return False
