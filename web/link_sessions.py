"""A patient's link is exchanged for a short session, so that neither the address bar nor the history keeps what opens it.

The address of a page behind a link has either the link's token, as the message has it, or the link's id, which opens nothing
but in the browser that keeps the session: a signed cookie, one for each link, so that those of two patients in one browser
never mix. Nothing is stored. A browser that keeps no cookies stays where it is and works all the same.
"""

from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from core import clock
from notifications.models import Link
from notifications.models.link import Purpose
from notifications.queries import inbound
from web.open_pages import View

OF_VISITS = (Purpose.VISIT, Purpose.PLAN)
OFFERED = "patient-offer"
"""The one page that the link of an offer opens, wherever its message leads."""
COOKIE = "link-{key}"
PATH = "/v/"
SALT = "web.link"
LIFETIME_SECONDS = 12 * 3600
"""From the evening before a visit to its morning."""
SET = "set"
"""In the address of who was given the cookie just now: who comes there without it keeps none."""


def address_part(request: HttpRequest) -> str:
    """What stands in the address for the link: its token or its id; empty where there is none."""
    return str(request.resolver_match.kwargs.get("token", "")) if request.resolver_match else ""


def token_of(request: HttpRequest, said: str) -> str:
    """The token of the link that ``said``, out of the address, is about; empty for an id of which there is no session."""
    key = _id(said)
    if key is None:
        return said
    return Link(pk=key).token if _is_kept(request, key) else ""


def exchanged(view: View) -> View:
    """The page, at an address without the token where the browser can keep a session. One query more to come there."""

    @wraps(view)
    def to_session(request: HttpRequest, token: str, **parts: Any) -> HttpResponseBase:
        if request.method == "POST" or _id(token) is not None:
            return view(request, token, **parts)
        link = inbound.opened(token, *OF_VISITS, Purpose.OFFER, now=clock.now())
        if link is None:
            return view(request, token, **parts)
        is_kept = _is_kept(request, link.pk)
        if not is_kept and SET in request.GET:
            return view(request, token, **parts)
        query = request.GET.copy()
        query.pop(SET, None)
        if not is_kept:
            query[SET] = "1"
        name = str(request.resolver_match.view_name) if request.resolver_match else ""
        if link.purpose == Purpose.OFFER:
            name, parts = OFFERED, {}
        address = reverse(name, kwargs={"token": str(link.pk) if is_kept else token, **parts})
        response = HttpResponseRedirect(f"{address}?{query.urlencode()}" if query else address)
        _keep(response, link.pk)
        return response

    return to_session


def _id(said: str) -> UUID | None:
    """The id of a link, if this is one as we write it."""
    try:
        key = UUID(said)
    except ValueError:
        return None
    return key if str(key) == said else None


def _is_kept(request: HttpRequest, key: UUID) -> bool:
    """Whether this browser opened the link with this id not long ago."""
    try:
        said = signing.loads(request.COOKIES.get(COOKIE.format(key=key), ""), salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.BadSignature:
        return False
    return bool(said == str(key))


def _keep(response: HttpResponse, key: UUID) -> None:
    """Lets the browser open the link with this id for a while, from now on."""
    response.set_cookie(
        COOKIE.format(key=key),
        signing.dumps(str(key), salt=SALT),
        max_age=LIFETIME_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
