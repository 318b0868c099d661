"""Sign-in with a token. Sign-in with the session cookie is DRF's own and enforces CSRF."""

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from clinics.models import ApiToken, User
from clinics.models.token import PREFIX, digest
from core import clock

SCHEME = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer cl_…``. Sets ``request.auth`` to the ``ApiToken``. One query.

    A header that is there but does not work is refused, even when there is a session as well.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's owner and the token; None without an Authorization header.

        Raises ``AuthenticationFailed`` for another scheme and for a token that is unknown, expired or revoked.
        """
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != SCHEME.lower() or not secret.startswith(PREFIX):
            raise AuthenticationFailed(f"Send a token as `Authorization: {SCHEME} {PREFIX}…`.")
        usable = ApiToken.objects.usable(now=clock.now()).select_related("user")
        token = usable.filter(secret_hash=digest(secret)).first()
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        return token.user, token

    def authenticate_header(self, request: HttpRequest | Request) -> str:  # noqa: ARG002 - DRF's signature
        """What ``WWW-Authenticate`` says with a 401."""
        return f'{SCHEME} realm="Courseline"'
