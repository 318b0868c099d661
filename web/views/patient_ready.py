"""Seeing to what comes before a visit, on the phone: ticking the list, saying who drives home. Behind the birth date."""

from django.http import HttpRequest, HttpResponse

from clinics.models import User
from core import clock
from core.errors import DomainError, InvalidInput
from notifications.models import Link
from notifications.queries import inbound
from treatments.actions import preparing
from web import patient_sessions
from web.numbers import NEVER, number_of
from web.views.patient_frame import ended, opened, patient_of, see_other
from web.views.patient_page import show


def ready(request: HttpRequest, token: str) -> HttpResponse:
    """By POST a tick or a name; then the page of the visits, at the list."""
    link = opened(request, token)
    if link is None:
        return ended(request)
    if not patient_sessions.is_open(request, link):
        return see_other("patient-birth", token)
    if request.method != "POST":
        return see_other("patient-visits", token, at="#ready")
    try:
        _see_to(request, link)
    except InvalidInput as error:
        return show(request, link, wrong=error.pointer, status=422)
    except DomainError:
        return see_other("patient-visits", token, at="?moved#ready")
    return see_other("patient-visits", token, at="#ready")


def _see_to(request: HttpRequest, link: Link) -> None:
    """Notes what was sent. Raises ``DomainError``."""
    now, said, epoch = clock.now(), request.POST, number_of(request.POST.get("epoch", ""))
    shown = {str(visit.pk): visit for visit in inbound.visits_of(link, now=now, every=True)}
    visit = shown.get(said.get("visit", ""))
    if visit is None or epoch == NEVER:
        raise preparing.NotWaiting("There is no such visit.")
    asked = {"patient": patient_of(link).pk, "appointment": visit, "schedule_epoch": epoch}
    by = User.objects.service()
    if "name" in said:
        preparing.name_ride(name=said["name"], phone=said.get("phone", ""), by=by, now=now, **asked)
    else:
        preparing.tick(item=said.get("item", ""), done=said.get("done") == "1", by=by, now=now, **asked)
