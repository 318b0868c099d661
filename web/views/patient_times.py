"""Another time for a visit, chosen by its patient: a few that work, what each would do, and the press that takes one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinics.models import User
from core import clock
from core.errors import DomainError
from notifications.actions import another_times, answers
from notifications.actions.another_times import FURTHEST, Look, Option
from notifications.channels.languages import Language, language_of
from notifications.engine.answers import Meaning
from notifications.models import Link
from notifications.queries import inbound
from scheduler.models import Appointment
from treatments.actions import changes
from treatments.models import Visit
from web import patient_sessions
from web.numbers import number_of
from web.patient_sessions import Tried
from web.question_words import WORDS as QUESTION_WORDS
from web.time_words import WORDS, TimeWords
from web.views.patient_birth import refusal
from web.views.patient_frame import ended, opened, patient_of, see_other, shared, words_of


def times(request: HttpRequest, token: str, appointment: UUID) -> HttpResponse:
    """Three times at a time; with ``at`` what that one would do; by POST it is taken, or another way is."""
    link = opened(request, token)
    if link is None:
        return ended(request)
    is_open = patient_sessions.is_open(request, link)
    shown = {visit.pk: visit for visit in inbound.visits_of(link, now=clock.now(), every=is_open)}
    if appointment not in shown:
        return see_other("patient-visits", token, at="?moved")
    return _Timing(request, link, token, shown[appointment], is_open).answer()


@dataclass(frozen=True, slots=True)
class Line:
    """A time to choose: its words, the value that names it, and what else would move."""

    words: str
    value: str
    also: str


@dataclass
class _Timing:
    """The page as it is built up while a request is answered."""

    request: HttpRequest
    link: Link
    token: str
    appointment: Appointment
    is_open: bool

    def __post_init__(self) -> None:
        self.now = clock.now()
        self.by = User.objects.service()
        self.visit: Visit | None = another_times.visit_of(self.link, self.appointment)

    @property
    def language(self) -> Language:
        return language_of(patient_of(self.link).language)

    @property
    def words(self) -> TimeWords:
        return WORDS[self.language.code]

    def answer(self) -> HttpResponse:
        """What the request asks for."""
        said = self.request.POST if self.request.method == "POST" else self.request.GET
        at = _instant(said.get("at", ""))
        if self.request.method == "POST":
            return self._done(said.get("do", ""), at)
        if at is not None and self.visit is not None:
            try:
                return self._sure(self.visit, at)
            except DomainError:
                return self._options(gone=at, status=409)
        return self._options()

    # --- choosing ---------------------------------------------------------------------------------------------

    def _options(self, *, gone: datetime | None = None, status: int = 200) -> HttpResponse:
        skip = min(max(number_of(self.request.GET.get("skip", "")), 0), FURTHEST)
        found: Sequence[Option] = ()
        more = 0
        if self.visit is not None:
            found, more = another_times.options(
                link=self.link, visit=self.visit, skip=skip, near=gone, by=self.by, now=self.now
            )
        is_far = another_times.is_far(self.appointment, now=self.now)
        words = self.words
        none = words.near if not is_far else words.no_more if skip else words.none
        context = {
            "lines": [self._line(option) for option in found],
            "more": more,
            "skip": skip,
            "none": none,
            "gone": gone is not None,
            "may_wait": self.visit is not None and is_far,
        }
        return self._page("times", context, status=status)

    def _line(self, option: Option) -> Line:
        words, count = self.words, option.also_moves
        also = "" if not count else words.also_one if count == 1 else words.also.format(count=count)
        return Line(self._at(option.starts_at), option.starts_at.astimezone(UTC).strftime(FORMAT), also)

    def _at(self, instant: datetime) -> str:
        local = clock.local(instant, self.appointment.zone)
        return f"{self.language.day_of(local)}, {self.language.time_of(local)}"

    # --- one of them ------------------------------------------------------------------------------------------

    def _sure(self, visit: Visit, at: datetime, *, wrong: str = "", status: int = 200) -> HttpResponse:
        """What it would do. Raises ``DomainError`` if it cannot be had."""
        look = another_times.look(link=self.link, visit=visit, starts_at=at, by=self.by, now=self.now)
        words = self.words
        books = settings.PATIENTS_MOVE == "book"
        context = {
            "chosen": self._at(at),
            "at": at.astimezone(UTC).strftime(FORMAT),
            "digest": look.ripple.digest,
            "also": self._also(look),
            "books": books,
            "asks_birth": books and not self.is_open,
            "birth_words": QUESTION_WORDS[self.language.code],
            "wrong": wrong,
            "press": words.take if books else words.ask,
        }
        return self._page("time", context, status=status)

    def _also(self, look: Look) -> list[str]:
        return [
            self.words.from_to.format(before=self._at(before), after=self._at(after)) for before, after in look.also
        ]

    # --- pressing ---------------------------------------------------------------------------------------------

    def _done(self, pressed: str, at: datetime | None) -> HttpResponse:
        try:
            if pressed == "call":
                self._press(Meaning.CHANGE)
                return see_other("patient-visits", self.token)
            if pressed == "wait" and self.visit is not None:
                another_times.wait(link=self.link, visit=self.visit, by=self.by, now=self.now)
                return see_other("patient-visits", self.token, at="?done=listed")
            if pressed == "take" and self.visit is not None and at is not None:
                return self._take(self.visit, at)
        except DomainError:
            if pressed == "take":
                return self._options(gone=at, status=409)
            return see_other("patient-visits", self.token, at="?moved")
        return self._options(status=422)

    def _take(self, visit: Visit, at: datetime) -> HttpResponse:
        """Takes the time, or asks for it. Raises ``DomainError``."""
        if settings.PATIENTS_MOVE != "book":
            another_times.ask_for(
                link=self.link, visit=visit, starts_at=at, schedule_epoch=self._epoch, by=self.by, now=self.now
            )
            return see_other("patient-visits", self.token)
        opens = not self.is_open
        if opens and (came := patient_sessions.tried(self.request, self.link)) is not Tried.RIGHT:
            return self._sure(visit, at, wrong=refusal(self.link, came), status=422)
        digest = self.request.POST.get("digest", "")
        try:
            another_times.take(link=self.link, visit=visit, starts_at=at, digest=digest, by=self.by, now=self.now)
        except changes.Outdated:  # it can be had, but does something else by now
            return self._sure(visit, at, wrong=words_of(patient_of(self.link)).moved, status=409)
        response = see_other("patient-visits", self.token, at="?done=taken")
        if opens:
            patient_sessions.open_for(response, self.link)
        return response

    def _press(self, meaning: Meaning) -> None:
        answers.take_press(
            link=self.link,
            appointment=self.appointment,
            schedule_epoch=self._epoch,
            meaning=meaning,
            by=self.by,
            now=self.now,
        )

    @property
    def _epoch(self) -> int:
        """The schedule epoch the patient saw."""
        return number_of(self.request.POST.get("epoch", ""))

    def _page(self, name: str, context: dict[str, Any], *, status: int) -> HttpResponse:
        local = clock.local(self.appointment.starts_at, self.appointment.zone)
        known = {"day": self.language.day_of(local), "time": self.language.time_of(local)}
        words = self.words
        frame = {
            **shared(patient_of(self.link)),
            "words": words,
            "now_at": words.now_at.format(**known),
            "instead": words.instead.format(**known),
            "appointment": self.appointment,
            "token": self.token,
        }
        return render(self.request, f"web/patient/{name}.html", frame | context, status=status)


FORMAT = "%Y%m%dT%H%MZ"
"""How a time stands in an address: an instant in UTC."""


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
