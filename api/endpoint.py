"""What every endpoint does before and after its one domain call: who, which version, once or again."""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from api.errors import PreconditionRequired
from api.pagination import CURSOR, LIMIT
from api.permissions import Rule
from api.v1.serializers.strict import Input, Query
from clinics.models import User
from core import idempotency
from core.errors import InvalidInput, NotFound

M = TypeVar("M", bound=Model)

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


class Endpoint(GenericAPIView[Any]):
    """A view of the API.

    ``permissions`` maps each method to what it takes; a method that is not there is closed. The other sets name methods:
    those that are ``reading`` change nothing although they are not GET; ``versioned`` ones need If-Match; ``keyed`` ones
    need an Idempotency-Key and ``keyable`` ones take it; ``etagged`` ones answer with one thing that has a version.
    ``errors`` maps a method to statuses it may answer with beyond those that follow from all this.
    """

    http_method_names = ["get", "head", "post", "patch"]
    permissions: ClassVar[dict[str, Rule]] = {}
    reading: ClassVar[frozenset[str]] = frozenset()
    versioned: ClassVar[frozenset[str]] = frozenset()
    keyed: ClassVar[frozenset[str]] = frozenset()
    keyable: ClassVar[frozenset[str]] = frozenset()
    errors: ClassVar[dict[str, frozenset[int]]] = {}
    query_serializer: ClassVar[type[Query]] = Query
    etagged: ClassVar[frozenset[str]] = frozenset()
    paged: ClassVar[bool] = False
    ordering_fields: ClassVar[tuple[str, ...]] = ("id",)
    filter_backends = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After DRF's own checks: unknown parameters and missing versions are refused before anything is read."""
        super().initial(request, *args, **kwargs)
        _ = self.query
        if request.method in self.versioned:
            _ = self.version

    @property
    def user(self) -> User:
        """Who calls."""
        assert isinstance(self.request.user, User)  # noqa: S101 - HasPermission let nobody else pass
        return self.request.user

    @cached_property
    def query(self) -> dict[str, Any]:
        """The parameters of the query string, checked. Raises ``ValidationError``."""
        own = {CURSOR, LIMIT} if self.paged else set()
        given = {name: values for name, values in self.request.query_params.lists() if name not in own}
        return self.query_serializer.read(given)

    @cached_property
    def version(self) -> int:
        """The version that If-Match names. Raises ``PreconditionRequired``, ``ValidationError``."""
        header = self.request.headers.get("If-Match")
        if header is None:
            raise PreconditionRequired
        tag = re.fullmatch(r'(?:W/)?"([0-9]{1,9})"', header.strip())
        if tag is None:
            raise ValidationError({"If-Match": ['Send the ETag you were given, such as "3", and only that.']})
        return int(tag[1])

    def read(self, serializer: type[Input]) -> dict[str, Any]:
        """The body, checked. Raises ``ValidationError``."""
        if not isinstance(self.request.data, dict):
            raise ValidationError("Send a JSON object.", code="wrong_type")
        filled = serializer(data=self.request.data)
        filled.is_valid(raise_exception=True)
        values: dict[str, Any] = filled.validated_data
        return values

    def found(self, rows: "QuerySet[M]", key: UUID) -> M:
        """The row with this id. Raises ``NotFound``."""
        row = rows.filter(pk=key).first()
        if row is None:
            raise NotFound(f"There is no such {rows.model._meta.verbose_name}.")  # noqa: SLF001 - documented model API
        return row

    def named(self, rows: "QuerySet[M]", key: UUID, pointer: str) -> M:
        """The row that the body names at ``pointer``. Raises ``InvalidInput``."""
        row = rows.filter(pk=key).first()
        if row is None:
            name = rows.model._meta.verbose_name  # noqa: SLF001 - documented model API
            raise InvalidInput(f"There is no {name} with this id.", pointer=pointer)
        return row

    def once(self, do: Callable[[], UUID]) -> tuple[UUID, bool]:
        """The id that ``do`` returns, and whether that was on an earlier call with the same Idempotency-Key.

        Without a key ``do`` simply runs, where the endpoint does not ask for one. If-Match is not part of the
        comparison: who repeats a call may have read the newer version meanwhile.
        """
        request = self.request
        key = request.headers.get(KEY)
        if key is None and request.method not in self.keyed:
            return do(), False
        match = request.resolver_match
        reply, repeated = idempotency.once(
            user=self.user,
            route=f"{request.method} {match.route if match else ''}",
            key=key or "",
            payload={"path": request.path, "body": request.data},
            do=lambda: {"id": str(do())},
        )
        return UUID(reply["id"]), repeated

    def page(self, rows: "QuerySet[Any]", serializer: type[BaseSerializer[Any]]) -> Response:
        """One page of rows."""
        shown = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(shown, many=True).data)

    def answer(
        self,
        row: Any,
        serializer: type[BaseSerializer[Any]],
        *,
        status: int = 200,
        repeated: bool = False,
        version: int | None = None,
        context: dict[str, Any] | None = None,
    ) -> Response:
        """One thing, with its version as ETag where it has one. ``context``: what its serializer asks for beside it."""
        headers = {}
        version = version if version is not None else getattr(row, "version", None)
        if version is not None:
            headers["ETag"] = f'"{version}"'
        if repeated:
            headers[REPLAYED] = "true"
        return Response(serializer(row, context=context or {}).data, status=status, headers=headers)
