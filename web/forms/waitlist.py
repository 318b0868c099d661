"""Joining the waitlist, and looking for somebody who fits a time."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms

from clinics.models import Site
from core import clock
from scheduler.models import Resource
from treatments.queries.freed import PLACES
from web import words
from web.forms.base import StaffForm, Text
from web.forms.booking import PARTS_OF_DAY

USUAL_WAIT = timedelta(days=28)


class JoinForm(StaffForm):
    """What the patient could take, and how soon they have to know."""

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
    sooner = forms.BooleanField(label="Only earlier than now booked", required=False, initial=True)
    notice_hours = forms.IntegerField(
        label="Hours of notice needed",
        min_value=0,
        max_value=336,
        initial=24,
        help_text="Fasting, an escort, a way to come.",
        error_messages={"required": "Enter a number of hours, such as 24.", "invalid": "Enter a number such as 24."},
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    urgent = forms.BooleanField(label="Urgent", required=False)
    valid_until = forms.DateField(
        label="Of use until",
        error_messages={"required": "Enter a date.", "invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date", "class": "short"}, format="%Y-%m-%d"),
    )
    note = Text(label="Note for the desk (optional)", max_length=500, help_text="Nothing about health.")

    def __init__(self, data: Any = None, *, today: date, **kwargs: Any) -> None:
        super().__init__(data, initial={"valid_until": today + USUAL_WAIT}, **kwargs)

    @property
    def wanted(self) -> dict[str, Any]:
        """What the action takes."""
        data = dict(self.cleaned_data)
        wishes: dict[str, object] = dict(PARTS_OF_DAY[data.pop("time_of_day")][1])
        if weekdays := data.pop("weekdays"):
            wishes["weekdays"] = sorted(weekdays)
        return {"wishes": wishes, **data}


class PeriodForm(StaffForm):
    """A time for which somebody is looked for, at the site."""

    on = forms.DateField(
        label="Date",
        error_messages={"required": "Enter a date.", "invalid": "Enter a date such as 2026-11-23."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    starts = forms.TimeField(
        label="From",
        error_messages={"required": "Enter a time.", "invalid": "Enter a time such as 14:30."},
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    ends = forms.TimeField(
        label="Until",
        error_messages={"required": "Enter a time.", "invalid": "Enter a time such as 14:30."},
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    resource = forms.ModelChoiceField(
        label="Chair or room", queryset=Resource.objects.none(), required=False, empty_label="Any"
    )

    def __init__(self, data: Any = None, *, site: Site, **kwargs: Any) -> None:
        super().__init__(data, auto_id="period-%s", **kwargs)
        self.zone = site.zone
        places: Any = self.fields["resource"]
        places.queryset = Resource.objects.filter(site=site, kind__in=PLACES, is_active=True).order_by(
            "position", "name"
        )

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The instants meant."""
        return self._at("starts"), self._at("ends")

    def _at(self, name: str) -> datetime:
        at: time = self.cleaned_data[name]
        return clock.resolve(self.cleaned_data["on"], at, self.zone).at
