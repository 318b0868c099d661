"""What is asked before a plan is looked for: protocol, start, wishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django import forms

from clinics.models import Site
from treatments.models import ProtocolVersion
from treatments.protocols.gates import ESCORT
from web import dates, words
from web.forms.base import StaffForm, Text

PARTS_OF_DAY = {
    "": ("Any time", {}),
    "morning": ("Mornings, over by 1pm", {"not_after": "13:00"}),
    "afternoon": ("Afternoons, from midday", {"not_before": "12:00"}),
    "late": ("Late, from 3pm", {"not_before": "15:00"}),
}
"""What can be wished for the time of day."""
TIMES = {"not_before": "earliest", "not_after": "latest"}
"""Wishes for the time of day, and the fields of those that are no part of a day. A field counts before a part."""
COUNTS = {"max_visits_per_week": "per_week", "max_visits_per_day": "per_day"}
MORE = (*TIMES.values(), *COUNTS.values(), "people", "escort_days", "escort_until")
"""Wishes that few patients have."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A protocol that can be chosen."""

    version: ProtocolVersion

    @property
    def key(self) -> str:
        """What the form sends for it, and the address of the page holds: not its code, which says what it treats."""
        return str(self.version.protocol_id)

    @property
    def title(self) -> str:
        """What it is called."""
        return self.version.protocol.title

    @property
    def used_at(self) -> datetime | None:
        """When the user who is asked booked a course on it last; None for never."""
        found: datetime | None = getattr(self.version, "used_at", None)
        return found

    @property
    def published(self) -> str:
        """Who stands for it, such as "Version 2, published by Mona Manager on 4 May 2026"."""
        version = self.version
        on = words.full_date(version.created_at.date())
        return f"Version {version.number}, published by {version.published_by.name} on {on}"

    @property
    def summary(self) -> str:
        """Its shape in words, as its document says."""
        return str(self.version.document.get("summary", ""))


def _time_field(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"invalid": "Enter a time such as 14:30."},
        widget=forms.TimeInput(attrs={"type": "time", "class": "short", "step": 300}, format="%H:%M"),
    )


