"""What is asked before a plan is looked for: protocol, start, wishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms

from clinics.models import Site
from treatments.models import ProtocolVersion
from web import dates, words
from web.forms.base import StaffForm, Text

PARTS_OF_DAY = {
    "": ("Any time", {}),
    "morning": ("Mornings, over by 1pm", {"not_after": "13:00"}),
    "afternoon": ("Afternoons, from midday", {"not_before": "12:00"}),
    "late": ("Late, from 3pm", {"not_before": "15:00"}),
}
"""What can be wished for the time of day."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A protocol that can be chosen."""

    version: ProtocolVersion

    @property
    def code(self) -> str:
        """What the form sends for it."""
        return self.version.protocol.code

    @property
    def title(self) -> str:
        """What it is called."""
        return self.version.protocol.title

    @property
    def summary(self) -> str:
        """Its shape in words, as its document says."""
        return str(self.version.document.get("summary", ""))


class BookingForm(StaffForm):
    """Protocol, start and wishes of one course."""

    protocol = forms.ChoiceField(label="Protocol", error_messages={"required": "Choose a protocol."})
    start_on = forms.DateField(
        label="Not before",
        error_messages={"required": "Enter a date.", "invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date", "class": "short"}, format="%Y-%m-%d"),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label="Days that suit",
        coerce=int,
        required=False,
        choices=[(str(number), name[:3]) for number, name in enumerate(words.WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: any day.",
    )
    time_of_day = forms.ChoiceField(
        label="Time of day",
        required=False,
        choices=[(key, label) for key, (label, _) in PARTS_OF_DAY.items()],
        widget=forms.RadioSelect,
        initial="",
    )
    not_on = Text(label="Dates not possible", max_length=300, help_text="For example: 27 Nov, 3 to 7 Dec")
    firm = forms.BooleanField(
        label="Days and times are a must, not a wish",
        required=False,
    )

    def __init__(self, data: Any = None, *, site: Site, offers: Sequence[Offer], today: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"start_on": today})
        super().__init__(data, **kwargs)
        self.offers = {offer.code: offer for offer in offers}
        self.today = today
        self.country = site.country
        choices: list[tuple[str, str]] = [(offer.code, offer.title) for offer in offers]
        field = self.fields["protocol"]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices
        self.fields["start_on"].widget.attrs["min"] = today.isoformat()

    @property
    def version(self) -> ProtocolVersion:
        """The version chosen; only of a form in which it is right."""
        return self.offers[self.cleaned_data["protocol"]].version

    @property
    def chosen(self) -> Offer | None:
        """The protocol chosen so far."""
        return self.offers.get(str(self["protocol"].value() or ""))

    @property
    def wishes(self) -> dict[str, object]:
        """The wishes as the domain reads them."""
        data = self.cleaned_data
        wishes: dict[str, object] = dict(PARTS_OF_DAY[data["time_of_day"]][1])
        if data["weekdays"]:
            wishes["weekdays"] = sorted(data["weekdays"])
        if data["not_on"]:
            wishes["not_on"] = sorted(day.isoformat() for day in data["not_on"])
        if data["firm"]:
            wishes["firm"] = True
        return wishes

    def clean_not_on(self) -> frozenset[date]:
        """The dates, read as people write them."""
        try:
            return dates.read_list(self.cleaned_data["not_on"], dates.Reading.in_country(self.country, near=self.today))
        except dates.DateError as error:
            raise forms.ValidationError(
                f"“{error}” could not be read as a date. Write dates like 27 Nov, 3 to 7 Dec, parted by commas."
            ) from None


def in_words(start_on: date, wishes: dict[str, Any]) -> str:
    """Wishes in one line: "From Tuesday 24 November · Mon, Wed and Fri · mornings"."""
    parts = [f"From {words.day(start_on)}"]
    if wishes.get("weekdays"):
        parts.append(words.listing([words.WEEKDAYS[number][:3] for number in wishes["weekdays"]]))
    for label, limits in PARTS_OF_DAY.values():
        if limits and all(wishes.get(name) == value for name, value in limits.items()):
            parts.append(label[0].lower() + label[1:])
    if wishes.get("not_on"):
        parts.append(f"not on {_dates([date.fromisoformat(day) for day in wishes['not_on']])}")
    if wishes.get("firm"):
        parts.append("a must")
    return " · ".join(parts)


def _dates(days: list[date]) -> str:
    """Dates with neighbours drawn together: "27 Nov and 3 to 7 Dec"."""
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and (day - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return words.listing([_run(first, last) for first, last in runs])


def _run(first: date, last: date) -> str:
    ends = f"{last.day} {words.MONTHS[last.month - 1][:3]}"
    if first == last:
        return ends
    return f"{first.day} to {ends}" if first.month == last.month else f"{_run(first, first)} to {ends}"
