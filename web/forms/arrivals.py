"""When somebody who is late comes."""

from datetime import datetime, time
from typing import Any

from django import forms

from clinics.models import Site
from core import clock
from web.forms.base import StaffForm, Text


class ArrivalForm(StaffForm):
    """A time of today at the site."""

    at = forms.TimeField(
        label="Comes at",
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"required": "Enter a time.", "invalid": "Enter a time such as 10:20."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short", "step": 300}, format="%H:%M"),
    )
    reason = Text(label="Why (optional)", max_length=200, help_text="For colleagues. Nothing about health.")

    def __init__(self, *args: Any, site: Site, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = site.zone
        self.today = clock.local(now, site.zone).date()

    @property
    def arrives_at(self) -> datetime | None:
        """The instant meant, if it can be read."""
        at: time | None = getattr(self, "cleaned_data", {}).get("at")
        return None if at is None else clock.resolve(self.today, at, self.zone).at
