"""The pages of the staff: those of the rail, and those that are only looked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.urls import NoReverseMatch, resolve, reverse

from clinics.models import User
from clinics.permissions import Permission, allows


@dataclass(frozen=True, slots=True)
class Place:
    """One page. ``section`` is what a view names to have its place marked; ``words`` are further names people look for.

    ``letter``: what leads there after G, for those who switched such keys on.
    """

    name: str
    title: str
    section: str = ""
    words: str = ""
    letter: str = ""

    @property
    def address(self) -> str:
        """Where it is."""
        return address(self.name)


RAIL = (
    Place("today", "Day board", "today", "calendar today home chairs rooms", "B"),
    Place("my-day", "My day", "my-day", "today ticks checks observation discharge escort nurse clinician"),
    Place("patients", "Patients", "patients", "people find register", "P"),
    Place("panel", "Courses", "panel", "running courses panel progress scores off track"),
    Place("work-list", "To schedule", "work-list", "work list due decisions unplaced"),
    Place("unconfirmed", "Unconfirmed", "unconfirmed", "confirm call phone", "U"),
    Place("waitlist", "Waitlist", "waitlist", "earlier freed gaps waiting", "W"),
    Place("messages", "Messages", "messages", "texts reminders log delivery"),
    Place("reports", "Reports", "reports", "numbers use no-shows cancellations statistics"),
    Place("setup", "Set-up", "setup", "settings hours resources staff roles protocols admin"),
)
OTHERS = (
    Place("print", "Print", "print", "paper day sheet tomorrow call list"),
    Place("alerts", "Alerts", "alerts", "item 9 self-harm acknowledge"),
    Place("report-response", "Response by protocol", "", "reports scores outcome"),
    Place("desk", "Answers", "", "replies patients wrote tasks"),
    Place("changes", "Recent changes", "", "undo history"),
    Place("texts", "Texts of messages", "", "templates wording"),
    Place("keys", "Keys", "", "keyboard shortcuts help letters"),
    Place("my-calendar", "My calendar", "", "subscription ical"),
    Place("account_change_password", "Change password", "", "account"),
)
"""Pages without a place in the rail."""


def rail(user: User) -> list[Place]:
    """The pages of the rail this user may open."""
    return list(_open(RAIL, user))


def everywhere(user: User) -> list[Place]:
    """Every page this user may go to by name."""
    return list(_open((*RAIL, *OTHERS), user))


def _open(listed: tuple[Place, ...], user: User) -> Iterator[Place]:
    for place in listed:
        permission = _permission(place.name)
        if place.address and (permission is None or allows(user, permission)):
            yield place


@cache
def address(name: str) -> str:
    """The address of a page; empty where this installation has none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@cache
def _permission(name: str) -> Permission | None:
    """What it takes to open the page, as listed in ``web.urls``."""
    there = address(name)
    return getattr(resolve(there).func, "permission", None) if there else None
