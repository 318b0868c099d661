"""Which day and which view a board's address means, and addresses of its neighbours."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest

from clinics.models import Site
from core import clock
from web.board.day import View
from web.numbers import key_of

FIRST_ON, LAST_ON = date(2000, 1, 1), date(2100, 1, 1)
"""Calendars show the dates between."""


@dataclass(frozen=True, slots=True)
class Address:
    """What stands after the question mark. ``visit`` and ``gap`` say what is shown beside the board."""

    on: date
    today: date
    view: View = View.RESOURCES
    site: str = ""
    """Empty where there is only one."""
    selecting: bool = False
    visit: UUID | None = None
    gap: str = ""
    only: UUID | None = None
    """The resource whose visits the list shows; all where there is none."""

    @classmethod
    def of(cls, request: HttpRequest, site: Site, *, several: bool) -> "Address":
        """What a request asks for; whatever is missing or makes no sense is left at its default."""
        asked = request.GET
        today = clock.local(clock.now(), site.zone).date()
        view = asked.get("view", "")
        return cls(
            on=_date(asked.get("on", ""), today),
            today=today,
            view=View(view) if view in list(View) else View.RESOURCES,
            site=site.code if several else "",
            selecting="select" in asked,
            visit=key_of(asked.get("visit", "")),
            gap=asked.get("gap", ""),
            only=key_of(asked.get("only", "")),
        )

    def __str__(self) -> str:
        parts: dict[str, object] = {}
        if self.on != self.today:
            parts["on"] = self.on.isoformat()
        if self.view is not View.RESOURCES:
            parts["view"] = self.view.value
        if self.site:
            parts["site"] = self.site
        if self.selecting:
            parts["select"] = "1"
        if self.only:
            parts["only"] = self.only
        if self.visit:
            parts["visit"] = self.visit
        if self.gap:
            parts["gap"] = self.gap
        return f"?{urlencode(parts)}"

    @property
    def base(self) -> "Address":
        """The board alone, nothing beside it."""
        return replace(self, visit=None, gap="")

    @property
    def with_more(self) -> str:
        """The board alone, ready for one more part: ``{{ address.with_more }}visit=…``."""
        text = str(self.base)
        return text if text == "?" else f"{text}&"

    @property
    def previous(self) -> "Address":
        """The day before."""
        return replace(self.base, on=max(self.on - timedelta(days=1), FIRST_ON))

    @property
    def next(self) -> "Address":
        """The day after."""
        return replace(self.base, on=min(self.on + timedelta(days=1), LAST_ON))

    @property
    def present(self) -> "Address":
        """Today."""
        return replace(self.base, on=self.today)

    @property
    def views(self) -> "list[tuple[str, Address, bool]]":
        """The ways to look at this day, each with whether it is the present one."""
        named = {View.RESOURCES: "By resource", View.PEOPLE: "By clinician", View.LIST: "List"}
        return [(name, replace(self.base, view=view, only=None), view is self.view) for view, name in named.items()]

    @property
    def everything(self) -> "Address":
        """The same without a choice of the resource."""
        return replace(self.base, only=None)

    @property
    def select(self) -> "Address":
        """The same with visits to be selected, or without."""
        return replace(self.base, selecting=not self.selecting)


def _date(text: str, today: date) -> date:
    try:
        return min(max(date.fromisoformat(text), FIRST_ON), LAST_ON)
    except ValueError:
        return today
