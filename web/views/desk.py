"""What patients answered and a person has to see to; and one's own calendar subscription."""

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
from notifications.queries import inbound
from web.access import StaffRequest

SHOWN = 100


@require_GET
def tasks(request: StaffRequest) -> HttpResponse:
    """Open tasks of the desk, oldest first, with the words patients wrote."""
    listed = list(inbound.open_tasks(at_most=SHOWN))
    return render(request, "web/desk.html", {"section": "desk", "tasks": listed, "shown": SHOWN})


@require_POST
def finish(request: StaffRequest, task_id: UUID) -> HttpResponse:
    """Somebody has seen to a task."""
    task = DeskTask.objects.filter(pk=task_id).first()
    if task is None:
        raise NotFound("There is no such task.")
    desk_tasks.finish(task=task, by=request.user, now=clock.now())
    messages.success(request, "Noted as done.")
    return HttpResponseRedirect(reverse("desk"))


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
