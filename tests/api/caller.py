"""A client of the API, as the tests use it."""

import json
from typing import Any

from django.test import Client

from clinics.models import ApiToken, User
from core import clock

ROOT = "/api/v1/"


class Caller(Client):
    """Calls the API with JSON. Each answer is checked for the one error format."""

    def __init__(self, **usual: Any) -> None:
        super().__init__(enforce_csrf_checks=True, **usual)
        self.usual: dict[str, str] = {}

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        version: int | str | None = None,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
        **query: Any,
    ) -> Any:
        """The answer; ``path`` is below the root. ``body`` is made JSON unless it is bytes."""
        sent = dict(self.usual)
        if key is not None:
            sent["Idempotency-Key"] = key
        if version is not None:
            sent["If-Match"] = f'"{version}"' if isinstance(version, int) else version
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self.generic(
            method,
            path if path.startswith("/") else ROOT + path,
            data,
            content_type=content_type if data else "",
            headers=sent | (headers or {}),
            query_params=query or None,
        )
        if answer.status_code >= 400 and method != "HEAD":
            check_error(answer)
        return answer

    def get(self, path: str, **query: Any) -> Any:  # type: ignore[override]
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:  # type: ignore[override]
        return self.call("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Any:  # type: ignore[override]
        return self.call("PATCH", path, body, **options)


def check_error(answer: Any) -> None:
    assert answer.headers["Content-Type"] == "application/json", answer.content
    error = answer.json()
    assert set(error) == {"code", "message", "pointer", "problems", "detail"}
    assert error["code"]
    assert error["message"]
    assert all(set(problem) == {"pointer", "code", "message"} for problem in error["problems"])


def with_token(user: User, *, scopes: tuple[str, ...] = ("write",)) -> Caller:
    from datetime import timedelta

    _, secret = ApiToken.issue(
        user=user, name="Tests", scopes=list(scopes), now=clock.now(), lifetime=timedelta(days=60)
    )
    caller = Caller()
    caller.usual["Authorization"] = f"Bearer {secret}"
    return caller


def with_session(user: User) -> Caller:
    """Signed in with a session and the CSRF token that a page would send."""
    from django.middleware.csrf import _get_new_csrf_string

    caller = Caller()
    caller.force_login(user)
    secret = _get_new_csrf_string()
    caller.cookies["csrf"] = secret
    caller.usual["X-CSRFToken"] = secret
    return caller


def problem(answer: Any, pointer: str) -> dict[str, str]:
    """The first problem at this place."""
    return next(each for each in answer.json()["problems"] if each["pointer"] == pointer)
