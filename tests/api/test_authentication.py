"""Who calls: by token or by session."""

from datetime import timedelta

import pytest

from clinics.models import ApiToken, Role
from core import clock
from tests.api.caller import Caller, with_session, with_token
from tests.factories.clinics import UserFactory

pytestmark = pytest.mark.django_db


def bearer(header: str) -> Caller:
    caller = Caller()
    caller.usual["Authorization"] = header
    return caller


def test_a_stranger_is_asked_to_sign_in():
    answer = Caller().get("me/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Courseline"'
    assert answer.json()["code"] == "not_authenticated"


def test_a_token_says_who_calls_and_what_they_may(flora):
    answer = with_token(flora, scopes=("read",)).get("me/").json()
    assert (answer["email"], answer["role"], answer["scopes"]) == ("flora@example.org", "front_desk", ["read"])
    assert "book_courses" in answer["permissions"]
    assert "publish_protocols" not in answer["permissions"]


def test_a_session_has_no_scopes(flora):
    assert with_session(flora).get("me/").json()["scopes"] is None


def test_only_the_hash_of_a_token_is_stored(flora):
    token, secret = ApiToken.issue(
        user=flora, name="Phone system", scopes=["read"], now=clock.now(), lifetime=timedelta(days=1)
    )
    stored = {str(value) for value in ApiToken.objects.filter(pk=token.pk).values_list()[0]}
    assert not any(secret in value or secret.removeprefix("cl_") in value for value in stored)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer cl_",
        "Bearer cl_unknown",
        "Bearer cl_\xff\x80",
        "Bearer " + "cl_" + "x" * 5000,
        "Basic Zmxvcmk6cGFzc3dvcmQ=",
        "cl_something",
        "\xe4\xf6",
    ],
)
def test_a_header_that_does_not_work_is_refused(header):
    answer = bearer(header).get("me/")
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


def test_a_bad_token_is_refused_even_with_a_good_session(flora):
    caller = with_session(flora)
    caller.usual["Authorization"] = "Bearer cl_unknown"
    assert caller.get("me/").status_code == 401


def test_an_expired_token_is_refused(flora):
    caller = with_token(flora)
    ApiToken.objects.update(expires_at=clock.now())
    assert caller.get("me/").status_code == 401


def test_a_revoked_token_is_refused(flora):
    caller = with_token(flora)
    ApiToken.objects.update(revoked_at=clock.now())
    assert caller.get("me/").status_code == 401


def test_a_token_ends_with_its_account(flora):
    caller = with_token(flora)
    assert caller.get("me/").status_code == 200
    flora.is_active = False
    flora.save()
    assert caller.get("me/").status_code == 401


def test_a_session_changes_nothing_without_the_csrf_token(flora, site):
    caller = with_session(flora)
    del caller.usual["X-CSRFToken"]
    answer = caller.post("patients/", {"site": str(site.pk)})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_a_session_with_the_csrf_token_gets_through(flora, site):
    answer = with_session(flora).post("patients/", {"site": str(site.pk)})
    assert answer.status_code == 400  # the input is looked at


def test_a_token_needs_no_csrf_token(desk, site):
    assert desk.post("patients/", {"site": str(site.pk)}).status_code == 400


def test_a_reading_token_may_read_and_not_write(flora, site):
    caller = with_token(flora, scopes=("read",))
    assert caller.get("patients/").status_code == 200
    answer = caller.post("patients/", {"site": str(site.pk)})
    assert (answer.status_code, answer.json()["message"]) == (403, "This token may only read.")


def test_a_reading_token_may_ask_for_a_plan(flora, plan):
    assert with_token(flora, scopes=("read",)).post("courses/propose", plan).status_code == 200


def test_a_token_never_exceeds_its_owners_role():
    nurse = with_token(UserFactory(role=Role.NURSE))
    assert nurse.post("courses/", {}).status_code == 403


def test_a_call_by_token_costs_one_query_before_the_work(desk, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert desk.get("me/").status_code == 200
