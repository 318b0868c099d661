"""What the reports count: which days, and which visits. All in the address, the same for every report."""

from datetime import date, timedelta
from typing import Any

from django import forms

from clinics.models import Site
from treatments.queries.scopes import Scope
from web import therapies, words
from web.forms.base import StaffForm

USUAL_DAYS = 84
LONGEST_DAYS = 1096
"""Three years."""
EARLIEST = date(2000, 1, 1)
PRESETS = ((28, "4 weeks"), (USUAL_DAYS, "12 weeks"), (365, "1 year"))


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        error_messages={"invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ScopeForm(StaffForm):
    """The filters of a report; without any, the twelve weeks up to yesterday."""

    since = _day("First day")
    until = _day("Last day")
    kind = forms.ChoiceField(
        label="Visits",
        required=False,
        choices=[("", "Every kind"), *((code, therapies.therapy(code).name) for code in therapies.FAMILIES)],
        error_messages={"invalid_choice": "Choose a kind of visit from the list."},
    )

    def __init__(self, data: Any, *, today: date) -> None:
        usual = {"since": (today - timedelta(days=USUAL_DAYS)).isoformat(), "until": _yesterday(today).isoformat()}
        given = {name: data.get(name, "") for name in ("since", "until", "kind")}
        super().__init__(usual | {name: value for name, value in given.items() if value.strip()})
        self.today = today

    def clean(self) -> dict[str, Any]:
        """Refuses days that are not over, that go backwards, or that are too many for one report."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if until is not None and until >= self.today:
            last = words.day(_yesterday(self.today), today=self.today)
            self.add_error("until", f"Choose a day that is over: {last} or before.")
        if since is not None and since < EARLIEST:
            self.add_error("since", f"Choose a day from {words.full_date(EARLIEST)} on.")
        elif since is not None and until is not None and since > until:
            self.add_error("since", "Choose a first day that is not after the last.")
        elif since is not None and until is not None and (until - since).days >= LONGEST_DAYS:
            self.add_error("since", "Choose three years or less.")
        return given

    def scope(self, site: Site) -> Scope:
        """What is asked for. The form is valid."""
        given = self.cleaned_data
        return Scope(site, given["since"], given["until"], therapies.FAMILIES.get(given["kind"], ""))

    @property
    def presets(self) -> list[tuple[str, str, str]]:
        """First and last day of the usual periods, and their names."""
        until = _yesterday(self.today)
        return [((self.today - timedelta(days=days)).isoformat(), until.isoformat(), name) for days, name in PRESETS]


def _yesterday(today: date) -> date:
    return today - timedelta(days=1)
