"""To schedule: visits that have no time yet by when they are due, and courses that wait for a decision."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core import clock
from treatments.queries import handovers, reviews
from treatments.queries import work_list as reading
from treatments.queries.work_list import Waiting
from web import sites, words
from web.access import StaffRequest
from web.decision_words import decided

SHOWN = 100
DUE, LATER, DECISIONS, HANDED = "due", "later", "decisions", "handed"


@require_GET
def work_list(request: StaffRequest) -> HttpResponse:
    """What is due this week, what comes later, what clinicians decided, or what waits for one; ``?tab=`` says which."""
    now = clock.now()
    at = sites.of(request)
    today = clock.local(now, at.chosen.zone).date()
    tab = request.GET.get("tab", "")
    tab = tab if tab in (LATER, DECISIONS, HANDED) else DUE
    context = {
        "section": "work-list",
        "sites": at,
        "site": at.chosen,
        "tab": tab,
        "shown": SHOWN,
        "today": today,
        "updated": words.clock(clock.local(now, at.chosen.zone).time()),
    }
    if tab == HANDED:
        rows = handovers.waiting(at.chosen)[:SHOWN]
        lines = [(row, decided(row, row.course), clock.local(row.handed_at, at.chosen.zone)) for row in rows]
        return render(request, "web/work_list.html", context | {"handed": lines, "rows": len(lines)})
    if tab == DECISIONS:
        found = reviews.reviews(at.chosen, now=now)[:SHOWN]
        return render(request, "web/work_list.html", context | {"reviews": found, "rows": len(found)})
    waiting = sorted(reading.waiting(at.chosen, at_most=SHOWN), key=_due)
    week_end = today + timedelta(days=6 - today.weekday())
    due = [each for each in waiting if _is_due(each, week_end)]
    later = [each for each in waiting if not _is_due(each, week_end)]
    listed = due if tab == DUE else later
    counts = {"due": len(due), "later": len(later), "cut": len(waiting) >= SHOWN}
    return render(request, "web/work_list.html", context | counts | {"waiting": listed, "rows": len(listed)})


def _is_due(each: Waiting, week_end: date) -> bool:
    """Whether it has to be seen to this week. What has no limit is not left lying."""
    return each.due_on is None or each.due_on <= week_end


def _due(each: Waiting) -> tuple[date, date, int]:
    return (each.due_on or date.max, each.visit.course.start_on, each.visit.position)
