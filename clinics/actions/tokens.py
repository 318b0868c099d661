"""API tokens: giving them out and taking them back."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from clinics.models import ApiToken, Role, User
from clinics.models.token import Scope
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput

LONGEST_DAYS = 366
"""A key that nobody has looked at for a year should not still open the door."""


def issue(
    *, user: User, name: str, scopes: Collection[str], days: int, by: User, now: datetime
) -> tuple[ApiToken, str]:
    """A new token of an account, and its secret, which is shown this once and cannot be read again.

    The token does what its owner's role allows, within ``scopes``, for ``days`` days of 24 hours.

    Raises ``InvalidInput`` for a missing name, unknown or no scopes, a length out of range, or an account that is
    switched off or the system's own; ``NotAllowed``.
    """
    require(by, Permission.MANAGE_TOKENS)
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InvalidInput("Give the token a name of 1 to 100 characters: what it is for.", pointer="name")
    if not scopes or not set(scopes) <= set(Scope.values):
        raise InvalidInput(f"Choose from the scopes: {', '.join(Scope.values)}.", pointer="scopes")
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"A token lives 1 to {LONGEST_DAYS} days.", pointer="days")
    if not user.is_active or user.role == Role.SERVICE:
        raise InvalidInput("Choose an active account of a member of staff.", pointer="user")
    with transaction.atomic(), audit.acting(by):
        return ApiToken.issue(user=user, name=name, scopes=sorted(set(scopes)), now=now, lifetime=timedelta(days=days))


def revoke(*, token: ApiToken, by: User, now: datetime) -> None:
    """Makes a token useless from now on. One that is revoked already stays as it is.

    Raises ``NotAllowed``.
    """
    require(by, Permission.MANAGE_TOKENS)
    with transaction.atomic(), audit.acting(by):
        ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now, updated_at=now)
    token.refresh_from_db()
