"""One form for whatever goes wrong."""

import pytest
from django.db import OperationalError
from psycopg.errors import DeadlockDetected

from api.errors import STATUS, exception_handler
from core import errors

pytestmark = pytest.mark.django_db


def test_every_kind_of_domain_error_has_a_status():
    assert set(STATUS) == set(errors.DomainError.__subclasses__())


@pytest.mark.parametrize(("kind", "status"), STATUS.items())
def test_domain_errors(kind, status):
    answer = exception_handler(kind("Words.", pointer="visits/3", detail={"current": {"version": 2}}), {})
    assert answer.status_code == status
    assert (answer.data["message"], answer.data["pointer"]) == ("Words.", "visits/3")
    assert answer.data["detail"] == {"current": {"version": 2}}
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_deadlock_that_got_through_is_answered_with_busy():
    error = OperationalError("deadlock detected")
    error.__cause__ = DeadlockDetected()
    answer = exception_handler(error, {})
    assert (answer.status_code, answer.data["code"]) == (503, "busy")
    assert answer.headers["Retry-After"]


def test_an_unexpected_error_is_recorded_and_says_nothing(caplog):
    answer = exception_handler(RuntimeError("Pat Example, born 1980"), {})
    assert (answer.status_code, answer.data["code"]) == (500, "internal")
    assert "Pat" not in str(answer.data)
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("path", ["nothing/", "sites", "courses/propose/", "sites/0/", "sites/%00/", ""])
def test_nothing_there(desk, path):
    answer = desk.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_wrong_slash_is_pointed_out(desk):
    assert desk.get("sites").json()["detail"] == {"try": "/api/v1/sites/"}
    assert desk.post("courses/propose/").json()["detail"] == {"try": "/api/v1/courses/propose"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_a_method_that_is_not_there(desk, method):
    answer = desk.call(method, "sites/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_head_is_get_without_the_body(desk, site):
    answer = desk.call("HEAD", f"sites/{site.pk}/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["ETag"] == '"1"'


def test_answers_are_json_only(desk):
    answer = desk.call("GET", "sites/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "nonsense",
        "",
    ],
)
def test_bodies_are_json_only(desk, content_type):
    answer = desk.post("patients/", b'{"given_name": "Pat"}', content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_what_does_not_exist_is_named(desk):
    unknown = "00000000-0000-7000-8000-000000000000"
    assert desk.get(f"patients/{unknown}/").json()["message"] == "There is no such patient."
    assert desk.get(f"courses/{unknown}/").json()["message"] == "There is no such course."


def test_the_document_is_served_to_everybody(client):
    answer = client.get("/api/v1/schema")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/yaml")
    assert answer.content.startswith(b"openapi: 3")
