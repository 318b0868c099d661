"""What is said to patients: the list, one message, and what staff do about it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from clinics.models import Patient, User
from core import clock
from core.errors import DomainError, NotFound
from notifications.actions import copies
from notifications.actions import messages as actions
from notifications.channels import preview
from notifications.engine.states import State
from notifications.models import Message
from notifications.models.message import MessageQuerySet
from notifications.queries import messages, pauses, verdicts
from web import message_file, message_lines, sites, table_file, words
from web.access import StaffRequest, local_address
from web.forms.messages import LookForm, PauseForm

SHOWN = 50
LATE_AFTER = timedelta(minutes=5)
"""A message that waits longer than this, and is not held back, makes the page say so."""
SOONEST_FIRST = {State.SCHEDULED.value, State.RETRY_WAIT.value, State.SENDING.value, State.UNCERTAIN.value}
"""States of messages still to come; of the others the newest are looked for."""


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Messages that fit the filters in the address, a page of them, with what holds them up."""
    now = clock.now()
    at = sites.of(request)
    form = LookForm(request.GET)
    rows, asked = _asked(form, at.chosen.zone, now=now)
    number = _page_number(request)
    found = list(rows[(number - 1) * SHOWN : number * SHOWN + 1])
    paused = pauses.in_force()
    oldest = messages.oldest_overdue(now=now, paused=paused)
    patient = Patient.objects.filter(pk=asked["patient"]).first() if asked["patient"] else None
    return render(
        request,
        "web/messages/list.html",
        {
            "section": "messages",
            "form": form,
            "filtered": any(form.data.get(name) for name in form.fields),
            "filters_said": form.in_words,
            "cleared": reverse("messages"),
            "updated": words.clock(clock.local(now, at.chosen.zone).time()),
            "patient": patient,
            "lines": message_lines.lines(found[:SHOWN], paused=paused, now=now),
            "pauses": paused,
            "pause_form": PauseForm(),
            "late_minutes": _late_minutes(now - oldest) if oldest else 0,
            "zone": at.chosen.zone,
            "here": request.get_full_path(),
            "file": f"{reverse('messages-file')}?{request.GET.urlencode()}",
            "earlier": _page_address(request, number - 1) if number > 1 else "",
            "later": _page_address(request, number + 1) if len(found) > SHOWN else "",
        },
        status=400 if form.errors else 200,
    )


@require_GET
def file(request: StaffRequest) -> HttpResponse:
    """The messages that fit the filters in the address as a table for spreadsheets, without their words."""
    now = clock.now()
    form = LookForm(request.GET)
    rows, _ = _asked(form, sites.of(request).chosen.zone, now=now)
    return table_file.answer(message_file.table(rows[: message_file.MOST]), f"messages-{now:%Y-%m-%d}")


def _asked(form: LookForm, zone: str, *, now: datetime) -> tuple[MessageQuerySet, dict[str, Any]]:
    """The messages that fit a form, in the order they are read in, and what was asked for."""
    asked = form.asked(zone)
    if not any(asked.values()):
        asked["due_before"] = now + timedelta(days=1)
    soonest_first = form.data.get("state") in SOONEST_FIRST or "due_from" in asked
    return messages.look(**asked).order_by(*(("due_at", "id") if soonest_first else ("-due_at", "-id"))), asked


@require_GET
def message(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """One message: where it stands and why, and its words."""
    row = _message(message_id)
    visits = verdicts.about(row)
    spoken_of = verdicts.to_speak_of(row, visits)
    [line] = message_lines.lines([row], paused=pauses.in_force(), now=clock.now())
    return render(
        request,
        "web/messages/message.html",
        {
            "section": "messages",
            "line": line,
            "patient": row.patient,
            "visits": visits,
            "body": preview.words_of(row, spoken_of),
            "here": request.get_full_path(),
        },
    )


@require_POST
def act(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Sends, holds or lets go a message, or notes that somebody has taken care of it; then back to where it was pressed."""
    row = _message(message_id)
    pressed = request.POST.get("do", "")
    if pressed not in _PRESSES:
        raise NotFound("There is no such press.")
    do, done = _PRESSES[pressed]
    try:
        do(row, request.user, request.POST)
    except DomainError as error:
        notes.error(request, f"The message to {row.patient.short_name} was not changed. {error.message}")
    else:
        notes.success(request, f"{row.patient.short_name}: {done}")
    return HttpResponseRedirect(local_address(request, request.POST.get("next", ""), reverse("messages")))


_PRESSES: dict[str, tuple[Callable[[Message, User, Any], object], str]] = {
    "send": (
        lambda row, by, _: actions.send_now(message=row, by=by, now=clock.now()),
        "the message goes out as soon as a dispatcher takes it.",
    ),
    "resend": (
        lambda row, by, _: copies.send_again(message=row, by=by, now=clock.now()),
        "the same goes out once more, as soon as a dispatcher takes it.",
    ),
    "hold": (lambda row, by, _: actions.hold(message=row, by=by), "the message is held back."),
    "release": (
        lambda row, by, _: actions.release(message=row, by=by, now=clock.now()),
        "the message is not held back any more.",
    ),
    "handled": (
        lambda row, by, data: actions.mark_handled(message=row, by=by, note=data.get("note", "").strip()[:200]),
        "noted as taken care of.",
    ),
}


def _message(message_id: UUID) -> Message:
    found = messages.shown(Message.objects.filter(pk=message_id))
    row = found.select_related("appointment__site").prefetch_related("visits__site").first()
    if row is None:
        raise NotFound("There is no such message.")
    return row


def _late_minutes(late: timedelta) -> int:
    return int(late.total_seconds() // 60) if late > LATE_AFTER else 0


def _page_number(request: HttpRequest) -> int:
    asked = request.GET.get("page", "")
    return max(int(asked), 1) if asked.isascii() and asked.isdigit() and len(asked) <= 4 else 1


def _page_address(request: HttpRequest, number: int) -> str:
    kept = {name: value for name, value in request.GET.items() if name != "page" and value}
    return f"?{urlencode(kept | {'page': str(number)})}"
