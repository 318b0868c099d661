"""Showing what an event would do to a course, and doing exactly that when the button is pressed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from clinics.models import User
from core.errors import DomainError
from core.idempotency import once
from core.ids import uuid7
from scheduler.models import ChangeSet
from treatments.actions import changes
from treatments.actions.changes import Event, Outdated
from treatments.life.running import Running
from treatments.models import Course
from web import words
from web.access import StaffRequest
from web.ripples import RipplePage


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is changed, and what that does. ``value`` is what its form or its link sends as ``scope``."""

    value: str
    words: str
    ripple: RipplePage
    chosen: bool

    @property
    def suffix(self) -> str:
        """What the names of its fields end in, where there are several on one page."""
        return f"-{self.value}"

    @property
    def hint(self) -> str:
        """How many visits it takes."""
        return words.count(sum(len(group.lines) for group in self.ripple.groups), "visit")


@dataclass
class Change:
    """One event on its way through a page. ``course`` has its patient and site loaded.

    ``ripple`` is what it would do now, ``refused`` why it cannot be, ``is_outdated`` that it would do something else than
    what was looked at. ``otherwise``: what the button says where no visit changes. ``suffix`` tells the fields of several
    changes on one page apart. ``decided_by``: the clinician who handed the decision over. ``running``: the course as it is
    looked at, where the page has read it already.
    """

    request: StaffRequest
    course: Course
    event: Event
    now: datetime
    otherwise: str = ""
    suffix: str = ""
    decided_by: User | None = None
    running: Running | None = None
    ripple: RipplePage | None = None
    refused: DomainError | None = None
    is_outdated: bool = False

    @property
    def key(self) -> str:
        """The key under which the press is carried out once, however often it is sent."""
        return self.request.POST.get("key") or str(uuid7())

    def look(self) -> "Change":
        """Works out what it would do. A refusal is kept, not raised."""
        try:
            ripple = changes.preview(
                event=self.event,
                by=self.request.user,
                now=self.now,
                decided_by=self.decided_by,
                running=self.running,
            )
        except DomainError as error:
            self.refused = error
        else:
            self.ripple = self._page(ripple)
        return self

    def carry_out(self, *, reason: str, do: Callable[[str], ChangeSet] | None = None) -> ChangeSet | None:
        """Does what was looked at, as it stands in the form that was sent; by ``do`` with its digest where that is given.

        None: it was not done; then ``refused`` says why, or ``ripple`` what it would do now.
        """
        digest = self.request.POST.get(f"digest{self.suffix}", "")

        def act() -> dict[str, str]:
            return {"change_set": str((do or partial(self._apply, reason))(digest).pk)}

        try:
            payload = [str(self.event), digest, reason]
            reply, _ = once(user=self.request.user, route="web.change", key=self.key, payload=payload, do=act)
        except Outdated as error:
            self.is_outdated = bool(digest)
            self.ripple = self._page(error.ripple)
        except DomainError as error:
            self.refused = error
        else:
            return ChangeSet.objects.get(pk=reply["change_set"])
        return None

    def _apply(self, reason: str, digest: str) -> ChangeSet:
        return changes.apply(
            event=self.event, by=self.request.user, now=self.now, reason=reason, digest=digest
        ).change_set

    def _page(self, ripple: changes.Ripple) -> RipplePage:
        return RipplePage.of(
            ripple,
            patient=self.course.patient,
            zone=self.course.site.zone,
            seen=self.request.POST.get(f"seen{self.suffix}", ""),
            otherwise=self.otherwise,
        )
