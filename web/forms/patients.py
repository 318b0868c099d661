"""Finding, registering and editing patients."""

from datetime import date
from typing import Any

from django import forms

from clinics.models import Patient, Site
from clinics.models.patient import Language
from web import dates, words
from web.forms.base import StaffForm, Text

SHORTEST_SEARCH = 2
"""With fewer characters half the clinic would be listed."""


class SearchForm(StaffForm):
    """One field for names, phone, e-mail or birth date."""

    q = Text(label="Name, phone or birth date", max_length=100, strip=True)

    def __init__(self, data: Any, *, country: str) -> None:
        super().__init__(data)
        self.country = country

    @property
    def typed(self) -> str:
        """What was typed, kept for the field."""
        return str(self.data.get("q", "")).strip()[:100]

    @property
    def text(self) -> str:
        """What to search for; empty while too little was typed. A birth date in any writing is put as it is stored."""
        if not self.is_valid() or len(self.cleaned_data["q"]) < SHORTEST_SEARCH:
            return ""
        text: str = self.cleaned_data["q"]
        try:
            return dates.read(text, dates.Reading.in_country(self.country)).isoformat()
        except dates.DateError:
            return text


class PatientForm(StaffForm):
    """The six facts of a patient, and how they may be contacted."""

    given_name = Text(label="Given name", missing="Enter a given name.", max_length=100)
    family_name = Text(label="Family name", missing="Enter a family name.", max_length=100)
    birth_on = Text(label="Birth date", missing="Enter a birth date.", max_length=40)
    phone = Text(label="Mobile", max_length=40)
    email = Text(label="E-mail", max_length=254)
    language = forms.ChoiceField(label="Language of messages", choices=Language.choices, initial=Language.ENGLISH)
    may_text = forms.BooleanField(label="Text message", required=False)
    may_email = forms.BooleanField(label="E-mail", required=False)
    may_call = forms.BooleanField(label="Phone call", required=False)
    desk_note = Text(
        label="Note for the desk",
        max_length=500,
        help_text="Shown to all staff. Nothing about health.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    contact_fields = ("may_text", "may_email", "may_call")

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        self.reading = dates.Reading.in_country(country)
        order = "Month first" if self.reading.month_first else "Day first"
        self.fields["birth_on"].help_text = f"{order}: {self.reading.example}. 27 May 1980 works too."
        for name, attrs in {
            "given_name": {"autocomplete": "off"},
            "family_name": {"autocomplete": "off"},
            "birth_on": {"autocomplete": "off", "class": "short"},
            "phone": {"inputmode": "tel", "autocomplete": "off"},
            "email": {"inputmode": "email", "autocomplete": "off", "spellcheck": "false"},
        }.items():
            self.fields[name].widget.attrs.update(attrs)

    @classmethod
    def of(cls, patient: Patient, *, data: Any = None) -> "PatientForm":
        """The form filled with a patient's details."""
        initial = {name: getattr(patient, name) for name in cls.base_fields}
        initial |= {"birth_on": words.full_date(patient.birth_on), "phone": str(patient.phone or "")}
        return cls(data, initial=initial, country=patient.site.country)

    @classmethod
    def empty(cls, site: Site, *, data: Any = None, typed: str = "") -> "PatientForm":
        """A form for a new patient; ``typed`` is what was searched for in vain."""
        given, _, family = typed.partition(" ")
        initial = {"given_name": given.capitalize(), "family_name": family.title(), "may_call": True}
        return cls(
            data, initial=initial if typed.replace(" ", "").isalpha() else {"may_call": True}, country=site.country
        )

    def clean_birth_on(self) -> date:
        """The birth date, in any usual writing."""
        try:
            return dates.read(self.cleaned_data["birth_on"], self.reading)
        except dates.DateError:
            raise forms.ValidationError(
                f"Write the birth date with day, month and a year of four figures, such as {self.reading.example}."
            ) from None

    def clean_phone(self) -> str:
        """The number in one form, read as one of the site's country when it has no country code."""
        typed: str = self.cleaned_data["phone"]
        if not typed:
            return ""
        # imported here: keeps web start-up light
        from phonenumber_field.phonenumber import PhoneNumber

        number = PhoneNumber.from_string(typed, region=self.country)
        if not number.is_valid():
            raise forms.ValidationError("Enter the whole number with its area code; spaces and + are fine.")
        return str(number)
