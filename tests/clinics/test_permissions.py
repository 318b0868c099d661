"""The permission matrix: complete, and closed by default."""

import pytest
from django.contrib.auth.models import AnonymousUser

from clinics.models import Role, User
from clinics.permissions import MATRIX, Permission, allows, require
from core.errors import NotAllowed

PEOPLE = [Role.FRONT_DESK, Role.CLINICIAN, Role.NURSE, Role.MANAGER]


def somebody(role: str, *, active: bool = True) -> User:
    return User(email="a@example.org", name="A", role=role, is_active=active)


def test_every_permission_is_listed() -> None:
    assert set(MATRIX) == set(Permission)


@pytest.mark.parametrize("permission", Permission)
def test_nobody_unknown_is_allowed_anything(permission: Permission) -> None:
    assert not allows(AnonymousUser(), permission)
    assert not allows(somebody("owner"), permission)
    assert not allows(somebody(Role.MANAGER, active=False), permission)


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (Permission.BOOK_COURSES, {Role.FRONT_DESK, Role.CLINICIAN, Role.MANAGER}),
        (Permission.SET_VISIT_STATUS, set(PEOPLE)),
        (Permission.PUBLISH_PROTOCOLS, {Role.MANAGER}),
        (Permission.VIEW_MESSAGES, {Role.FRONT_DESK, Role.MANAGER}),
        (Permission.SEND_MESSAGES, {Role.FRONT_DESK, Role.MANAGER}),
        (Permission.SEE_REPORTS, {Role.MANAGER}),
        (Permission.OVERRIDE_RULES, {Role.CLINICIAN, Role.MANAGER}),
        (Permission.VIEW_SCORES, {Role.CLINICIAN, Role.NURSE}),
        (Permission.RUN_SYSTEM, set()),
    ],
)
def test_roles(permission: Permission, roles: set[Role]) -> None:
    assert {role for role in PEOPLE if allows(somebody(role), permission)} == roles


def test_the_service_account_may_run_the_system() -> None:
    assert allows(somebody(Role.SERVICE), Permission.RUN_SYSTEM)


def test_require_says_who_to_ask() -> None:
    with pytest.raises(NotAllowed, match="Ask a manager"):
        require(somebody(Role.NURSE), Permission.BOOK_COURSES)
