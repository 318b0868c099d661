"""Pages without sign-in: each is listed in ``web.open_urls`` with how often one address may ask for it.

What is shown is kept by no browser, proxy or search engine, and no address of it is passed on. Forms carry no token
against forgery: who can forge one knows the link, and may do what it is for; and where a cookie stands for the link
(``web.link_sessions``), no browser sends it along with a form of another site.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import URLPattern, path
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt

from core import rate_limit

View = Callable[..., HttpResponseBase]
A_MINUTE = 60


def open_page(route: str, view: View, *, name: str, a_minute: int, takes_forms: bool = False) -> URLPattern:
    """A page at ``route`` for everybody, ``a_minute`` times from one address."""
    methods = ["GET", "HEAD", *(["POST"] if takes_forms else [])]

    @csrf_exempt
    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase
        if request.method not in methods:
            response = HttpResponseNotAllowed(methods)  # not by Django's decorator, which logs the address
        elif rate_limit.allowed(name, address_of(request), limit=a_minute, seconds=A_MINUTE):
            response = view(request, *args, **kwargs)
        else:
            response = HttpResponse("Too many requests. Wait a minute.", status=429, content_type="text/plain")
            response["Retry-After"] = str(A_MINUTE)
        return private(response)

    limited.open_page = True  # type: ignore[attr-defined]  # read by the test of the whole list
    return path(route, limited, name=name)


def private(response: HttpResponseBase) -> HttpResponseBase:
    """The response with headers that keep it and its address from everybody else."""
    add_never_cache_headers(response)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    # Django would log the address of a page that was not found or refused, and the link's secret is part of it
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response


def address_of(request: HttpRequest) -> str:
    """Who asks: the address nearest to us that is not our own proxy."""
    passed_on = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return passed_on.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
