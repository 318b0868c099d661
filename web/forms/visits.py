"""Giving a visit another time, or cancelling it."""

from datetime import datetime, time
from typing import Any

from django import forms

from clinics.models import Site
from core import clock
from web.forms.base import StaffForm, Text


class TimeForm(StaffForm):
    """A date and a time of day at the site."""

    on = forms.DateField(
        label="Date",
        error_messages={"required": "Enter a date.", "invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date", "class": "short"}, format="%Y-%m-%d"),
    )
    at = forms.TimeField(
        label="Time",
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"required": "Enter a time.", "invalid": "Enter a time such as 14:30."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short", "step": 300}, format="%H:%M"),
    )
    reason = Text(label="Why (optional)", max_length=200, help_text="For colleagues. Nothing about health.")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = site.zone

    @property
    def starts_at(self) -> datetime:
        """The instant meant."""
        at: time = self.cleaned_data["at"]
        return clock.resolve(self.cleaned_data["on"], at, self.zone).at


REASONS = (
    ("patient", "The patient asked"),
    ("clinic", "The clinic has to"),
    ("clinical", "A clinician decided"),
    ("mistake", "Booked by mistake"),
)
"""Why something is cancelled. Short codes: nothing about health is written here."""


class CancelForm(StaffForm):
    """Why, before something is cancelled."""

    why = forms.ChoiceField(
        label="Why",
        choices=REASONS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why."},
    )
    note = Text(label="Note (optional)", max_length=200, help_text="For colleagues. Nothing about health.")

    @property
    def reason(self) -> str:
        """The reason as it is kept."""
        why = dict(REASONS)[self.cleaned_data["why"]]
        note: str = self.cleaned_data["note"]
        return f"{why}: {note}" if note else why
