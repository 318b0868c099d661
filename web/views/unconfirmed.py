"""The list of visits nobody has confirmed yet, worked through by phone."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import DomainError, NotFound
from notifications.actions import phone_calls
from notifications.models import PhoneCall
from notifications.queries import unconfirmed
from scheduler.actions import confirmations
from scheduler.models import Appointment
from web import sites, unconfirmed_lines, unready_lines, words
from web.access import StaffRequest, local_address
from web.numbers import key_of, number_of

SHOWN = 100


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Visits of the next working days without an answer, or of the one day named by ``?on=``."""
    now = clock.now()
    at = sites.of(request)
    days = unconfirmed.days(at.chosen, now=now)
    chosen = [day for day in days if day.on == _day(request.GET.get("on", ""))]
    shown = chosen or days
    rows = unconfirmed.unconfirmed(
        at.chosen,
        [day.on for day in shown],
        now=now,
        marked_since=now - phone_calls.MARK_LASTS,
        at_most=SHOWN,
    )
    return render(
        request,
        "web/unconfirmed.html",
        {
            "section": "unconfirmed",
            "sites": at,
            "site": at.chosen,
            "days": days,
            "chosen": chosen[0] if chosen else None,
            "lines": unconfirmed_lines.lines(rows, at.chosen, request, now=now),
            "unready": unready_lines.lines(at.chosen, shown[0].on, now=now) if shown else [],
            "visits": sum(day.visits for day in shown),
            "confirmed": sum(day.confirmed for day in shown),
            "said": f"Only {words.day(chosen[0].on)}" if chosen else "",
            "shown": SHOWN,
            "today": clock.local(now, at.chosen.zone).date(),
            "updated": words.clock(clock.local(now, at.chosen.zone).time()),
        },
    )


@require_POST
def act(request: StaffRequest, appointment_id: UUID) -> HttpResponse:
    """Does what was pressed about one visit, and goes on to the next row; to the same one while it is being called."""
    appointment = Appointment.objects.select_related("patient").filter(pk=appointment_id).first()
    pressed = request.POST.get("do", "")
    if appointment is None or appointment.patient is None or pressed not in _PRESSES:
        raise NotFound("There is no such visit.")
    here = f"visit-{appointment.pk}"
    try:
        said = _PRESSES[pressed](request, appointment, appointment.patient.short_name)
    except DomainError as error:
        messages.error(request, f"{appointment.patient.short_name}: nothing was noted. {error.message}")
        pressed = "call"
    else:
        if said:
            messages.success(request, said)
    to = request.POST.get("after", "") if pressed in MOVES_ON else here
    address = local_address(request, request.POST.get("next", ""), reverse("unconfirmed"))
    return HttpResponseRedirect(f"{address.partition('#')[0]}#{to or here}")


MOVES_ON = {"confirm", "left"}
"""Presses after which the row is seen to."""


def _confirm(request: StaffRequest, appointment: Appointment, name: str) -> str:
    confirmations.confirm(
        appointment=appointment,
        schedule_epoch=_epoch(request),
        by=request.user,
        now=clock.now(),
        reason="Confirmed by phone",
    )
    return f"{name} has confirmed."


def _left(request: StaffRequest, appointment: Appointment, name: str) -> str:
    phone_calls.left_message(appointment=appointment, schedule_epoch=_epoch(request), by=request.user, now=clock.now())
    return f"{name}: a message was left."


def _call(request: StaffRequest, appointment: Appointment, _: str) -> str:
    phone_calls.begin(appointment=appointment, schedule_epoch=_epoch(request), by=request.user, now=clock.now())
    return ""


def _leave(request: StaffRequest, appointment: Appointment, _: str) -> str:
    phone_calls.leave(appointment=appointment, by=request.user)
    return ""


def _take_back(request: StaffRequest, appointment: Appointment, name: str) -> str:
    key = key_of(request.POST.get("call", ""))
    call = PhoneCall.objects.filter(appointment=appointment, pk=key).first() if key is not None else None
    if call is None:
        raise NotFound("This attempt is not noted any more.")
    phone_calls.take_back(call=call, by=request.user)
    return f"{name}: the attempt is taken back."


_PRESSES: dict[str, Callable[[StaffRequest, Appointment, str], str]] = {
    "confirm": _confirm,
    "left": _left,
    "call": _call,
    "leave": _leave,
    "take-back": _take_back,
}


def _epoch(request: StaffRequest) -> int:
    """The schedule epoch the sender saw; one that never is where it is no number."""
    return number_of(request.POST.get("epoch", ""))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
