"""Typing what a patient answered, and saying what was done about an alert."""

from datetime import datetime
from typing import Any

from django import forms

from clinics.models import Site
from core import clock
from treatments.measures.instruments import Instrument, Item
from web.forms.base import StaffForm, Text


class AnswersForm(StaffForm):
    """One field for each item of an instrument, named by its number, and when the patient answered."""

    taken_on = forms.DateField(
        label="Answered on",
        error_messages={"required": "Enter a date.", "invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date", "class": "short"}, format="%Y-%m-%d"),
    )
    taken_time = forms.TimeField(
        label="At",
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"required": "Enter a time.", "invalid": "Enter a time such as 14:30."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short"}, format="%H:%M"),
    )

    def __init__(self, *args: Any, instrument: Instrument, site: Site, now: datetime, **kwargs: Any) -> None:
        here = clock.local(now, site.zone)
        kwargs.setdefault("initial", {"taken_on": here.date(), "taken_time": here.time()})
        super().__init__(*args, **kwargs)
        self.zone = site.zone
        self.now = now
        self.instrument = instrument
        for item in instrument.items:
            self.fields[str(item.number)] = _field(item)
        self.order_fields([str(item.number) for item in instrument.items])

    @property
    def answers(self) -> dict[int, int]:
        """The values given, by item."""
        given = {item.number: self.cleaned_data.get(str(item.number), "") for item in self.instrument.items}
        return {number: int(value) for number, value in given.items() if value != ""}

    @property
    def taken_at(self) -> datetime:
        """The instant meant; the minute that has not ended yet counts as now."""
        at = clock.resolve(self.cleaned_data["taken_on"], self.cleaned_data["taken_time"], self.zone).at
        return self.now if at.replace(second=0) == self.now.replace(second=0, microsecond=0) else at


def _field(item: Item) -> forms.ChoiceField:
    """Buttons for every value. Which of them must be answered the instrument knows, not the form."""
    if item.choices:
        choices = [(str(each.value), f"{each.value} {each.words['en']}".strip()) for each in item.choices]
        if all(each.words["en"] == str(each.value) for each in item.choices):
            choices = [(str(each.value), str(each.value)) for each in item.choices]
    elif (item.lowest, item.highest) == (0, 1):
        choices = [("0", "No"), ("1", "Yes")]
    else:
        choices = [(str(value), str(value)) for value in range(item.lowest, item.highest + 1)]
    return forms.ChoiceField(
        label=f"{item.number}. {item.ask.get('en', item.name)}" if item.ask else item.name,
        choices=choices,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose one of the answers."},
    )


class SeenForm(StaffForm):
    """What was done about an alert."""

    done = Text(
        label="What was done",
        missing="Say what was done.",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For colleagues who may read scores. It cannot be changed later.",
    )
