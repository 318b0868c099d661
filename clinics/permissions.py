"""Who may do what, in one matrix. Whatever is not listed is refused.

Actions call ``require`` before they write; surfaces call ``allows`` to show only what works, and before they read.
"""

from enum import StrEnum
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from clinics.models import Role
from core.errors import NotAllowed


class Permission(StrEnum):
    """Everything that can be allowed."""

    VIEW_CALENDAR = "view_calendar"
    VIEW_PATIENTS = "view_patients"
    EDIT_PATIENTS = "edit_patients"
    VIEW_COURSES = "view_courses"
    BOOK_COURSES = "book_courses"
    MOVE_VISITS = "move_visits"
    CANCEL_VISITS = "cancel_visits"
    SET_VISIT_STATUS = "set_visit_status"
    FULFIL_GATES = "fulfil_gates"
    OVERRIDE_RULES = "override_rules"
    """To book a visit against a rule that the clinic lets be overridden."""
    DECIDE_COURSES = "decide_courses"
    CARRY_OUT_DECISIONS = "carry_out_decisions"
    """What a clinician decided and handed over."""
    VIEW_SCORES = "view_scores"
    RECORD_ASSESSMENTS = "record_assessments"
    SEE_ALERTS = "see_alerts"
    RECORD_SESSIONS = "record_sessions"
    """What happens during a visit: checks, start and end, discharge."""
    VIEW_PROTOCOLS = "view_protocols"
    PUBLISH_PROTOCOLS = "publish_protocols"
    RECORD_ABSENCES = "record_absences"
    """Somebody is ill, a chair is out of service: what the desk hears of first."""
    EDIT_RESOURCES = "edit_resources"
    EDIT_SITES = "edit_sites"
    EDIT_STAFF = "edit_staff"
    VIEW_MESSAGES = "view_messages"
    SEND_MESSAGES = "send_messages"
    PAUSE_MESSAGES = "pause_messages"
    EDIT_TEMPLATES = "edit_templates"
    SEE_REPORTS = "see_reports"
    """Counts and shares of a site, without names and without scores."""
    MANAGE_TOKENS = "manage_tokens"
    RUN_SYSTEM = "run_system"


P = Permission
_EVERYONE = frozenset({Role.FRONT_DESK, Role.CLINICIAN, Role.NURSE, Role.MANAGER})
_BOOKING = frozenset({Role.FRONT_DESK, Role.CLINICIAN, Role.MANAGER})
_CARING = frozenset({Role.CLINICIAN, Role.NURSE})
_MANAGER = frozenset({Role.MANAGER})

MATRIX: dict[Permission, frozenset[Role]] = {
    P.VIEW_CALENDAR: _EVERYONE,
    P.VIEW_PATIENTS: _EVERYONE,
    P.EDIT_PATIENTS: _BOOKING,
    P.VIEW_COURSES: _EVERYONE,
    P.BOOK_COURSES: _BOOKING,
    P.MOVE_VISITS: _BOOKING,
    P.CANCEL_VISITS: _BOOKING,
    P.SET_VISIT_STATUS: _EVERYONE,
    P.FULFIL_GATES: _EVERYONE,
    P.OVERRIDE_RULES: frozenset({Role.CLINICIAN, Role.MANAGER}),
    P.DECIDE_COURSES: frozenset({Role.CLINICIAN}),
    P.CARRY_OUT_DECISIONS: _BOOKING,
    P.VIEW_SCORES: _CARING,
    P.RECORD_ASSESSMENTS: _CARING,
    P.SEE_ALERTS: frozenset({Role.CLINICIAN}),
    P.RECORD_SESSIONS: _CARING,
    P.VIEW_PROTOCOLS: _EVERYONE,
    P.PUBLISH_PROTOCOLS: _MANAGER,
    P.RECORD_ABSENCES: frozenset({Role.FRONT_DESK, Role.MANAGER}),
    P.EDIT_RESOURCES: _MANAGER,
    P.EDIT_SITES: _MANAGER,
    P.EDIT_STAFF: _MANAGER,
    P.VIEW_MESSAGES: frozenset({Role.FRONT_DESK, Role.MANAGER}),
    P.SEND_MESSAGES: frozenset({Role.FRONT_DESK, Role.MANAGER}),
    P.PAUSE_MESSAGES: _MANAGER,
    P.EDIT_TEMPLATES: _MANAGER,
    P.SEE_REPORTS: _MANAGER,
    P.MANAGE_TOKENS: _MANAGER,
    P.RUN_SYSTEM: frozenset(),
}

OWN = frozenset({P.MOVE_VISITS, P.BOOK_COURSES, P.FULFIL_GATES, P.EDIT_PATIENTS})
"""What patients may do to what is their own, behind their link: another time, the waitlist, a ride home, how we write."""


def allows(user: AbstractBaseUser | AnonymousUser, permission: Permission) -> bool:
    """Whether this user may. The service account may everything; somebody inactive or unknown, nothing."""
    if not user.is_active or not user.is_authenticated:
        return False
    role = getattr(user, "role", None)
    return role == Role.SERVICE or role in MATRIX.get(permission, frozenset())


def require(user: AbstractBaseUser | AnonymousUser, permission: Permission) -> None:
    """Raises ``core.errors.NotAllowed`` unless this user may."""
    if not allows(user, permission):
        raise NotAllowed("Your role does not allow this. Ask a manager of the clinic.")


def require_own(
    user: AbstractBaseUser | AnonymousUser, permission: Permission, *, patient: UUID | None, of: UUID | None
) -> None:
    """For what a patient does behind a link, carried out by the service account: raises ``NotAllowed`` unless it is theirs.

    ``patient`` is whose link it is, ``of`` whose it is what they want to change.
    """
    require(user, Permission.RUN_SYSTEM)
    if permission not in OWN or patient is None or patient != of:
        raise NotAllowed("This is not yours to change.")
