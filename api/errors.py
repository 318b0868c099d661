"""One answer for everything that went wrong, whatever raised it.

``{"code", "message", "pointer", "problems": [{"pointer", "code", "message"}], "detail"}``: ``code`` is for programs,
``message`` for people. ``pointer`` is a path into the body such as ``visits/3/starts_at``, or the name of a parameter or
header. ``problems`` lists all that is wrong with the input, ``detail`` holds data about the case.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response

from core import errors, locks

STATUS: dict[type[errors.DomainError], int] = {
    errors.InvalidInput: 400,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Unprocessable: 422,
    errors.Busy: 503,
}
RETRY_AFTER_SECONDS = 2
"""By then whoever held the calendar's locks has committed: a booking takes well under a second."""

CODES = {
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
}
Problem = dict[str, str]

log = logging.getLogger("django.request")


class PreconditionRequired(exceptions.APIException):
    """A change came without saying which version it is about."""

    status_code = 428
    default_code = "precondition_required"
    default_detail = "Send If-Match with the ETag of the version you looked at."


def body(
    code: str,
    message: str,
    *,
    pointer: str = "",
    problems: list[Problem] | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The answer's shape."""
    return {"code": code, "message": message, "pointer": pointer, "problems": problems or [], "detail": detail or {}}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to an error, called by DRF. What nobody expected is logged and answered with 500, in the same form."""
    if isinstance(error, OperationalError) and locks.sqlstate(error) in locks.RETRIED:
        error = errors.Busy("The calendar is very busy right now. Try again in a moment.")
    for kinds, answer in _ANSWERS:
        if isinstance(error, kinds):
            return answer(error)
    return _unexpected(error, context)


def _domain(error: errors.DomainError) -> Response:
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    detail = dict(error.detail)
    problems = [*_of_fields(detail.pop("fields", {})), *_listed(detail.pop("problems", []))]
    if error.pointer and not problems and status in {400, 422}:
        problems = [{"pointer": error.pointer, "code": error.code, "message": error.message}]
    pointer = problems[0]["pointer"] if problems else error.pointer
    answer = body(error.code, error.message, pointer=pointer, problems=problems, detail=detail)
    return Response(answer, status=status, headers={"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else None)


def _of_fields(fields: dict[str, list[str]]) -> Iterator[Problem]:
    for name, messages in sorted(fields.items()):
        for message in messages:
            # Django's name for what concerns several fields
            yield {"pointer": "" if name == "__all__" else name, "code": "invalid", "message": message}


def _listed(problems: list[dict[str, Any]]) -> Iterator[Problem]:
    for problem in problems:
        pointer = str(problem.get("pointer") or problem.get("path") or "")
        yield {
            # paths into protocol documents are written as their authors read them: blocks[0].gap
            "pointer": pointer.replace("[", "/").replace("]", "").replace(".", "/"),
            "code": str(problem.get("code", "invalid")),
            "message": str(problem["message"]),
        }


def _input(error: exceptions.ValidationError) -> Response:
    problems = list(_flat(error.detail, ()))
    first = problems[0] if problems else {"pointer": "", "message": "The input cannot be used."}
    return Response(body("invalid", first["message"], pointer=first["pointer"], problems=problems), status=400)


def _flat(detail: Any, path: tuple[str, ...]) -> Iterator[Problem]:
    """DRF's nested details as a flat list."""
    if isinstance(detail, dict):
        for name, part in detail.items():
            yield from _flat(part, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(detail, list):
        for number, part in enumerate(detail):
            # a list holds either sentences, or one dictionary for each item of a list in the body
            yield from _flat(part, (*path, str(number)) if isinstance(part, dict | list) else path)
    else:
        yield {"pointer": "/".join(path), "code": getattr(detail, "code", "invalid"), "message": str(detail)}


def _framework(error: exceptions.APIException) -> Response:
    status = error.status_code
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    code = CODES.get(status, str(getattr(error.detail, "code", error.default_code)))
    message = str(error.detail)
    if isinstance(error, exceptions.ParseError):
        code = "malformed"
    elif isinstance(error, exceptions.NotAuthenticated):
        message = "Sign in, or send a token as `Authorization: Bearer cl_…`."
    elif isinstance(error, exceptions.PermissionDenied) and message.startswith("CSRF"):
        code = "csrf_failed"
    elif isinstance(error, exceptions.MethodNotAllowed):
        message = "This address does not take this method; Allow lists those it takes."
    elif isinstance(error, exceptions.NotAcceptable):
        message = "Answers are application/json. Send Accept: application/json, or none."
    elif isinstance(error, exceptions.UnsupportedMediaType):
        message = "Send Content-Type: application/json."
    return Response(body(code, message), status=status, headers=headers)


def _unexpected(error: Exception, context: dict[str, Any]) -> Response:
    request = getattr(context.get("request"), "_request", None)
    # the same as Django does before its own page: error trackers and the test client listen to this signal
    got_request_exception.send(sender=None, request=request)
    log.error("unexpected error in the API", exc_info=error, extra={"status_code": 500, "request": request})
    return Response(body("internal", "Something went wrong on our side. It has been recorded."), status=500)


def _nowhere(_: Http404) -> Response:
    return Response(body("not_found", "There is nothing at this address."), status=404)


def _forbidden(_: PermissionDenied) -> Response:
    return Response(body("not_allowed", "This is not allowed."), status=403)


def _too_large(_: RequestDataTooBig) -> Response:
    kilobytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024
    return Response(body("too_large", f"The body is larger than {kilobytes} KB."), status=413)


def _unreadable(_: Exception) -> Response:
    return Response(body("malformed", "The request cannot be read."), status=400)


_ANSWERS: list[tuple[Any, Callable[[Any], Response]]] = [
    (errors.DomainError, _domain),
    (exceptions.ValidationError, _input),
    (exceptions.APIException, _framework),
    (Http404, _nowhere),
    (PermissionDenied, _forbidden),
    (RequestDataTooBig, _too_large),
    ((BadRequest, SuspiciousOperation, MultiPartParserError), _unreadable),
]
"""Which answer for which errors; the first that fits."""
