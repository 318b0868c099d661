"""Who may open which page, in one place, and what becomes of an error that no view handled.

Every page is listed in ``web.urls`` with the permission it takes: there is no other way to list one.
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from clinics import discretion
from clinics.models import User
from clinics.permissions import Permission, require
from core.errors import Busy, Conflict, DomainError, InvalidInput, NotAllowed, NotFound, Stale, Unprocessable
from web.display import Display

STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (NotAllowed, 403),
    (NotFound, 404),
    (InvalidInput, 400),
    (Stale, 409),
    (Conflict, 409),
    (Unprocessable, 422),
    (Busy, 503),
)
"""The HTTP status of each kind of error, the first that fits."""


class StaffRequest(HttpRequest):
    """A request of somebody signed in."""

    user: User


View = Callable[..., HttpResponseBase]


def page(route: str, view: View, *, name: str, may: Permission, keeps: Collection[str] = ()) -> URLPattern:
    """A page at ``route`` for those who are signed in and have the permission ``may``.

    ``keeps``: fields of its form that its address may hold too. A form sent after the session ended comes back with them.
    """
    return path(route, guarded(view, may, keeps), name=name)


def guarded(view: View, permission: Permission, keeps: Collection[str] = ()) -> View:
    """The view behind its permission; nothing it shows is kept by a browser or a proxy."""

    @wraps(view)
    def checked(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in(request, keeps)
        try:
            require(request.user, permission)
            with discretion.initials_only(Display.of(request).names == "initials"):
                response = view(request, *args, **kwargs)
        except DomainError as error:
            response = refusal(request, error)
        add_never_cache_headers(response)
        return response

    checked.permission = permission  # type: ignore[attr-defined]  # read by the test of the whole list
    return checked


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page that says why something was not done."""
    status = next((number for kind, number in STATUS if isinstance(error, kind)), 400)
    response = render(request, "web/refused.html", {"error": error, "status": status}, status=status)
    if isinstance(error, Busy):
        response["Retry-After"] = "2"
    return response


def local_address(request: HttpRequest, address: str, fallback: str) -> str:
    """``address`` if it leads to a page of this site, else ``fallback``."""
    allowed = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if address and allowed else fallback


def _sign_in(request: HttpRequest, keeps: Collection[str]) -> HttpResponseBase:
    """To the sign-in page and from there back here; after a form was sent, back to the page that showed the form."""
    address = request.get_full_path()
    kept = [(name, value) for name in keeps for value in request.POST.getlist(name) if value]
    if kept:
        address = f"{request.path}?{urlencode(kept)}"
    elif request.method != "GET":
        parts = urlsplit(local_address(request, request.headers.get("Referer", ""), "/"))
        address = parts.path + (f"?{parts.query}" if parts.query else "")
    response = redirect_to_login(address)
    if request.headers.get("HX-Request"):
        # a swap cannot show another page: the browser itself has to go there
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
