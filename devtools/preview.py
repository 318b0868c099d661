"""The page that shows every component of the staff pages in every state, with made-up data: what to look at, and to test."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from clinics.models import Patient, Site, WorkList
from scheduler.models import Appointment, ChangeSet, Status
from scheduler.models.change_set import Verb
from treatments.life.ripples import Fate
from web import statuses
from web.attention import Chip
from web.forms.base import StaffForm, Text
from web.listings import LISTINGS
from web.plans import Day, Week
from web.ripples import Group, RipplePage, StepLine
from web.therapies import therapy
from web.undoing import Change
from web.visit_lines import VisitLine
from web.why_not import Way, WhyNot
from web.working import Mark

TODAY = date(2026, 11, 24)
NINE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
KEY = UUID(int=7)
_NAVIGATION = re.compile(r'(<nav [^>]*aria-label=")([^"]+)"')
_REFERENCES = re.compile(r'\b(id|for|aria-labelledby|aria-describedby|aria-controls|href)="(#?)([^"/?][^"]*)"')


@dataclass(frozen=True)
class Sample:
    """A component in one state. ``template`` is its file under ``web/components/``."""

    template: str
    state: str
    context: dict[str, Any] = field(default_factory=dict)


@login_required
def components(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    shown = [
        (f"{sample.template}: {sample.state}", _drawn(sample, number, request))
        for number, sample in enumerate(samples(), 1)
    ]
    return render(request, "devtools/components.html", {"samples": shown, "section": ""})


def _drawn(sample: Sample, number: int, request: HttpRequest) -> SafeString:
    """The sample with ids of its own: some components stand on a page only once."""
    text = str(render_to_string(f"web/components/{sample.template}.html", sample.context, request=request))

    def own(match: re.Match[str]) -> str:
        name, hash_, value = match.groups()
        if name == "href" and not hash_:
            return match[0]
        return f'{name}="{hash_}{" ".join(f"s{number}-{each}" for each in value.split())}"'

    text = _NAVIGATION.sub(rf'\g<1>\g<2>, sample {number}"', text)
    text = _REFERENCES.sub(own, text).replace(" autofocus", "")
    if "<li" in text and "<ol" not in text and "<ul" not in text:
        text = f'<ol class="visits">{text}</ol>'
    return mark_safe(text.replace(" hidden", ""))  # noqa: S308 - our own templates


def samples() -> Iterator[Sample]:
    """Every component in every state."""
    yield from _frame()
    yield from _lists()
    yield from _visits()
    yield from _changes()
    yield from _forms()


def _frame() -> Iterator[Sample]:
    chips = [Chip("5 unconfirmed for tomorrow", "/unconfirmed/"), Chip("1 message not delivered", "/messages/", "bad")]
    yield Sample("attention", "some", {"chips": chips})
    yield Sample("attention", "nothing", {"chips": []})
    yield Sample("attention", "not counted", {"chips": None})
    for state, told in (("nothing was sent", False), ("the patient knows", True)):
        yield Sample("undo", state, {"undo": _change(told=told), "undo_seconds": 3600})
    notes = [
        _Note("success", "Saved."),
        _Note("error", "Not saved."),
        _Note("warning", "Look again."),
        _Note("", "Seen."),
    ]
    yield Sample("messages", "each kind", {"messages": notes})
    yield Sample("search", "closed")
    yield Sample("mark", "as it is")
    for name in ("today", "patients", "work-list", "unconfirmed", "waitlist", "desk", "messages", "setup"):
        yield Sample("icon", name, {"name": name})
    yield Sample("account_menu", "closed")
    yield Sample("answer_tabs", "unconfirmed", {"section_tab": "unconfirmed"})
    sites = SimpleNamespace(several=True, all=[_site("alder", "Alder Street"), _site("birch", "Birch Lane")])
    yield Sample("sites", "several", {"sites": sites, "site": sites.all[0]})


def _lists() -> Iterator[Sample]:
    yield Sample(
        "empty",
        "with something to do",
        {
            "title": "No course yet",
            "text": "Plan all visits at once.",
            "action": "Book a course",
            "address": "/courses/book",
        },
    )
    yield Sample(
        "nothing_fits", "filtered", {"title": "No messages fit", "filters": "State: failed", "clear": "/messages/"}
    )
    yield Sample("part_missing", "one part", {"missing": "What needs attention could not be counted."})
    yield Sample(
        "failed",
        "with a reference",
        {"failed": "We could not get the newest visits.", "retry": "/", "reference": "7F3A"},
    )
    row = {"listed": WorkList.WAITLIST.value, "row": KEY, "named": _patient().full_name}
    yield Sample("working", "nobody", row)
    yield Sample("working", "oneself", {**row, "known": Mark("Flora Desk", mine=True)})
    yield Sample("working", "a colleague", {**row, "known": Mark("Maria Ruiz")})
    yield Sample("stale", "with news", {"updated": "9:42am", "news": "Maria moved 1 visit.", "retry": "/"})
    yield Sample("loading", "nothing was there", {"loading": "Looking for visits"})
    for listing in LISTINGS.values():
        yield Sample("states", f"{listing.name}, nothing yet", {"list": listing, "rows": 0, "updated": "9:42am"})
        yield Sample(
            "states",
            f"{listing.name}, filtered, and a part missing",
            {
                "list": listing,
                "rows": 0,
                "filters": "Only Tuesday",
                "clear": "/",
                "missing": "Calls could not be read.",
            },
        )


def _visits() -> Iterator[Sample]:
    for family in ("infusion", "psychotherapy", "physical_therapy", "meditation", "consultation", "yoga"):
        yield Sample("code", family, {"family": family})
    states = [
        statuses.UNCONFIRMED,
        statuses.CONFIRMED,
        *(
            statuses.of_appointment(_appointment(each))
            for each in (Status.ARRIVED, Status.IN_TREATMENT, Status.DONE, Status.MISSED, Status.CANCELLED, Status.HELD)
        ),
    ]
    for state in states:
        yield Sample("status", state.words, {"state": state})
    yield Sample("who", "a patient", {"patient": _patient()})
    line = VisitLine(
        "infusion.1",
        "Infusion 1",
        "infusion",
        120,
        NINE,
        NINE + timedelta(hours=2),
        "Chair 2",
        "Nurse Kim",
        "First of the series",
        ("mornings",),
        overrides=(
            "Rule overridden: “Infusion: 3 to 5 days apart”. Why: Travels. Maria Ruiz, Monday 23 November 2026, 2pm.",
        ),
        state=statuses.UNCONFIRMED,
    )
    yield Sample("visit", "with a time", {"line": line, "today": TODAY})
    waiting = VisitLine(
        "talk.1",
        "Talk 1",
        "psychotherapy",
        50,
        None,
        None,
        "",
        "",
        "",
        unplaced=("Dr Wu is away on every day that is left.",),
    )
    yield Sample("visit", "without a time", {"line": waiting, "today": TODAY})
    days = tuple(Day(TODAY + timedelta(days=n), (therapy("infusion"),) if n in (0, 3) else ()) for n in range(7))
    yield Sample("rhythm", "two weeks", {"weeks": [Week(days, 0), Week(days, 2)]})


def _changes() -> Iterator[Sample]:
    moved = StepLine(
        "Infusion 2",
        "infusion",
        Fate.MOVES,
        "Friday 27 November, 9:30am",
        "Saturday 28 November, 9:30am",
        ("1 day later than best",),
        is_news=True,
    )
    freed = StepLine(
        "Talk 2", "psychotherapy", Fate.RELEASED, "Saturday 28 November, 2pm", "", ("It followed the visit that goes.",)
    )
    page = RipplePage(
        "",
        "",
        (Group("Moves", (moved,)), Group("Freed with it", (freed,))),
        (moved,),
        ("Less than a day ahead.",),
        2,
        "e-mail and text",
        True,
        "Move 1 visit",
    )
    yield Sample("ripple", "moves and frees, seen anew", {"ripple": page, "is_outdated": True, "patient": _patient()})
    quiet = RipplePage("", "", (), (moved,), (), 0, "", False, "Move 1 visit")
    yield Sample("ripple", "nobody is told", {"ripple": quiet, "patient": _patient()})
    ways = (
        Way("Friday 27 November, 2:30pm", "2026-11-27T14:30"),
        Way("Friday 27 November, 9:30am", "2026-11-27T09:30"),
    )
    why = WhyNot(
        "Friday 27 November, 2pm does not work for Infusion 3",
        ("No nurse can start it.",),
        ("Chair 2, by Omar H.",),
        ways,
    )
    yield Sample("why_not", "with ways out", {"why": why, "here": "/visits/", "stays": "Infusion 3 stays where it is."})
    yield Sample("why_not", "without", {"why": WhyNot(why.title, why.reasons, (), ()), "here": "/visits/"})


class _SampleForm(StaffForm):
    name = Text(label="Name", missing="Enter a name.", help_text="As in the passport.")
    day = forms.ChoiceField(
        label="Day", choices=[("mon", "Monday"), ("tue", "Tuesday")], widget=forms.RadioSelect, required=False
    )


def _forms() -> Iterator[Sample]:
    empty, wrong = _SampleForm(auto_id="empty-%s"), _SampleForm({"day": "sun"}, auto_id="wrong-%s")
    for name in ("name", "day"):
        yield Sample("field", f"{name}, empty", {"field": empty[name]})
        yield Sample("field", f"{name}, wrong", {"field": wrong[name], "chips": True})
    yield Sample("errors", "two", {"form": wrong})
    yield Sample("errors", "none", {"form": empty})


class _Note:
    """A message of the last press."""

    def __init__(self, level_tag: str, text: str) -> None:
        self.level_tag, self.text = level_tag, text

    def __str__(self) -> str:
        return self.text


def _site(code: str, name: str) -> Site:
    return Site(id=UUID(int=len(name)), code=code, name=name, zone="America/New_York", country="US")


def _patient() -> Patient:
    return Patient(
        id=KEY, given_name="María de los Ángeles", family_name="Fernández-Villaseñor", birth_on=date(1980, 5, 27)
    )


def _appointment(status: str) -> Appointment:
    return Appointment(
        id=KEY, patient=_patient(), status=status, previous_status=Status.BOOKED, summary="Infusion 4 of 6"
    )


def _change(*, told: bool) -> Change:
    made = ChangeSet(id=KEY, verb=Verb.MOVE, patient=_patient(), site=_site("alder", "Alder Street"))
    return Change(made, 3, told, undone=False)
