"""A screen that nobody uses for a while is locked: its session stays, and opens nothing until the password is given again."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

LOCKED = "locked"
"""The key in the session."""


def lock(request: HttpRequest) -> None:
    """Until whoever uses this session signs in again, it is nobody's."""
    request.session[LOCKED] = True


def opened(request: HttpRequest, **_kwargs: Any) -> None:
    """Somebody signed in. Django keeps what the session of the same person held."""
    request.session.pop(LOCKED, None)


def closed(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: behind a locked session nobody is signed in, on no page and in no call of the API."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # asked for only where somebody asks who it is, as Django does it: a page for everybody reads no session
        request.user = SimpleLazyObject(  # type: ignore[assignment]  # stands for either, as Django's own does
            lambda: AnonymousUser() if request.session.get(LOCKED) else get_user(request)
        )
        return get_response(request)

    return middleware
