"""Pages by cursor: stable while rows come and go, and as fast on the last page as on the first."""

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as FieldError
from django.db.models import Field, Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

CURSOR = "cursor"
LIMIT = "limit"
DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200


class CursorPagination(BasePagination):
    """Rows in the order of ``ordering_fields`` of the view (names of model fields, the last one unique, rising).

    The cursor holds the last row's values of these fields: opaque to the caller, checked when it comes back.
    """

    page: list[Any]
    next_url: str | None

    def paginate_queryset(  # type: ignore[override]  # rows of the database, not any sequence
        self, queryset: "QuerySet[Any]", request: Request, view: Any = None
    ) -> list[Any]:
        """The page asked for. Raises ``ValidationError`` for a cursor or limit that will not do."""
        fields = [_field(queryset.model, name) for name in view.ordering_fields]
        limit = _limit(request.query_params.get(LIMIT))
        cursor = request.query_params.get(CURSOR)
        if cursor is not None:
            queryset = queryset.filter(_after(_decode(cursor, fields)))
        rows = list(queryset.order_by(*view.ordering_fields)[: limit + 1])
        self.page = rows[:limit]
        self.next_url = None
        if len(rows) > limit:
            last = _encode([field.value_from_object(self.page[-1]) for field in fields])
            self.next_url = replace_query_param(request.build_absolute_uri(), CURSOR, last)
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        """The page and the address of the next one."""
        return Response({"next": self.next_url, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same, for the API document."""
        following = {
            "type": "string",
            "format": "uri",
            "nullable": True,
            "description": "The address of the next page; null on the last one.",
        }
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": following, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002 - DRF's signature
        """The parameters, for the API document."""
        return [
            {
                "name": CURSOR,
                "in": "query",
                "required": False,
                "description": "Where to go on: take it from `next`. Its content is not for reading.",
                "schema": {"type": "string"},
            },
            {
                "name": LIMIT,
                "in": "query",
                "required": False,
                "description": "Rows on a page.",
                "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
            },
        ]


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.get_field(name)  # noqa: SLF001 - Django's documented model API
    assert isinstance(field, Field)  # noqa: S101 - views name columns
    return field


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST_LIMIT:
        return int(text)
    raise ValidationError({LIMIT: [f"Ask for 1 to {LARGEST_LIMIT} rows."]}, code="out_of_range")


def _after(position: list[tuple[str, Any]]) -> Q:
    """Rows that come later than ``position`` in the order of its fields."""
    later = Q()
    same: dict[str, Any] = {}
    for name, value in position:
        later |= Q(**same, **{f"{name}__gt": value})
        same[name] = value
    return later


def _encode(values: list[Any]) -> str:
    texts = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).rstrip(b"=").decode()


def _decode(cursor: str, fields: "list[Field[Any, Any]]") -> list[tuple[str, Any]]:
    """The position a cursor stands for. Raises ``ValidationError`` unless it can be one of ours."""
    wrong = ValidationError({CURSOR: ["This cursor is not one of ours. Start from the first page."]}, code="cursor")
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        if not isinstance(texts, list) or len(texts) != len(fields) or not all(isinstance(t, str) for t in texts):
            raise wrong
        position = [(field.name, field.to_python(text)) for field, text in zip(fields, texts, strict=True)]
    except (ValueError, RecursionError, FieldError, binascii.Error) as error:
        raise wrong from error
    if _encode([value for _, value in position]) != cursor:
        raise wrong
    return position