def _number_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=50,
        error_messages={"invalid": "Enter a whole number."},
        widget=forms.NumberInput(attrs={"class": "short", "min": 1, "max": 50}),
    )


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
    earliest = _time_field("Earliest start")
    latest = _time_field("Over by")
    per_week = _number_field("Most visits a week")
    per_day = _number_field("Most visits a day")
    people = forms.MultipleChoiceField(label="Rather with", required=False, widget=forms.CheckboxSelectMultiple)
    escort_days = forms.TypedMultipleChoiceField(
        label="Days on which somebody can take the patient home",
        coerce=int,
        required=False,
        choices=[(str(number), name[:3]) for number, name in enumerate(words.WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: any day.",
    )
    escort_until = _time_field("They can come until")
    firm = forms.BooleanField(
        label="Days and times are a must, not a wish",
        required=False,
    )

    def __init__(
        self,
        data: Any = None,
        *,
        site: Site,
        offers: Sequence[Offer],
        today: date,
        people: Sequence[tuple[str, str]] = (),
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={"start_on": today, **(initial or {})})
        self.offers = {offer.key: offer for offer in offers}
        self.today = today
        self.country = site.country
        self._offer("protocol", [(offer.key, offer.title) for offer in offers])
        self._offer("people", people)
        self.fields["start_on"].widget.attrs["min"] = today.isoformat()

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(choices)

    @property
    def version(self) -> ProtocolVersion:
        """The version chosen; only of a form in which it is right."""
        return self.offers[self.cleaned_data["protocol"]].version

    @property
    def chosen(self) -> Offer | None:
        """The protocol chosen so far."""
        return self.offers.get(str(self["protocol"].value() or ""))

    @property
    def takes_escort(self) -> bool:
        """Whether the protocol asks for somebody to take the patient home, or the form says when one can come."""
        gates = self.chosen.version.document.get("gates", []) if self.chosen else []
        asks = any(gate.get("gate") == ESCORT for gate in gates)
        return asks or bool(self["escort_days"].value() or self["escort_until"].value())

    @property
    def has_more(self) -> bool:
        """Whether any of the wishes that are folded away is filled in, or wrong."""
        return any(self[name].value() or self[name].errors for name in MORE)

    @property
    def wishes(self) -> dict[str, object]:
        """The wishes as the domain reads them."""
        data = self.cleaned_data
        wishes: dict[str, object] = dict(PARTS_OF_DAY[data["time_of_day"]][1])
        wishes |= {name: _clock(data[field]) for name, field in TIMES.items() if data[field]}
        if data["weekdays"]:
            wishes["weekdays"] = sorted(data["weekdays"])
        if data["not_on"]:
            wishes["not_on"] = sorted(day.isoformat() for day in data["not_on"])
        wishes |= {name: data[field] for name, field in COUNTS.items() if data[field]}
        if data["people"]:
            wishes["people"] = data["people"]
        escort: dict[str, object] = {}
        if data["escort_days"]:
            escort["weekdays"] = sorted(data["escort_days"])
        if data["escort_until"]:
            escort["not_after"] = _clock(data["escort_until"])
        if escort:
            wishes["escort"] = escort
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


def as_fields(start_on: date, wishes: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields that say the same, for a form that is sent again with other wishes."""
    limits = {name: wishes[name] for name in TIMES if wishes.get(name)}
    part = next((key for key, (_, part) in PARTS_OF_DAY.items() if part and part == limits), "")
    escort = wishes.get("escort") or {}
    found: dict[str, list[str]] = {
        "start_on": [start_on.isoformat()],
        "weekdays": [str(number) for number in wishes.get("weekdays", [])],
        "time_of_day": [part],
        "not_on": [", ".join(wishes.get("not_on", []))],
        "people": list(wishes.get("people", [])),
        "escort_days": [str(number) for number in escort.get("weekdays", [])],
        "escort_until": [escort["not_after"]] if escort.get("not_after") else [],
        "firm": ["on"] if wishes.get("firm") else [],
    }
    found |= {field: [limits[name]] if name in limits and not part else [] for name, field in TIMES.items()}
    return found | {field: [str(wishes[name])] if wishes.get(name) else [] for name, field in COUNTS.items()}


def _clock(at: time) -> str:
    return at.isoformat("minutes")


def in_words(start_on: date, wishes: dict[str, Any]) -> str:
    """Wishes in one line: "From Tuesday 24 November · Mon, Wed and Fri · mornings"."""
    parts = [f"From {words.day(start_on)}"]
    if wishes.get("weekdays"):
        parts.append(words.listing([words.WEEKDAYS[number][:3] for number in wishes["weekdays"]]))
    limits = {name: wishes[name] for name in TIMES if wishes.get(name)}
    part = next((label for label, part in PARTS_OF_DAY.values() if part and part == limits), "")
    parts += [part[0].lower() + part[1:]] if part else [_limit(name, value) for name, value in limits.items()]
    if wishes.get("not_on"):
        parts.append(f"not on {_dates([date.fromisoformat(day) for day in wishes['not_on']])}")
    if wishes.get("max_visits_per_week"):
        parts.append(f"at most {wishes['max_visits_per_week']} a week")
    if wishes.get("max_visits_per_day"):
        parts.append(f"at most {wishes['max_visits_per_day']} a day")
    if wishes.get("people"):
        parts.append(f"rather with {words.count(len(wishes['people']), 'person', 'people')}")
    if wishes.get("escort"):
        parts.append("when the escort can come")
    if wishes.get("firm"):
        parts.append("a must")
    return " · ".join(parts)


def _limit(name: str, value: str) -> str:
    return f"{'from' if name == 'not_before' else 'over by'} {words.clock(time.fromisoformat(value))}"


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
