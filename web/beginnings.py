"""Where a course is wished to begin: a gap of the day board that was pressed, carried along by the booking page."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from clinics.models import Site
from core import clock
from scheduler.models import Resource
from treatments.actions.courses import Beginning
from treatments.planning import Proposal
from web import words
from web.numbers import key_of


@dataclass(frozen=True, slots=True)
class WishedBeginning:
    """``value`` is what the page sends along; ``at`` is local."""

    value: str
    begin: Beginning
    at: datetime
    place: str

    @classmethod
    def read(cls, text: str, site: Site) -> "WishedBeginning | None":
        """What an address or a form says: a local date and time, and perhaps the id of a resource after a tilde.

        None for what cannot be read. One query.
        """
        when, _, key = text.partition("~")
        try:
            wall = datetime.fromisoformat(when).replace(tzinfo=None)
            at = clock.resolve(wall.date(), wall.time(), site.zone).at
        except (ValueError, OverflowError):
            return None
        resource_id = key_of(key)
        resource = Resource.objects.filter(site=site, pk=resource_id).first() if resource_id is not None else None
        begin = Beginning(at, str(resource.pk) if resource is not None else "")
        return cls(text, begin, clock.local(at, site.zone), resource.name if resource is not None else "")

    @property
    def words(self) -> str:
        """Such as "Begin on Thursday 26 November at 9:30am, in Chair 2"."""
        where = f", in {self.place}" if self.place else ""
        return f"Begin on {words.day(self.at.date())} at {words.clock(self.at.time())}{where}"

    def missed(self, proposal: Proposal) -> str:
        """What of it a plan that begins then does not keep; empty if it keeps all."""
        first = next((visit for visit in proposal.visits if visit.starts_at == self.begin.starts_at), None)
        taken = {str(each.pk) for each in first.resources.values()} if first is not None else set()
        if not self.begin.resource or self.begin.resource in taken:
            return ""
        return f"It begins at that time, but not with {self.place}."


CARRIED = ("start_on", "first", "site")
"""What the search for a patient and the registration of one hand on to the booking page."""


def carried(request: HttpRequest) -> dict[str, str]:
    """What the address holds of it."""
    return {name: request.GET[name] for name in CARRIED if request.GET.get(name)}


def of_gap(request: HttpRequest) -> dict[str, str]:
    """The same from what the form beside a gap of the board sends: ``on``, ``starts``, ``resource``, ``site``."""
    asked = request.GET
    found = carried(request)
    if asked.get("on") and asked.get("starts"):
        found |= {"start_on": asked["on"], "first": f"{asked['on']}T{asked['starts']}~{asked.get('resource', '')}"}
    return found
