"""Giving a visit another time, cancelling it, or saying that the patient did not come."""

from datetime import datetime, time
from typing import Any

from django import forms

from clinics.models import Site
from core import clock
from web.forms.base import StaffForm, Text


class TimeForm(StaffForm):
    """A date at the site, and a time of day unless only the times of that date are asked for."""

    on = forms.DateField(
        label="Date",
        error_messages={"required": "Enter a date.", "invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date", "class": "short"}, format="%Y-%m-%d"),
    )
    at = forms.TimeField(
        label="Time",
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"invalid": "Enter a time such as 14:30."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short", "step": 300}, format="%H:%M"),
    )
    reason = Text(label="Why (optional)", max_length=200, help_text="For colleagues. Nothing about health.")
    because = Text(
        label="Why the rule is overridden",
        max_length=500,
        help_text="Kept with the visit for good, with your name and the time.",
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = site.zone

    @property
    def starts_at(self) -> datetime | None:
        """The instant meant, if a time was given and can be read."""
        at: time | None = getattr(self, "cleaned_data", {}).get("at")
        if at is None or "on" not in self.cleaned_data:
            return None
        return clock.resolve(self.cleaned_data["on"], at, self.zone).at


REASONS = (
    ("patient", "The patient asked: cannot come then"),
    ("changed-mind", "The patient asked: does not want it any more"),
    ("clinic", "The clinic has to: somebody or something is missing"),
    ("clinical", "A clinician decided"),
    ("mistake", "Booked by mistake"),
)
"""Who wants it and why. Short codes: nothing about health is written here."""


class CancelForm(StaffForm):
    """Why, before something is cancelled."""

    why = forms.ChoiceField(
        label="Who and why",
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


class MissedForm(StaffForm):
    """What follows a missed visit; nothing chosen is what the protocol says."""

    then = forms.ChoiceField(
        label="What follows",
        required=False,
        widget=forms.RadioSelect,
        choices=(
            ("", "As the protocol says"),
            ("append", "One more visit at the end"),
            ("shift", "Make up for it soon, the rest moves too"),
            ("fill", "Make up for it in the same window, the rest stays"),
            ("omit", "No make-up"),
            ("escalate", "A clinician decides"),
        ),
    )
    reason = Text(label="Note (optional)", max_length=200, help_text="For colleagues. Nothing about health.")
