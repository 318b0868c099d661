"""The front desk's home: one day of a site, by resource, with statuses set by one press."""

from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import DomainError, NotFound
from scheduler.actions import appointments
from scheduler.models import Appointment
from web import day_list, sites, statuses
from web.access import StaffRequest, local_address
from web.numbers import version_of


@require_GET
def today(request: StaffRequest) -> HttpResponse:
    """The day named by ``?on=``, or today where the site is."""
    now = clock.now()
    at = sites.of(request)
    day = day_list.of(at.chosen, _asked(request.GET.get("on", ""), at.chosen.zone), now=now)
    return render(
        request,
        "web/today.html",
        {
            "section": "today",
            "sites": at,
            "site": at.chosen,
            "day": day,
            "previous_on": day.on - timedelta(days=1),
            "next_on": day.on + timedelta(days=1),
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
        appointments.set_status(
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
    address = local_address(request, request.POST.get("next", ""), reverse("today"))
    return HttpResponseRedirect(f"{address.partition('#')[0]}#visit-{appointment.pk}")


def _asked(text: str, zone: str) -> date:
    """The date in the address; today when it is missing or is none a calendar shows."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return clock.local(clock.now(), zone).date()
    return min(max(on, date(2000, 1, 1)), date(2100, 1, 1))
