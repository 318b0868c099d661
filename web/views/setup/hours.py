"""When a site is open: its week, and the dates that are unlike it."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.models import Site
from core import clock
from core.errors import DomainError, NotFound
from scheduler.actions import site_hours
from treatments.actions import jobs
from treatments.many.closures import Closure
from web import hours_text, resource_rows, sites, words
from web.access import StaffRequest
from web.forms.setup import DayForm, WeekForm
from web.views.setup.resources import at_weekday
from web.views.setup.weighing import accepts, weighed


@require_http_methods(["GET", "POST"])
def week(request: StaffRequest) -> HttpResponse:
    """The opening hours of a site and its special dates. Sent, the week is saved."""
    at = sites.of(request)
    site = at.chosen
    form = _week(site, request if request.method == "POST" else None)
    if form.is_valid():
        try:
            page = weighed(
                request,
                lambda: site_hours.set_opening_hours(
                    site=site,
                    hours=form.week,
                    valid_from=form.cleaned_data["valid_from"],
                    by=request.user,
                    now=clock.now(),
                    accept_consequences=accepts(request),
                ),
                site=site,
                back=_address(site),
            )
        except DomainError as error:
            at_weekday(form, error)
        else:
            return page or _saved(request, site)
    return _page(request, at, week=form)


@require_GET
def read(request: StaffRequest) -> HttpResponse:
    """What each ``text`` means, for the strips beside the fields: pairs of minutes from midnight, null for what is no hours."""
    return JsonResponse({"read": [_minutes(text) for text in request.GET.getlist("text")[: len(words.WEEKDAYS)]]})


def _minutes(text: str) -> list[tuple[int, int]] | None:
    try:
        windows = hours_text.read(text)
    except hours_text.HoursError:
        return None
    pairs = [(opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute) for opens, closes in windows]
    return pairs if all(opens < closes for opens, closes in pairs) else None


@require_POST
def day(request: StaffRequest) -> HttpResponse:
    """Saves a special date; where that closes booked visits, offers to find them other places first."""
    at = sites.of(request)
    site, now = at.chosen, clock.now()
    form = _day(site, request)
    if form.is_valid():
        data = form.cleaned_data
        closed = data["opens"] is None and data["closes"] is None
        closure = Closure(site, data["reason"], on=data["on"])
        try:
            page = weighed(
                request,
                lambda: site_hours.set_day(
                    site=site,
                    on=data["on"],
                    open_from=data["opens"],
                    open_until=data["closes"],
                    reason=data["reason"],
                    by=request.user,
                    now=now,
                    accept_consequences=accepts(request),
                ),
                site=site,
                back=_address(site),
                replan=(lambda: jobs.close(closure=closure, by=request.user, now=now)) if closed else None,
            )
        except DomainError as error:
            form.take(error, {"open_until": "closes", "open_from": "opens"})
        else:
            return page or _saved(request, site)
    return _page(request, at, day=form)


@require_POST
def clear_day(request: StaffRequest) -> HttpResponse:
    """Makes a date like its weekday again."""
    site = sites.of(request).chosen
    try:
        on = date.fromisoformat(request.POST.get("on", ""))
    except ValueError:
        raise NotFound("There is no such date.") from None
    page = weighed(
        request,
        lambda: site_hours.clear_days(
            site=site, dates=[on], by=request.user, now=clock.now(), accept_consequences=accepts(request)
        ),
        site=site,
        back=_address(site),
    )
    return page or _saved(request, site)


def _address(site: Site) -> str:
    return f"{reverse('setup-hours')}?site={site.code}"


def _saved(request: StaffRequest, site: Site) -> HttpResponse:
    messages.success(request, "Saved.")
    return redirect(_address(site))


def _today(site: Site) -> date:
    return clock.local(clock.now(), site.zone).date()


def _week(site: Site, request: StaffRequest | None) -> WeekForm:
    today = _today(site)
    return WeekForm(request.POST if request else None, hours=resource_rows.opening_week(site, today), today=today)


def _day(site: Site, request: StaffRequest | None) -> DayForm:
    return DayForm(request.POST if request else None, country=site.country, today=_today(site))


def _page(
    request: StaffRequest, at: sites.Sites, *, week: WeekForm | None = None, day: DayForm | None = None
) -> HttpResponse:
    site, today = at.chosen, _today(at.chosen)
    wrong = next((each for each in (week, day) if each is not None and each.errors), None)
    return render(
        request,
        "web/setup/hours.html",
        {
            "section": "setup",
            "sites": at,
            "site": site,
            "week": week or _week(site, None),
            "day": day or _day(site, None),
            "wrong": wrong,
            "later": resource_rows.later_opening(site, today),
            "days": resource_rows.special_days(site, today),
            "today": today,
        },
        status=422 if wrong else 200,
    )
