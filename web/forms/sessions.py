"""When something of a visit was done, and why a patient leaves although something is missing."""

from django import forms

from web.forms.base import StaffForm, Text


class AtForm(StaffForm):
    """A time of today."""

    at = forms.TimeField(
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"invalid": "Enter a time such as 14:30, or leave it empty."},
    )


class LeaveForm(StaffForm):
    """The reason, asked for only where something stands in the way."""

    reason = Text(
        label="Why the patient leaves all the same",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the visit. It cannot be changed later.",
    )
