"""What a manager sets up: resources, hours, exceptions, accounts."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django import forms

from clinics.actions.staff import SIGN_IN_ROLES
from clinics.models import Role, Site, User
from core import clock
from scheduler.actions.timetables import Week
from scheduler.models import Kind, Resource, Skill
from web import dates, hours_text, words
from web.forms.base import StaffForm, Text
from web.hours_text import Windows

_DATE = {"type": "date", "class": "short"}
_TIME = {"type": "time", "class": "short", "step": 300}


def _date(label: str, *, required: bool = True, **kwargs: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        error_messages={"required": "Enter a date.", "invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"),
        **kwargs,
    )


def _time(label: str, **kwargs: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        error_messages={"invalid": "Enter a time such as 9:30."},
        widget=forms.TimeInput(attrs=_TIME, format="%H:%M"),
        **kwargs,
    )


class ResourceForm(StaffForm):
    """A chair, a room, a device, a person or a group. What it is cannot be changed later."""

    name = Text(label="Name", missing="Enter a name.", max_length=100)
    kind = forms.ChoiceField(label="What it is", choices=Kind.choices, widget=forms.RadioSelect, initial=Kind.CHAIR)
    lanes = forms.IntegerField(
        label="Visits at the same time",
        min_value=1,
        max_value=100,
        initial=1,
        help_text="A chair has 1. A nurse who may watch three patients has 3, a class its seats.",
        error_messages={"required": "Enter a number, 1 or more.", "invalid": "Enter a number, 1 or more."},
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
    )
    position = forms.IntegerField(
        label="Place on the board",
        min_value=0,
        max_value=10_000,
        initial=0,
        help_text="Smaller numbers stand further left.",
        error_messages={"required": "Enter a number, 0 or more.", "invalid": "Enter a number, 0 or more."},
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
    )
    skills = forms.MultipleChoiceField(
        label="What it has or can do",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Protocols ask for these.",
    )
    user = forms.ChoiceField(
        label="Account", required=False, help_text="Of a person: who signs in, so that calendars and courses find them."
    )

    def __init__(
        self, *args: Any, skills: Iterable[Skill], users: Iterable[User], of: Resource | None = None, **kwargs: Any
    ) -> None:
        if of is not None:
            own = [skill.code for skill in of.skills.all()]
            kwargs["initial"] = {
                "name": of.name, "lanes": of.lanes, "position": of.position, "skills": own, "user": str(of.user_id or "")
            }  # fmt: skip
        super().__init__(*args, **kwargs)
        self.users = {str(user.pk): user for user in users}
        self.fields["skills"].choices = [(skill.code, skill.name) for skill in skills]  # type: ignore[attr-defined]
        self.fields["user"].choices = [("", "None"), *((key, user.name) for key, user in self.users.items())]  # type: ignore[attr-defined]
        if of is not None:
            del self.fields["kind"]
        if of is not None and of.kind != Kind.PERSON:
            del self.fields["user"]

    @property
    def details(self) -> dict[str, Any]:
        """What the actions take."""
        found = dict(self.cleaned_data)
        if "user" in found:
            found["user"] = self.users.get(found["user"])
        return found


class WeekForm(StaffForm):
    """Hours for each weekday from a date on. One line of text a day is quicker than fourteen clocks."""

    valid_from = _date("From")

    def __init__(self, *args: Any, hours: dict[int, Windows], today: date, **kwargs: Any) -> None:
        kwargs["initial"] = {"valid_from": today} | {
            f"day_{number}": hours_text.write(hours.get(number, ())) for number in range(7)
        }
        super().__init__(*args, **kwargs)
        self.today = today
        for number, name in enumerate(words.WEEKDAYS):
            self.fields[f"day_{number}"] = Text(label=name, max_length=100)
            self.fields[f"day_{number}"].widget.attrs |= {"placeholder": "Closed", "autocomplete": "off"}

    @property
    def days(self) -> list[forms.BoundField]:
        """The fields of the weekdays, Monday first."""
        return [self[f"day_{number}"] for number in range(7)]

    @property
    def week(self) -> Week:
        """The hours as the actions take them."""
        return {number: windows for number in range(7) if (windows := self.cleaned_data[f"day_{number}"])}

    def clean_valid_from(self) -> date:
        """Not in the past: what was, was."""
        found: date = self.cleaned_data["valid_from"]
        if found < self.today:
            raise forms.ValidationError(f"Choose today, {words.full_date(self.today)}, or later.")
        return found

    def clean(self) -> dict[str, Any]:
        """Reads the hours of each day."""
        cleaned = super().clean() or {}
        for number in range(7):
            name = f"day_{number}"
            if name in cleaned:
                try:
                    cleaned[name] = hours_text.read(cleaned[name])
                except hours_text.HoursError as error:
                    self.add_error(name, f"“{error}” could not be read. Write 8:00 to 12:00, 13:30 to 18:00.")
        return cleaned


class AwayForm(StaffForm):
    """When a resource is away, or there beyond its usual hours. Without times: whole days."""

    is_extra = forms.ChoiceField(
        label="What happens",
        choices=[("", "Away or out of service"), ("yes", "There beyond the usual hours")],
        required=False,
        widget=forms.RadioSelect,
    )
    first_on = _date("First day")
    starts = _time("From (optional)")
    last_on = _date("Last day (optional)", required=False)
    ends = _time("Until (optional)")
    reason = Text(
        label="What colleagues read", missing="Say why in a word or two, such as Leave.", max_length=100,
        help_text="Such as Leave, Training, Service. Nothing about health.",
    )  # fmt: skip

    def period(self, site: Site) -> tuple[datetime, datetime]:
        """The instants meant: whole days unless times were given."""
        data, zone = self.cleaned_data, site.zone
        last_on = data["last_on"] or data["first_on"]
        starts = clock.resolve(data["first_on"], data["starts"] or time.min, zone).at
        ends = clock.resolve(last_on, data["ends"], zone).at if data["ends"] else clock.day_bounds(last_on, zone)[1]
        return starts, ends


class DayForm(StaffForm):
    """One date of a site that is unlike its weekday."""

    on = Text(label="Date", missing="Enter a date.", max_length=40, help_text="Such as 24 Dec, or 2026-12-24.")
    opens = _time("Opens (empty: closed all day)")
    closes = _time("Closes")
    reason = Text(label="What colleagues read", missing="Say why, such as Christmas.", max_length=100)

    def __init__(self, *args: Any, country: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reading = dates.Reading.in_country(country, near=today)
        self.today = today

    def clean_on(self) -> date:
        """The date, in any usual writing."""
        try:
            found = dates.read(self.cleaned_data["on"], self.reading)
        except dates.DateError:
            raise forms.ValidationError("Write the date with day and month, such as 24 Dec.") from None
        if found < self.today:
            raise forms.ValidationError("That date is over.")
        return found


class AccountForm(StaffForm):
    """Who works here, and in which role."""

    name = Text(label="Name", missing="Enter a name.", max_length=150)
    email = Text(label="E-mail", missing="Enter an e-mail address.", max_length=254)
    role = forms.ChoiceField(
        label="Role",
        choices=[(role.value, role.label) for role in Role if role in SIGN_IN_ROLES],
        initial=Role.FRONT_DESK,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, of: User | None = None, **kwargs: Any) -> None:
        if of is not None:
            kwargs["initial"] = {"name": of.name, "role": of.role}
        super().__init__(*args, **kwargs)
        if of is not None:
            del self.fields["email"]
        else:
            self.fields["email"].widget.attrs |= {"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}
