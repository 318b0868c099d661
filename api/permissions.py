"""Who may call what. A view that names no permission for a method is closed."""

from enum import Enum
from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from clinics.models import ApiToken
from clinics.models.token import Scope
from clinics.permissions import Permission, allows


class Access(Enum):
    """Access that depends on no role."""

    PUBLIC = "public"
    """Anybody, signed in or not."""
    SIGNED_IN = "signed_in"
    """Every account."""


Rule = Permission | Access


class HasPermission(BasePermission):
    """Asks the view's ``permissions`` (method → rule) and the token's scopes.

    A token never does more than its owner's role allows, and changes nothing without the scope ``write``. Views list
    methods that change nothing in ``reading``, in addition to GET and HEAD.
    """

    message = "Your role does not allow this. Ask a manager of the clinic."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the call may go on. Raises ``MethodNotAllowed`` for a method that the view does not have."""
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in view.allowed_methods:
            raise MethodNotAllowed(method)
        rule: Rule | None = view.permissions.get(method)
        if rule is Access.PUBLIC:
            return True
        if rule is None or not request.user.is_authenticated or not request.user.is_active:
            return False
        if isinstance(request.auth, ApiToken) and not self._in_scope(request.auth, method, view):
            self.message = "This token may only read."
            return False
        return rule is Access.SIGNED_IN or (isinstance(rule, Permission) and allows(request.user, rule))

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether the call may go on with this object: roles decide, so the same answer as without it."""
        return self.has_permission(request, view)

    @staticmethod
    def _in_scope(token: ApiToken, method: str, view: Any) -> bool:
        reads = method in SAFE_METHODS or method in view.reading
        return Scope.WRITE in token.scopes or (reads and Scope.READ in token.scopes)
