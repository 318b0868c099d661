"""Whom patients of a site can call in a crisis, and who carries out what clinicians decide."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clinics.actions import sites as editing
from core.errors import InvalidInput
from treatments.actions import crisis_contacts
from treatments.measures import crisis
from treatments.models import CrisisContact
from web import sites
from web.access import StaffRequest
from web.forms.care import DecisionsForm, LinesForm


@require_http_methods(["GET", "POST"])
def care(request: StaffRequest) -> HttpResponse:
    """Two forms of one site; ``do`` says which was sent."""
    at = sites.of(request)
    site = at.chosen
    what = request.POST.get("do") if request.method == "POST" else ""
    lines = LinesForm(
        request.POST if what == "lines" else None,
        contacts=list(CrisisContact.objects.filter(site=site).order_by("position").values_list("name", "phone")),
    )
    decisions = DecisionsForm(
        request.POST if what == "decisions" else None,
        initial={"carries_out": "desk" if site.desk_carries_out else "clinician"},
    )
    back = reverse("setup-care") + (f"?site={site.code}" if at.several else "")
    if what == "decisions" and decisions.is_valid():
        editing.say_who_carries_out(site=site, by_desk=decisions.by_desk, by=request.user)
        messages.success(request, "Saved.")
        return redirect(back)
    if what == "lines" and lines.is_valid():
        try:
            saved = crisis_contacts.say(
                site=site,
                contacts=lines.contacts,
                by=request.user,
                whole_country=lines.cleaned_data["whole_country"],
            )
        except InvalidInput as error:
            lines.take_line(error)
        else:
            messages.success(request, f"Saved for {', '.join(each.name for each in saved)}.")
            return redirect(back)
    return render(
        request,
        "web/setup/care.html",
        {
            "section": "setup",
            "sites": at,
            "site": site,
            "lines": lines,
            "decisions": decisions,
            "public": [(line.name("en"), line.phone) for line in crisis.lines(site.country)],
        },
        status=422 if lines.errors or decisions.errors else 200,
    )
