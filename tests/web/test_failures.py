"""U42: whatever fails underneath, every page answers with a page of ours that names a reference, and the log has it too."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.urls import reverse
from structlog.testing import capture_logs

from notifications.models import Message
from scheduler.models import Appointment, ChangeSet
from tests.web.conftest import signed_in
from tests.web.test_access import PAGES, POSTED
from treatments.models import Visit
from web.open_urls import urlpatterns as open_patterns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

pytestmark = pytest.mark.django_db
BEFORE_THE_VIEW = 1
"""With one query, beside the session, the user is read. What fails there is tried once, below."""
WORDS = {"name": "plan", "language": "en", "kind": "rooms"}


class Faults:
    """Lets queries through until its turn has come; then every one fails, as they do when a connection is lost."""

    def __init__(self, error: Exception, *, after: int) -> None:
        self.error, self.left, self.struck = error, after, False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # the session is read before the view and written after it; the test's own savepoints are not ours at all
        if "django_session" in sql or sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            return execute(sql, params, many, context)
        if self.left:
            self.left -= 1
            return execute(sql, params, many, context)
        self.struck = True
        raise self.error


@contextmanager
def failing(error: Exception, *, after: int) -> Iterator[Faults]:
    faults = Faults(error, after=after)
    with connection.execute_wrapper(faults):
        yield faults


def addresses(course: Any, keys: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every page with ids of things that exist, and how it is asked for."""
    for name, pattern in PAGES.items():
        given = {each: WORDS.get(each) or keys.get(each) or uuid4() for each in pattern.pattern.converters}
        if "code" in given:
            given["code"] = course.protocol_version.protocol.code
        yield name, reverse(name, kwargs=given), "post" if name in POSTED else "get"


def shown(answer: Any) -> str:
    page: str = answer.content.decode()
    assert "<h1>" in page, "a page of ours"
    assert "Traceback" not in page
    assert "invalid" not in page.lower()
    return page


def test_every_page_survives_a_fault_below_it(course, mona, now):
    """The first query of each view fails as when the database is gone, then a later one as when it refuses."""
    client = signed_in(mona)
    client.raise_request_exception = False
    visit = Visit.objects.filter(course=course).order_by("key")[0]
    keys = {
        "patient_id": course.patient_id,
        "course_id": course.pk,
        "visit_id": visit.pk,
        "appointment_id": Appointment.objects.order_by("pk")[0].pk,
        "change_set_id": ChangeSet.objects.order_by("pk")[0].pk,
        "message_id": Message.objects.order_by("pk")[0].pk,
        "user_id": mona.pk,
    }
    untouched, found = [], []
    for name, path, method in addresses(course, keys):
        for error, after, status in (
            (OperationalError("server closed the connection"), BEFORE_THE_VIEW, 503),
            (DatabaseError("refused"), BEFORE_THE_VIEW + 2, 500),
        ):
            with failing(error, after=after) as faults, capture_logs() as logged:
                answer = getattr(client, method)(path)
            if not faults.struck:  # asks for less than that
                untouched.append(name)
                continue
            page = shown(answer)
            if answer.status_code < 500:  # only what surrounds the page or a refusal was struck, and it says so
                assert "could not be counted" in page, name
                continue
            assert answer.status_code == status, name
            (event,) = [each for each in logged if each["event"] == "page failed"]
            assert re.search(rf"reference <b[^>]*>{event['reference']}</b>", page), name
            assert str(course.patient_id) not in event["route"], "the route, not the address"
            found.append(name)
    assert len(set(found)) > len(PAGES) * 2 // 3
    assert len(untouched) < len(PAGES), "the faults do strike"


def test_a_fault_before_anybody_is_known(desk, site):
    desk.raise_request_exception = False
    with failing(OperationalError("gone"), after=0):
        answer = desk.get("/")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "The data cannot be reached just now" in shown(answer)


def test_control_without_our_page_no_reference_is_named(desk, site, monkeypatch):
    monkeypatch.setattr("config.urls.handler500", "django.views.defaults.server_error")
    desk.raise_request_exception = False
    with failing(DatabaseError("refused"), after=BEFORE_THE_VIEW):
        page = desk.get("/").content.decode()
    assert "reference <b" not in page


def test_patients_read_it_in_both_languages_and_the_log_has_no_link(client: Client, site):
    client.raise_request_exception = False
    token = "s3cret" * 6
    words: dict[str, Any] = {"token": token, "number": 1}
    for pattern in open_patterns:
        if not getattr(pattern.callback, "open_page", False):
            continue
        given = {each: words.get(each) or uuid4() for each in pattern.pattern.converters}
        path = reverse(pattern.name, kwargs=given)
        with failing(DatabaseError("refused"), after=0) as faults, capture_logs() as logged:
            answer = client.get(path)
        assert faults.struck, path
        page = shown(answer)
        assert "Something failed on our side" in page
        assert "Algo ha fallado" in page
        assert answer["Referrer-Policy"] == "no-referrer"
        assert token not in str(logged)


def test_a_page_that_the_code_breaks_says_so(desk, site, monkeypatch):
    monkeypatch.setattr("web.board.day.of", lambda *_args, **_kwargs: 1 / 0)
    desk.raise_request_exception = False
    answer = desk.get("/")
    assert answer.status_code == 500
    assert "Something failed on our side" in shown(answer)
