"""Finding, registering and editing patients."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms

from clinics.models import Patient, Site
from clinics.models.patient import LONGEST_TRAVEL, Language
from notifications.actions.consents import AGREEMENT
from web import dates, words
from web.forms.base import StaffForm, Text

SHORTEST_SEARCH = 2
"""With fewer characters half the clinic would be listed."""


LONGEST_DATE = 4
"""Words a birth date may take: "27 of May 1980"."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: words of names, numbers and addresses, and a birth date."""

    text: str
    born: date | None


class SearchForm(StaffForm):
    """One field for names, phone, e-mail, birth date or the clinic's number."""

    q = Text(label="Name, phone, birth date or number", max_length=100, strip=True)

    def __init__(self, data: Any, *, country: str) -> None:
        super().__init__(data)
        self.country = country

    @property
    def typed(self) -> str:
        """What was typed, kept for the field."""
        return str(self.data.get("q", "")).strip()[:100]

    @property
    def wanted(self) -> Wanted | None:
        """What to look for; None while too little was typed. A birth date may stand anywhere, in any usual writing."""
        if not self.is_valid() or len(self.cleaned_data["q"]) < SHORTEST_SEARCH:
            return None
        words = self.cleaned_data["q"].split()
        reading = dates.Reading.in_country(self.country)
        for length in range(min(LONGEST_DATE, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                try:
                    born = dates.read(" ".join(words[start : start + length]), reading)
                except dates.DateError:
                    continue
                return Wanted(" ".join(words[:start] + words[start + length :]), born)
        return Wanted(" ".join(words), None)


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
    travel_minutes = forms.IntegerField(
        label="Minutes from home",
        required=False,
        min_value=1,
        max_value=LONGEST_TRAVEL,
        help_text="The patient's page then says when to leave. Empty: it says nothing.",
        error_messages={"invalid": "Enter minutes, such as 40."},
    )
    desk_note = Text(
        label="Keep in mind",
        max_length=500,
        help_text="One standing line for the desk, such as “Wheelchair. Calls after 5pm.” Nothing about health.",
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

    @property
    def agreements(self) -> dict[str, str]:
        """The sentence to agree to, by language."""
        return {code.value: sentence for code, sentence in AGREEMENT.items()}

    @property
    def agreed_to(self) -> str:
        """The sentence the patient agreed to: the one in the language of the messages."""
        return AGREEMENT[Language(self.cleaned_data["language"])]

    def likely(self) -> dict[str, Any] | None:
        """What there is to look for the same person by, while the form is still being filled in; None when too little."""
        self.is_valid()
        known = {name: self.cleaned_data.get(name) or "" for name in ("given_name", "family_name", "phone")}
        born = self.cleaned_data.get("birth_on")
        named = known["given_name"] and known["family_name"] and born
        return known | {"birth_on": born if named else None} if named or known["phone"] else None

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
        from phonenumbers import NumberParseException

        try:
            number = PhoneNumber.from_string(typed, region=self.country)
        except NumberParseException:
            number = None
        if number is None or not number.is_valid():
            raise forms.ValidationError("Enter the whole number with its area code; spaces and + are fine.")
        return str(number)
