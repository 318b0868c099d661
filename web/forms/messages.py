"""Looking for messages, holding them back, and the clinic's own texts."""

from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any

from django import forms

from clinics.models import Site
from core import clock
from notifications.engine.ladder import DayOf, Policy
from notifications.engine.states import Channel, State, Step
from web import words
from web.forms.base import StaffForm, Text

ATTENTION = "attention"
STATES = [("", "Every state"), (ATTENTION, "Needs attention"), *State.choices()]


class LookForm(StaffForm):
    """Which messages are shown; all in the address."""

    state = forms.ChoiceField(label="State", choices=STATES, required=False)
    channel = forms.ChoiceField(label="Channel", choices=[("", "Every channel"), *Channel.choices()], required=False)
    on = forms.DateField(
        label="Due on",
        required=False,
        error_messages={"invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    patient = forms.UUIDField(required=False, widget=forms.HiddenInput, error_messages={"invalid": "No such patient."})

    def asked(self, zone: str) -> dict[str, Any]:
        """What to look for, as ``messages.look`` takes it; days are those of ``zone``."""
        given = self.cleaned_data if self.is_valid() else {}
        found: dict[str, Any] = {"patient": given.get("patient")}
        if state := given.get("state"):
            found |= {"attention": True} if state == ATTENTION else {"state": State(state)}
        if channel := given.get("channel"):
            found["channel"] = Channel(channel)
        on: date | None = given.get("on")
        if on is not None and date(2000, 1, 1) <= on <= date(2100, 1, 1):
            found["due_from"] = _midnight(on, zone)
            found["due_before"] = _midnight(on + timedelta(days=1), zone)
        return found

    @property
    def in_words(self) -> str:
        """What is filtered, to be named where nothing fits; empty if nothing is."""
        given = self.cleaned_data if self.is_valid() else {}
        said = []
        for name in ("state", "channel"):
            field: Any = self.fields[name]
            if given.get(name):
                said.append(f"{field.label}: {dict(field.choices)[given[name]].lower()}")
        if given.get("on"):
            said.append(f"due on {words.day(given['on'])}")
        if given.get("patient"):
            said.append("one patient only")
        return ", ".join(said)


class PauseForm(StaffForm):
    """What to hold back, and why."""

    site = forms.ModelChoiceField(
        label="Site", queryset=Site.objects.none(), required=False, empty_label="Every site", to_field_name="code"
    )
    channel = forms.ChoiceField(label="Channel", choices=[("", "Every channel"), *Channel.choices()], required=False)
    step = forms.ChoiceField(label="Message", choices=[("", "Every message"), *Step.choices()], required=False)
    reason = Text(label="Why", missing="Say why, for colleagues.", max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="pause-%s", **kwargs)
        sites: Any = self.fields["site"]
        sites.queryset = Site.objects.filter(is_active=True).order_by("name", "id")


def _at(label: str, hint: str = "") -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        help_text=hint,
        error_messages={"invalid": "Enter a time such as 10:00, or leave it empty."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short", "step": 300}, format="%H:%M"),
    )


class PolicyForm(StaffForm):
    """Which reminders there are, and at what time of the patient's day; an empty time is none."""

    seven_days_at = _at("7 days before", "Only of visits booked more than 14 days ahead.")
    your_week_at = _at("Your week, on the Friday before", "Of a week with two visits or more.")
    three_days_at = _at("3 days before")
    one_day_at = _at("1 day before")
    day_of = forms.ChoiceField(
        label="On the day, 3 hours before",
        choices=DayOf.choices(),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
    )
    forms_at = _at("When a form is ready")

    @classmethod
    def of(cls, policy: Policy) -> "PolicyForm":
        """The form as a policy fills it."""
        return cls(initial={field.name: getattr(policy, field.name) for field in fields(policy)})

    @property
    def policy(self) -> Policy:
        """What was asked for."""
        given = self.cleaned_data
        return Policy(**given | {"day_of": DayOf(given["day_of"])})


def _midnight(on: date, zone: str) -> datetime:
    return clock.resolve(on, datetime.min.time(), zone).at
