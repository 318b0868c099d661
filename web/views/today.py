"""The front desk's home: one day of a site, by resource or by clinician, with statuses set by one press."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import DomainError, NotFound
from scheduler.models import Appointment
from treatments.actions import sessions
from treatments.many import waiting
from web import sites, statuses
from web.access import StaffRequest, local_address
from web.board import beside, day, news
from web.board.address import Address
from web.board.day import View
from web.numbers import version_of


@require_GET
def today(request: StaffRequest) -> HttpResponse:
    """The day named by ``?on=``, or today where the site is; with ``?visit=`` or ``?gap=`` what is to be shown beside it."""
    now = clock.now()
    at = sites.of(request)
    address = Address.of(request, at.chosen, several=at.several)
    shown = day.of(at.chosen, address.on, now=now, view=address.view)
    return render(
        request,
        "web/today.html",
        {
            "section": "today",
            "sites": at,
            "site": at.chosen,
            "address": address,
            "day": shown,
            "agenda": shown.agenda(address.only) if address.view is View.LIST else None,
            "visit_beside": beside.visit(at.chosen, address.visit, shown, now=now) if address.visit else None,
            "gap_beside": beside.gap(shown, address.gap) if address.gap else None,
            "next_open": replace(address.base, on=shown.next_open_on) if shown.next_open_on else None,
            "waiting": waiting.listed(at.chosen, now=now).count() if not shown.visits else 0,
            "updated": clock.local(now, at.chosen.zone),
            "news": news.since(request.headers.get("X-Since", ""), at.chosen, address.on, by=request.user),
        },
    )


@require_POST
def set_status(request: StaffRequest, appointment_id: UUID) -> HttpResponse:
    """Gives an appointment the status that was pressed, and goes back to the day."""
    appointment = Appointment.objects.select_related("patient", "site").filter(pk=appointment_id).first()
    if appointment is None:
        raise NotFound("There is no such visit.")
    pressed = request.POST.get("status", "")
    done = next((press.done for press in statuses.presses(appointment) if press.status == pressed), "is changed")
    name = appointment.patient.short_name if appointment.patient else "The visit"
    try:
        sessions.set_status(
            appointment=appointment,
            status=pressed,
            by=request.user,
            now=clock.now(),
            version=version_of(request),
        )
    except DomainError as error:
        messages.error(request, f"{name} was not changed. {error.message}")
    else:
        messages.success(request, f"{name} {done}.")
    return HttpResponseRedirect(local_address(request, request.POST.get("next", ""), reverse("today")))
