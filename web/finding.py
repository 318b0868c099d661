"""One search for everything: people first, then what can be done, then pages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from urllib.parse import urlencode

from django.db.models import Max
from django.urls import reverse

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, allows
from core import clock
from web import dates, rail, words
from web.forms.patients import SearchForm

MOST = 8
MOST_PEOPLE = 5
"""So that what can be done still has a place below many people of one name."""
RECENTLY = timedelta(days=7)
"""So far back the patients somebody dealt with are offered before anything is typed."""

PEOPLE, ACTIONS, PAGES, RECENT = "People", "Do", "Pages", "Recent"
_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    group: str
    title: str
    address: str
    note: str = ""


def find(typed: str, *, by: User, site: Site | None, now: datetime) -> list[Hit]:
    """At most eight hits, in the order of their groups; with nothing typed the patients dealt with last. One query."""
    typed = typed.strip()
    if not typed:
        return [*_recent(by, now), *islice(_pages("", by), MOST)][:MOST]
    people = list(_people(typed, by, site))
    return [*people, *_actions(typed, people, by, site, now), *_pages(typed, by)][:MOST]


def _people(typed: str, by: User, site: Site | None) -> Iterator[Hit]:
    form = SearchForm({"q": typed}, country=site.country if site else "")
    wanted = form.wanted
    if wanted is None or not allows(by, Permission.VIEW_PATIENTS):
        return
    found = Patient.objects.matching(wanted.text, born=wanted.born).order_by(
        "family_name", "given_name", "birth_on", "id"
    )
    people = list(found[: MOST_PEOPLE + 1])
    yield from _hits(people[:MOST_PEOPLE], PEOPLE)
    if len(people) > MOST_PEOPLE:
        yield Hit(PEOPLE, f"Everybody called “{typed}”", f"{reverse('patients')}?{urlencode({'q': typed})}")


def _recent(by: User, now: datetime) -> Iterator[Hit]:
    if not allows(by, Permission.VIEW_PATIENTS):
        return
    found = Patient.objects.filter(change_sets__by=by, change_sets__created_at__gt=now - RECENTLY)
    yield from _hits(found.annotate(last=Max("change_sets__created_at")).order_by("-last")[:MOST_PEOPLE], RECENT)


def _hits(patients: Iterable[Patient], group: str) -> Iterator[Hit]:
    for patient in patients:
        end = f", phone ends in {patient.phone.as_e164[-4:]}" if patient.phone else ""
        yield Hit(group, patient.full_name, reverse("patient", args=[patient.pk]), f"born {patient.birth_on.year}{end}")


def _actions(typed: str, people: list[Hit], by: User, site: Site | None, now: datetime) -> Iterator[Hit]:
    booking = allows(by, Permission.BOOK_COURSES)
    if booking and len(people) == 1:
        address = f"{reverse('book-course')}?{urlencode({'patient': people[0].address.split('/')[-2]})}"
        yield Hit(ACTIONS, f"Book a course for {people[0].title}", address)
    if booking and not people and _fits(typed, "book a course new plan"):
        yield Hit(ACTIONS, "Book a course", reverse("book-course"))
    on = _day(typed, site, now)
    if on is not None:
        yield Hit(ACTIONS, words.day(on), f"{reverse('today')}?on={on}", "day board")
    elif allows(by, Permission.EDIT_PATIENTS):
        if _fits(typed, "register new patient add"):
            yield Hit(ACTIONS, "Register a patient", reverse("register-patient"))
        elif not people and any(character.isalpha() for character in typed) and not list(_pages(typed, by)):
            address = f"{reverse('register-patient')}?{urlencode({'name': typed})}"
            yield Hit(ACTIONS, f"Register {typed}", address, "a new patient")
    yield from _prints(typed, by, site, now)


def _prints(typed: str, by: User, site: Site | None, now: datetime) -> Iterator[Hit]:
    if site is None or not allows(by, Permission.VIEW_PATIENTS) or not _fits(typed, "print tomorrow day sheet"):
        return
    on = clock.local(now, site.zone).date() + timedelta(days=1)
    for kind, title in (("rooms", "by room"), ("people", "by person")):
        yield Hit(ACTIONS, f"Print tomorrow {title}", f"{reverse('print-day', args=[kind])}?on={on}")


def _pages(typed: str, by: User) -> Iterator[Hit]:
    for place in rail.everywhere(by):
        if _fits(typed, f"{place.title} {place.words}"):
            yield Hit(PAGES, place.title, place.address)


def _fits(typed: str, names: str) -> bool:
    """Whether every word typed begins one of the names."""
    known = names.lower().replace("-", " ").split()
    return all(any(name.startswith(word) for name in known) for word in typed.lower().replace("-", " ").split())


def _day(typed: str, site: Site | None, now: datetime) -> date | None:
    """The date that was typed, if it is one."""
    if site is None:
        return None
    today = clock.local(now, site.zone).date()
    if typed.lower() in _DAYS:
        return today + timedelta(days=_DAYS[typed.lower()])
    try:
        return dates.read(typed, dates.Reading.in_country(site.country, near=today))
    except dates.DateError:
        return None
