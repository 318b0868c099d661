"""The people of the demo clinic. All of them are made up; the phone numbers are the fictional 555-01xx."""

from dataclasses import dataclass
from datetime import date

PASSWORD = "courseline-demo"  # noqa: S105 - of the demo clinic, printed at every start
DOMAIN = "alder.example"


SKILLS = {
    "monitored": "Monitored",
    "quiet": "Quiet",
    "gym": "Gym",
    "group": "For groups",
    "infusion_nurse": "Infusion nurse",
    "prescriber": "Prescriber",
    "psychotherapist": "Psychotherapist",
    "physical_therapist": "Physical therapist",
    "mindfulness_teacher": "Mindfulness teacher",
}
"""The codes the reference protocols ask for."""


@dataclass(frozen=True)
class Account:
    """A member of staff who signs in."""

    email: str
    name: str
    role: str
    what: str


SIGN_INS = (
    Account(f"desk@{DOMAIN}", "Dana Whitfield", "front_desk", "Front desk"),
    Account(f"clinician@{DOMAIN}", "Dr. Priya Raman", "clinician", "Clinician"),
    Account(f"nurse@{DOMAIN}", "Marisol Quintero", "nurse", "Nurse"),
    Account(f"manager@{DOMAIN}", "Gwen Abernathy", "manager", "Manager"),
)


@dataclass(frozen=True)
class Colleague:
    """A person who takes part in visits. ``week``: for each weekday (Monday is 0) the hours at work."""

    name: str
    skill: str
    lanes: int
    week: dict[int, tuple[int, int]]
    account: str = ""


def _days(days: str, starts: int, ends: int) -> dict[int, tuple[int, int]]:
    return {int(day): (starts, ends) for day in days}


COLLEAGUES = (
    Colleague("Marisol Quintero", "infusion_nurse", 4, _days("01234", 8, 16), account=f"nurse@{DOMAIN}"),
    Colleague("Tobias Lindqvist", "infusion_nurse", 4, _days("01234", 10, 18) | _days("5", 9, 15)),
    Colleague("Adaeze Okonkwo", "infusion_nurse", 4, _days("135", 9, 15) | _days("6", 10, 16) | _days("02", 8, 18)),
    Colleague("Dr. Priya Raman", "prescriber", 1, _days("01234", 8, 18), account=f"clinician@{DOMAIN}"),
    Colleague("Dr. Henrik Vasquez-Morel", "prescriber", 1, _days("135", 8, 18) | _days("6", 10, 16)),
    Colleague("Yusuf Demir", "psychotherapist", 1, _days("01234", 8, 18) | _days("5", 9, 15)),
    Colleague("Catherine Oyelaran-Fitzgerald", "psychotherapist", 1, _days("01234", 8, 18) | _days("56", 10, 15)),
    Colleague("Jonas Achterberg", "physical_therapist", 1, _days("01234", 8, 16)),
    Colleague("Leilani Kahananui", "physical_therapist", 1, _days("0134", 10, 18) | _days("5", 9, 15)),
    Colleague("Minh Anh Tran", "mindfulness_teacher", 12, _days("2", 12, 18) | _days("5", 9, 15)),
)
AWAY = (
    # name, first day from today, days, why
    ("Tobias Lindqvist", 9, 3, "Leave"),
    ("Yusuf Demir", 24, 2, "Training"),
    ("Jonas Achterberg", 16, 5, "Leave"),
)


@dataclass(frozen=True)
class Person:
    """A patient."""

    given_name: str
    family_name: str
    birth_on: date
    language: str = "en"
    may_email: bool = True


_NAMES = """
Ana Ruiz es|Milo Dvořák|Jon Sutherland|Hugo Laurent|Farid Haidari|Beatriz Núñez Calderón es|Owen Pryce|Ingrid Solheim
Rosa Delgado es|Kwame Asante|Theodora Papadimitriou-Rosenberg|Li Wei|Noor Al-Sayed|Patrick O’Donoghue|Sanna Virtanen
José Ángel Martínez es|Grace Kim|Dmitri Volkov|Amara Nwosu|Felix Baumgartner|Xochitl Hernández es|Samuel Adler
Helen Marsh|Ravi Chandrasekaran|Eleni Christou|Tomás Ibarra es|Wren Hollister|Bartholomew Featherstonehaugh|Mei Tanaka
Lucía Fernández de la Vega es|Abdul Rahman|Siobhán Keane|Peter Novak|Zainab Yusuf|Carmen Ortega es|Viktor Hallberg
Ola Adebayo|Juniper Ashworth|Mateo Restrepo es|Hanna Kowalczyk|Desmond Clarke|Yara Mansour|Esther Goldfarb|Paolo Ricci
Nadia Petrova|Isaac Thornbury|Guadalupe Soto es|Emre Yıldız|Clara Johansson|Malik Washington|Pilar Vidal es|Arjun Mehta
Fiona MacAllister|Rafael Quiroga es|Astrid Møller|Chidi Eze|Joan Bellweather|Kenji Watanabe|Soledad Pacheco es|Ada Lindgren
"""


NEWCOMERS = ("Ariadne", "Benedikt", "Camille", "Dario", "Esperanza", "Florian", "Giulia", "Hamid")
"""Who comes next: one at every start of the demo."""


def patients() -> tuple[Person, ...]:
    """Sixty patients; a fifth of them read Spanish, a few do not want e-mail."""
    people = []
    for number, entry in enumerate(_NAMES.replace("\n", "|").strip("|").split("|")):
        spanish = entry.endswith(" es")
        given, _, family = entry.removesuffix(" es").partition(" ")
        born = date(1948 + (number * 37) % 58, 1 + (number * 7) % 12, 1 + (number * 11) % 28)
        people.append(Person(given, family, born, "es" if spanish else "en", may_email=number % 12 != 7))
    return tuple(people)


def phone(number: int) -> str:
    """A fictional number: 202-555-0100 to 0199."""
    return f"+1202555{100 + number % 100:04d}"
