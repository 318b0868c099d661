"""Who calls."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.permissions import Access
from api.v1.serializers.me import MeSerializer
from clinics.models import ApiToken
from clinics.permissions import Permission, allows


class Me(Endpoint):
    """Who calls."""

    permissions = {"GET": Access.SIGNED_IN}

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Shows who calls and what they may do."""
        user = self.user
        scopes = request.auth.scopes if isinstance(request.auth, ApiToken) else None
        own = {"permissions": [each for each in Permission if allows(user, each)], "scopes": scopes}
        names = {name: getattr(user, name) for name in ("id", "email", "name", "role")}
        return self.answer(names | own, MeSerializer)
