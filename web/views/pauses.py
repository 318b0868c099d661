"""Holding messages back, and letting them go again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core import clock
from core.errors import DomainError, NotFound
from notifications.actions import pauses
from notifications.engine.states import Channel, Step
from notifications.models import Pause
from web.access import StaffRequest
from web.forms.messages import PauseForm


@require_POST
def pause(request: StaffRequest) -> HttpResponse:
    """Holds back what was chosen, for everybody, until it is lifted."""
    form = PauseForm(request.POST)
    if not form.is_valid():
        sentences = [str(sentence) for listed in form.errors.values() for sentence in listed]
        messages.error(request, f"Nothing was held back. {' '.join(sentences)}")
        return redirect("messages")
    given = form.cleaned_data
    made = pauses.pause(
        by=request.user,
        now=clock.now(),
        site=given["site"],
        channel=Channel(given["channel"]) if given["channel"] else None,
        step=Step(given["step"]) if given["step"] else None,
        reason=given["reason"],
    )
    messages.success(request, f"Held back: {made}.")
    return redirect("messages")


@require_POST
def lift(request: StaffRequest, pause_id: UUID) -> HttpResponse:
    """Lets go what was held back."""
    found = Pause.objects.select_related("site").filter(pk=pause_id).first()
    if found is None:
        raise NotFound("There is no such pause.")
    try:
        pauses.lift(pause=found, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Not held back any more: {found}.")
    return redirect("messages")
