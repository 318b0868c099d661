"""Accounts of staff. Switching off somebody with booked visits is ``scheduler.actions.resources``' business."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from clinics.models import Role, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict, InvalidInput

SIGN_IN_ROLES = frozenset(Role.values) - {Role.SERVICE}


class AlreadyThere(Conflict):
    """There is an account with this e-mail address."""

    code = "already_there"


def add(*, email: str, name: str, role: str, by: User, password: str | None = None) -> User:
    """A new account. Without a password it cannot sign in until one is set.

    Raises ``InvalidInput`` for an e-mail address, role or password that will not do, ``AlreadyThere``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_STAFF)
    if role not in SIGN_IN_ROLES:
        raise InvalidInput("Choose one of the roles.", pointer="role")
    if not name.strip():
        raise InvalidInput("Enter a name.", pointer="name")
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput("Enter an e-mail address such as name@example.org.", pointer="email") from error
    if password is not None:
        try:
            validate_password(password)
        except ValidationError as error:
            raise InvalidInput(" ".join(error.messages), pointer="password") from error
    with transaction.atomic(), audit.acting(by):
        if User.objects.filter(email__iexact=email).exists():
            raise AlreadyThere("There is already an account with this e-mail address.", pointer="email")
        return User.objects.create_user(email, password, name=name.strip(), role=role)
