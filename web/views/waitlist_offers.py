"""Offering a free time by message to those of the waitlist who fit, and offering it no more."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from core import clock
from core.errors import DomainError, InvalidInput
from notifications.actions import offers
from web import sites, words
from web.access import StaffRequest, local_address
from web.forms.waitlist import PeriodForm


@require_POST
def offer(request: StaffRequest) -> HttpResponse:
    """Offers the time that was looked at to those who were chosen."""
    site = sites.of(request).chosen
    form = PeriodForm(request.POST, site=site)
    try:
        if not form.is_valid():
            raise InvalidInput("Look for a time first, then choose whom to offer it to.")
        starts_at, ends_at = form.period
        made = offers.offer(
            site=site,
            entries=_chosen(request),
            starts_at=starts_at,
            ends_at=ends_at,
            resource=form.cleaned_data["resource"],
            by=request.user,
            now=clock.now(),
        )
    except DomainError as error:
        messages.error(request, f"Nothing was offered. {error.message}")
        return HttpResponseRedirect(local_address(request, request.POST.get("next", ""), reverse("waitlist-fitting")))
    at, until = (clock.local(each, site.zone) for each in (made[0].hold.starts_at, made[0].until))
    said = words.listing([each.entry.visit.course.patient.short_name for each in made])
    messages.success(
        request,
        f"{words.day(at.date())}, {words.clock(at.time())} is offered to {said}, and held until {words.clock(until.time())}.",
    )
    return _to_list(request)


@require_POST
def withdraw(request: StaffRequest, hold_id: UUID) -> HttpResponse:
    """Offers a time no more; it is free again."""
    site = sites.of(request).chosen
    try:
        ended = offers.withdraw(hold=hold_id, site=site, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, f"The time is offered still. {error.message}")
    else:
        told = "The time is offered no more, and free again." if ended else "That offer is over already."
        messages.success(request, told)
    return _to_list(request)


def _to_list(request: StaffRequest) -> HttpResponse:
    at = sites.of(request)
    query = f"?site={at.chosen.code}" if at.several else ""
    return HttpResponseRedirect(f"{reverse('waitlist')}{query}")


def _chosen(request: StaffRequest) -> set[UUID]:
    """The entries that were ticked. Raises ``InvalidInput``."""
    try:
        return {UUID(each) for each in request.POST.getlist("entry")}
    except ValueError:
        raise InvalidInput("Choose people from the list.") from None
