"""Who or what is not there, from when to when."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms

from clinics.models import Site
from core import clock
from scheduler.models import Resource
from web.forms.base import StaffForm, Text

REASONS = (("Ill", "Ill"), ("Out of service", "Out of service"), ("Closed", "Closed"))
"""What colleagues read on the board. Nothing more about health is written down."""


class AbsenceForm(StaffForm):
    """A resource, a period of one date, and a reason."""

    resource = forms.ChoiceField(
        label="Who or what is not there",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who or what.", "invalid_choice": "Choose one of these."},
    )
    starts = forms.TimeField(
        label="From",
        error_messages={"required": "Enter a time.", "invalid": "Enter a time such as 9:30."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short", "step": 300}, format="%H:%M"),
    )
    ends = forms.TimeField(
        label="Until",
        error_messages={"required": "Enter a time.", "invalid": "Enter a time such as 16:00."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short", "step": 300}, format="%H:%M"),
    )
    reason = forms.ChoiceField(label="Why", choices=REASONS, widget=forms.RadioSelect, initial="Ill")
    note = Text(label="Note (optional)", max_length=60, help_text="Shown on the board. Nothing about health.")

    def __init__(
        self, *args: Any, site: Site, on: date, choices: Sequence[tuple[Resource, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.site, self.on = site, on
        self.known = {str(resource.pk): resource for resource, _ in choices}
        self.fields["resource"].choices = [(str(resource.pk), text) for resource, text in choices]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Resource:
        """Who or what it is."""
        return self.known[self.cleaned_data["resource"]]

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The instants meant. An end at midnight is that of the date."""
        starts: time = self.cleaned_data["starts"]
        ends: time = self.cleaned_data["ends"]
        zone = self.site.zone
        until = clock.resolve(self.on, ends, zone).at if ends != time.min else clock.day_bounds(self.on, zone)[1]
        return clock.resolve(self.on, starts, zone).at, until

    @property
    def why(self) -> str:
        """The reason as it is kept."""
        reason, note = self.cleaned_data["reason"], self.cleaned_data["note"]
        return f"{reason}: {note}" if note else str(reason)
