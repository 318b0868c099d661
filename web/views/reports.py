"""Reports: their list, and each with its filters in the address."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from clinics.permissions import allows
from core import clock
from core.errors import Unprocessable
from treatments.queries import scopes
from web import numbers, sites, table_file, words
from web.access import StaffRequest, View
from web.forms.reports import ScopeForm
from web.reports.catalogue import KINDS, Kind
from web.reports.parts import Report

NEEDS = timedelta(days=14)
"""With less history a report says chance."""


@require_GET
def index(request: StaffRequest) -> HttpResponse:
    """The list of reports, as far as one may read them."""
    return render(request, "web/reports/index.html", {"section": "reports", "reports": _open(request)})


def of(kind: Kind) -> View:
    """The page of one report; ``?table=0&as=csv`` one of its tables as a file."""

    @require_GET
    def view(request: StaffRequest) -> HttpResponse:
        return _page(request, kind)

    return view


def _page(request: StaffRequest, kind: Kind) -> HttpResponse:
    at = sites.of(request)
    today = clock.local(clock.now(), at.chosen.zone).date()
    form = ScopeForm(request.GET, today=today)
    first_on = scopes.first_visit_on(at.chosen)
    from_on = first_on + NEEDS if first_on is not None else None
    report: Report | None = None
    since, before = None, ""
    if form.is_valid() and first_on is not None and first_on + NEEDS <= today:
        asked = form.scope(at.chosen)
        since = max(asked.first_on, first_on)  # open hours before the first visit would only thin the shares
        if since <= asked.last_on:
            try:
                report = kind.make(replace(asked, first_on=since))
            except Unprocessable as error:
                form.take(error, {"": "since"})
        else:
            before = f"The first visit was on {words.day(first_on, today=today)}."
    kept = {name: request.GET[name] for name in ("site", *form.fields) if request.GET.get(name)}
    if request.GET.get("as") == "csv" and report is not None:
        number = numbers.number_of(request.GET.get("table", "0"))
        if 0 <= number < len(report.parts):
            return table_file.answer(report.parts[number].table.lines, f"{kind.slug}-{number + 1}")
    return render(
        request,
        "web/reports/report.html",
        {
            "section": "reports",
            "sites": at,
            "site": at.chosen,
            "kind": kind,
            "links": [(each, f"{reverse(each.name)}{_query(kept)}") for each in _open(request)],
            "form": form,
            "presets": [
                (name, _query(kept | {"since": since, "until": until}), form.data["since"] == since)
                for since, until, name in form.presets
            ],
            "report": report,
            "since": since,
            "before": before,
            "file": _query(kept | {"as": "csv"}),
            "first_on": first_on,
            "from_on": from_on,
            "today": today,
        },
        status=400 if form.errors else 200,
    )


def _open(request: StaffRequest) -> list[Kind]:
    return [kind for kind in KINDS if allows(request.user, kind.may)]


def _query(fields: dict[str, str]) -> str:
    return f"?{urlencode(fields)}" if fields else ""
