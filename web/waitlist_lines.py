"""The waitlist in words: what somebody could take, and why somebody comes before others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clinics.models import Site
from core import clock
from notifications.engine.states import Channel
from notifications.queries import reach
from notifications.queries.offers import Obstacle
from treatments.many.waiting import Fit
from treatments.models import WaitlistEntry
from treatments.queries.freed import Freed
from web import words
from web.forms.booking import PARTS_OF_DAY
from web.offer_lines import OfferLine
from web.visit_lines import who_and_where


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One who waits. ``stands`` is when the visit is now, local to the site; None without a time."""

    entry: WaitlistEntry
    stands: datetime | None
    waits_days: int
    offer: OfferLine | None = None
    """The newest offer of the last day."""

    @property
    def could(self) -> str:
        """Such as "Mon and Wed · mornings, over by 1pm · with 24 h notice"."""
        wishes: Mapping[str, Any] = self.entry.wishes
        said = []
        if wishes.get("weekdays"):
            said.append(words.listing([words.WEEKDAYS[number][:3] for number in wishes["weekdays"]]))
        for label, limits in PARTS_OF_DAY.values():
            if limits and all(wishes.get(name) == value for name, value in limits.items()):
                said.append(label[0].lower() + label[1:])
        said.append(f"with {self.entry.notice_hours} h notice" if self.entry.notice_hours else "at once")
        text = " · ".join(said)
        return f"{text[:1].upper()}{text[1:]}"

    @classmethod
    def of(cls, entry: WaitlistEntry, site: Site, *, now: datetime, offer: OfferLine | None = None) -> "EntryLine":
        """The line of an entry read with its visit's appointment."""
        appointment = entry.visit.appointment
        waits = clock.local(now, site.zone).date() - clock.local(entry.joined_at, site.zone).date()
        stands = clock.local(appointment.starts_at, site.zone) if appointment else None
        return cls(entry, stands, max(waits.days, 0), offer)


@dataclass(frozen=True, slots=True)
class FreedLine:
    """A freed time, local to the site."""

    freed: Freed
    starts: datetime
    ends: datetime

    @property
    def query(self) -> dict[str, str]:
        """What the page that looks for somebody is asked with."""
        return {
            "on": f"{self.starts:%Y-%m-%d}",
            "starts": f"{self.starts:%H:%M}",
            "ends": f"{self.ends:%H:%M}",
            "resource": str(self.freed.resource),
        }

    @classmethod
    def of(cls, freed: Freed, site: Site) -> "FreedLine":
        """The line of a freed time."""
        return cls(freed, clock.local(freed.starts_at, site.zone), clock.local(freed.ends_at, site.zone))


@dataclass(frozen=True, slots=True)
class FreedLines:
    """Freed times: ``sets``, each of which one patient gave up at once, as with the rest of a course, and single ones."""

    sets: list[list[FreedLine]]
    single: list[FreedLine]

    def __len__(self) -> int:
        return len(self.sets) + len(self.single)

    @classmethod
    def of(cls, freed: Iterable[Freed], site: Site) -> "FreedLines":
        """The lines of freed times, in their order."""
        together: dict[object, list[FreedLine]] = {}
        for each in freed:
            together.setdefault(each.together, []).append(FreedLine.of(each, site))
        return cls(
            [lines for lines in together.values() if len(lines) > 1],
            [lines[0] for lines in together.values() if len(lines) == 1],
        )


@dataclass(frozen=True, slots=True)
class FitLine:
    """Somebody who could take a time: when, where, why in this order."""

    fit: Fit
    starts: datetime
    ends: datetime
    stands: datetime | None
    place: str
    people: str
    obstacle: Obstacle | None = None
    """Why somebody has to call rather than write."""

    @property
    def may_ask(self) -> bool:
        """Whether it can be offered by message."""
        return self.obstacle is None

    @property
    def by_what(self) -> str:
        """Such as "by text"."""
        channel = reach.offer_channel(self.fit.entry.visit.course.patient)
        return "by e-mail" if channel is Channel.EMAIL else "by text"

    @property
    def why(self) -> str:
        """Such as "Urgent, comes 3 days earlier, has waited 9 days"."""
        said = [text for code, amount in self.fit.merits if (text := _merit(code, amount))]
        text = ", ".join(said)
        return f"{text[:1].upper()}{text[1:]}"

    @property
    def version(self) -> int | str:
        """The version of the present appointment; empty where there is none."""
        appointment = self.fit.entry.visit.appointment
        return appointment.version if appointment else ""

    @property
    def resources(self) -> dict[str, UUID]:
        """Role to resource."""
        return {role: resource.pk for role, resource in self.fit.resources.items()}

    @classmethod
    def of(cls, fit: Fit, site: Site, obstacle: Obstacle | None = None) -> "FitLine":
        """The line of somebody who fits."""
        place, people = who_and_where(fit.resources.values())
        appointment = fit.entry.visit.appointment
        return cls(
            fit,
            clock.local(fit.starts_at, site.zone),
            clock.local(fit.ends_at, site.zone),
            clock.local(appointment.starts_at, site.zone) if appointment else None,
            place,
            people,
            obstacle,
        )


def _merit(code: str, amount: int | None) -> str:
    days = words.count(amount or 0, "day")
    return {
        "urgent": "urgent",
        "no_place_yet": "has no time yet",
        "fits_course": "the course fits its protocol better",
        "saves_days": f"comes {days} earlier",
        "waiting_days": f"has waited {days}" if amount else "",
    }.get(code, "")
