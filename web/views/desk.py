"""What patients answered and a person has to see to; and one's own calendar subscription."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST, require_safe

from core import clock
from core.errors import NotFound
from notifications.actions import desk_tasks, links
from notifications.channels import addresses
from notifications.models import DeskTask
from notifications.models.link import Purpose
from notifications.queries import inbound
from web import sites, words
from web.access import StaffRequest

SHOWN = 100
DONE_SHOWN = 20
DONE_SHOWN_FOR = timedelta(hours=24)


@require_GET
def tasks(request: StaffRequest) -> HttpResponse:
    """Open tasks of the desk, oldest first, with the words patients wrote."""
    now = clock.now()
    at = sites.of(request)
    return render(
        request,
        "web/desk.html",
        {
            "section": "unconfirmed",
            "tasks": list(inbound.open_tasks(at_most=SHOWN)),
            "done": list(inbound.done_tasks(since=now - DONE_SHOWN_FOR, at_most=DONE_SHOWN)),
            "shown": SHOWN,
            "updated": words.clock(clock.local(now, at.chosen.zone).time()),
        },
    )


@require_POST
def finish(request: StaffRequest, task_id: UUID) -> HttpResponse:
    """Somebody has seen to a task."""
    desk_tasks.finish(task=_task(task_id), by=request.user, now=clock.now())
    messages.success(request, "Noted as done. It can be opened again below.")
    return HttpResponseRedirect(reverse("desk"))


@require_POST
def reopen(request: StaffRequest, task_id: UUID) -> HttpResponse:
    """A task was not done after all."""
    desk_tasks.reopen(task=_task(task_id), by=request.user)
    messages.success(request, "Open again.")
    return HttpResponseRedirect(reverse("desk"))


def _task(task_id: UUID) -> DeskTask:
    task = DeskTask.objects.filter(pk=task_id).first()
    if task is None:
        raise NotFound("There is no such task.")
    return task


@require_safe
def subscription(request: StaffRequest) -> HttpResponse:
    """What a calendar subscription is, and whether there is one. Its address is shown only when it is made."""
    existing = inbound.subscription_of(request.user, now=clock.now())
    return render(request, "web/subscription.html", {"existing": existing})


@require_POST
def subscribe(request: StaffRequest) -> HttpResponse:
    """Makes a calendar subscription and shows its address; the one before ends."""
    link = links.subscribe_staff(by=request.user, now=clock.now())
    return render(request, "web/subscription.html", {"existing": link, "address": addresses.of_link(link)})


@require_POST
def unsubscribe(request: StaffRequest) -> HttpResponse:
    """Ends one's own calendar subscription: its address shows nothing from now on."""
    ended = links.revoke_all(user=request.user, purpose=Purpose.CALENDAR, by=request.user, now=clock.now())
    if ended:
        messages.success(request, "The subscription has ended. Its address shows nothing any more.")
    else:
        messages.warning(request, "There was no subscription to end.")
    return HttpResponseRedirect(reverse("my-calendar"))
