"""Tags and filters of the pages."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django import template
from django.http import HttpRequest
from django.template import Context

from clinics.models import WorkList
from clinics.permissions import Permission, allows
from web import frames, words, working
from web.display import Display
from web.frames import Frame
from web.listings import LISTINGS, Listing
from web.therapies import Therapy, therapy
from web.working import Mark

register = template.Library()

register.filter("therapy", therapy)
register.filter("therapy_name", lambda code: therapy(code).name)
register.filter("clock", words.clock)
register.filter("minutes", words.length)
register.filter("moment", words.moment)
register.filter("grouped", words.grouped)
register.filter("short_day", words.short_day)
register.filter("full_date", words.full_date)


@register.filter
def day(value: date, today: date | None = None) -> str:
    """Such as "Thursday 26 November"."""
    return words.day(value, today=today)


@register.simple_tag
def between(start: time | datetime, end: time | datetime) -> str:
    """Such as "9:30am to 11am", of two local times."""
    return words.between(_time(start), _time(end))


@register.simple_tag
def count(number: int, one: str, many: str = "") -> str:
    """Such as "9 visits"."""
    return words.count(number, one, many)


@register.simple_tag(takes_context=True)
def may(context: Context, permission: str) -> bool:
    """Whether the signed-in user may: ``{% may "book_courses" as may_book %}``."""
    request: HttpRequest | None = context.get("request")
    return request is not None and hasattr(request, "user") and allows(request.user, Permission(permission))


@register.simple_tag(takes_context=True)
def display(context: Context) -> Display:
    """How this browser wants the pages: theme and density."""
    request: HttpRequest | None = context.get("request")
    return Display.of(request) if request is not None else Display()


@register.simple_tag(takes_context=True)
def frame(context: Context) -> Frame:
    """What surrounds every page: the rail, what needs attention, what can be taken back."""
    return frames.around(context["request"])


@register.simple_tag(takes_context=True)
def mark_on(context: Context, listed: str, row: UUID, known: Mark | str = "") -> Mark | None:
    """Who works on a row of a list: ``{% mark_on "waitlist" entry.pk as mark %}``, unless ``known``. One query for a list."""
    return known or working.marks(context["request"], WorkList(listed)).get(row)  # type: ignore[return-value]


@register.simple_tag
def listing(name: str) -> Listing:
    """The words of a list in its states."""
    return LISTINGS[name]


@register.simple_tag
def code_of(family: str) -> Therapy:
    """The look of a family of visits."""
    return therapy(family)


def _time(value: Any) -> time:
    found: time = value.time() if isinstance(value, datetime) else value
    return found
