"""All running courses of a site, those off their track first; also as a table for a spreadsheet."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core import clock
from treatments.queries import panel
from treatments.queries.panel import Standing
from web import charts, sites, table_file
from web.access import StaffRequest
from web.progress_page import state_of


@require_GET
def running(request: StaffRequest) -> HttpResponse:
    """The list. ``?mine`` only one's own, ``?off`` only those off track, ``?as=csv`` the table."""
    now = clock.now()
    at = sites.of(request)
    today = clock.local(now, at.chosen.zone).date()
    mine, off = "mine" in request.GET, "off" in request.GET
    found = panel.standings(at.chosen, now=now, clinician=request.user if mine else None)
    lines = [
        (each, state_of(each.course, each.visits, today), _scores(each))
        for each in found
        if not (off and each.on_track)
    ]
    if request.GET.get("as") == "csv":
        return _file([(each.course.patient.short_name, each, state, scores) for each, state, scores in lines])
    return render(
        request,
        "web/progress/panel.html",
        {
            "section": "panel",
            "sites": at,
            "site": at.chosen,
            "lines": lines,
            "all": len(found),
            "off_track": sum(1 for each in found if not each.on_track),
            "mine": mine,
            "off": off,
        },
    )


def _scores(standing: Standing) -> list[tuple[str, str]]:
    """The latest of each scale: title, and what became of it in words."""
    return [(each.scale.title, charts.sentence(each)) for each in standing.panels if each.scores]


def _file(lines: list[tuple[str, Standing, str, list[tuple[str, str]]]]) -> HttpResponse:
    rows = [("patient", "protocol", "state", "off track", "scores")]
    for name, standing, state, scores in lines:
        reasons = "; ".join(reason.words for reason in standing.reasons)
        said = "; ".join(f"{title}: {text}" for title, text in scores)
        protocol = standing.course.protocol_version.protocol.title
        rows.append((name, protocol, state, reasons, said))
    return table_file.answer(rows, "courses")
