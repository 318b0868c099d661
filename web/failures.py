"""The page for what nobody expected: it says what may be lost, and a reference under which the log has the rest."""

import sys
from secrets import token_hex

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from core import locks

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = "5"


def failed(request: HttpRequest) -> HttpResponse:
    """Answers a request whose view failed, Django's ``handler500``. Reads nothing: the database may be what failed.

    503 where the database is away or too busy, so that trying again is worth while; otherwise 500. The log gets the route,
    never the address: what opens a patient's page is part of it.
    """
    error = sys.exc_info()[1]
    is_away = isinstance(error, OperationalError | InterfaceError)
    is_busy = is_away and error is not None and (locks.sqlstate(error) or "") in locks.RETRIED
    match = request.resolver_match
    reference = token_hex(4)
    log.error("page failed", reference=reference, route=match.route if match else "", exc_info=error)
    is_patients = bool(match and getattr(match.func, "open_page", False))
    response = HttpResponse(
        render_to_string(
            "web/patient/failed.html" if is_patients else "500.html",
            {"language": "en", "reference": reference, "is_away": is_away, "is_busy": is_busy},
        ),
        status=503 if is_away else 500,
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer" if is_patients else "same-origin"},
    )
    if is_away:
        response["Retry-After"] = RETRY_AFTER_SECONDS
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - above, without the address
    return response
