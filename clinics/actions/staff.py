"""Accounts of staff. Switching off somebody with booked visits is ``scheduler.actions.resources``' business."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from clinics.models import Role, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict, InvalidInput
from core.text import storable

SIGN_IN_ROLES = frozenset(Role.values) - {Role.SERVICE}
LONGEST_NAME = 150


class AlreadyThere(Conflict):
    """There is an account with this e-mail address."""

    code = "already_there"


def add(*, email: str, name: str, role: str, by: User, password: str | None = None) -> User:
    """A new account. Without a password it cannot sign in until one is set.

    Raises ``InvalidInput`` for an e-mail address, role or password that will not do, ``AlreadyThere``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_STAFF)
    _check(name=name, role=role)
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


def edit(*, user: User, name: str, role: str, by: User) -> User:
    """Gives an account another name or role. What the new role may do holds from the next press on.

    Raises ``InvalidInput`` for a role or name that will not do, ``Conflict`` for one's own role, ``NotAllowed``.
    """
    require(by, Permission.EDIT_STAFF)
    _check(name=name, role=role)
    with transaction.atomic(), audit.acting(by):
        current = User.objects.select_for_update().get(pk=user.pk)
        if current.role == Role.SERVICE:
            raise Conflict("The system's own account stays as it is.")
        if current.pk == by.pk and role != current.role:
            raise Conflict("You cannot change your own role. Ask another manager.", pointer="role")
        current.name, current.role = name.strip(), role
        current.save(update_fields=["name", "role"])
    return current


def switch_on(*, user: User, by: User) -> User:
    """Somebody is back: they can sign in again. Whether they can be booked is ``scheduler.actions.resources``' business.

    Raises ``NotAllowed``.
    """
    require(by, Permission.EDIT_STAFF)
    with transaction.atomic(), audit.acting(by):
        User.objects.filter(pk=user.pk).update(is_active=True)
    user.refresh_from_db()
    return user


def _check(*, name: str, role: str) -> None:
    if role not in SIGN_IN_ROLES:
        raise InvalidInput("Choose one of the roles.", pointer="role")
    if not name.strip():
        raise InvalidInput("Enter a name.", pointer="name")
    if len(name.strip()) > LONGEST_NAME:
        raise InvalidInput(f"A name has at most {LONGEST_NAME} characters.", pointer="name")
    if not storable(name):
        raise InvalidInput("This has a character that cannot be stored.", pointer="name")
