"""Crisis contacts of a site, and who carries out decisions there."""

from collections.abc import Sequence
from typing import Any

from django import forms

from core.errors import InvalidInput
from treatments.actions.crisis_contacts import MOST
from web.forms.base import StaffForm, Text


class LinesForm(StaffForm):
    """A name and a number for each line, in the order in which patients see them. Empty lines are left out."""

    whole_country = forms.BooleanField(label="The same for every site in this country", required=False)

    def __init__(self, data: Any = None, *, contacts: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        for number in range(MOST):
            name, phone = contacts[number] if number < len(contacts) else ("", "")
            self.fields[f"name_{number}"] = Text(label=f"Who answers, line {number + 1}", max_length=100, initial=name)
            self.fields[f"phone_{number}"] = Text(
                label=f"Number, line {number + 1}",
                max_length=40,
                initial=phone,
                widget=forms.TextInput(attrs={"inputmode": "tel", "class": "short"}),
            )

    @property
    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of each line."""
        return [(self[f"name_{number}"], self[f"phone_{number}"]) for number in range(MOST)]

    @property
    def _filled(self) -> list[int]:
        return [
            number
            for number in range(MOST)
            if self.cleaned_data.get(f"name_{number}") or self.cleaned_data.get(f"phone_{number}")
        ]

    @property
    def contacts(self) -> list[tuple[str, str]]:
        """The lines that were filled in."""
        return [(self.cleaned_data[f"name_{number}"], self.cleaned_data[f"phone_{number}"]) for number in self._filled]

    def take_line(self, error: InvalidInput) -> None:
        """Shows an error at the line it is about."""
        parts = error.pointer.split("/")
        if len(parts) == 3 and parts[1].isdigit():
            self.add_error(f"{parts[2]}_{self._filled[int(parts[1])]}", error.message)
        else:
            self.add_error(None, error.message)


class DecisionsForm(StaffForm):
    """Who carries out what clinicians decide about courses."""

    carries_out = forms.ChoiceField(
        label="What a clinician decides about a course",
        choices=[
            ("clinician", "is carried out by the clinician at once, or handed to the desk"),
            ("desk", "is always handed to the desk"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
    )

    @property
    def by_desk(self) -> bool:
        """Whether the desk does."""
        return bool(self.cleaned_data["carries_out"] == "desk")
