"""What a client can send that is not what was asked for: refused with the place, never an error of ours."""

import json
import re

import pytest

from clinics.models import Patient
from tests.api.caller import problem

pytestmark = pytest.mark.django_db

GOOD = {"given_name": "Ana", "family_name": "Ruiz", "birth_on": "1980-05-02"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"", "required"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "more than 18 digits"),
        (b'{"a": 1, "a": 2}', "given twice"),
        (b'{"a": {"b": 1, "b": 1}}', "given twice"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "nested deeper"),
        (b"[]", "Send a JSON object"),
        (b'"text"', "Send a JSON object"),
        (b"null", "Send a JSON object"),
        (b"1", "Send a JSON object"),
    ],
)
def test_bodies_that_are_no_json_object(desk, body, says):
    answer = desk.post("patients/", body)
    assert answer.status_code == 400
    assert re.search(says, answer.json()["message"]), answer.json()


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "\\udfff x"])
def test_text_that_no_database_can_store(desk, site, text):
    answer = desk.post("patients/", f'{{"site": "{site.pk}", "given_name": "{text}"}}'.encode())
    assert answer.status_code == 400
    assert answer.json()["pointer"] == "given_name"
    assert answer.json()["problems"][0]["code"] == "unstorable_text"


def test_a_name_that_no_database_can_store(desk):
    assert desk.post("patients/", b'{"\\u0000": 1}').status_code == 400


def test_a_surrogate_pair_is_a_character(desk, site):
    body = json.dumps(GOOD | {"site": str(site.pk), "given_name": "Ana 🙂"}, ensure_ascii=True)
    assert "\\ud83d" in body
    assert desk.post("patients/", body.encode()).status_code == 201


def test_a_body_that_is_too_large(desk, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = desk.post("patients/", b'{"a": "' + b"x" * 1000 + b'"}')
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"blood_group": "A"}, "blood_group", "unknown_field"),
        ({"id": "00000000-0000-7000-8000-000000000000"}, "id", "unknown_field"),
        ({"version": 7}, "version", "unknown_field"),
        ({"given_name": 7}, "given_name", "wrong_type"),
        ({"given_name": ["Ana"]}, "given_name", "wrong_type"),
        ({"given_name": None}, "given_name", "null"),
        ({"given_name": ""}, "given_name", "blank"),
        ({"given_name": "x" * 101}, "given_name", "max_length"),
        ({"may_email": "yes"}, "may_email", "wrong_type"),
        ({"may_email": 1}, "may_email", "wrong_type"),
        ({"birth_on": "02.05.1980"}, "birth_on", "invalid"),
        ({"birth_on": "1980-02-30"}, "birth_on", "invalid"),
        ({"birth_on": "0001-01-01"}, "birth_on", "out_of_range"),
        ({"birth_on": "9999-12-31"}, "birth_on", "out_of_range"),
        ({"birth_on": "2150-01-01"}, "birth_on", "invalid"),
        ({"birth_on": 19800502}, "birth_on", "invalid"),
        ({"site": "main"}, "site", "invalid"),
        ({"site": 1}, "site", "wrong_type"),
        ({"site": "00000000-0000-7000-8000-000000000000"}, "site", "invalid"),
        ({"language": "tlh"}, "language", "invalid_choice"),
        ({"zone": "Mars/Base"}, "zone", "invalid"),
        ({"zone": "../../etc/passwd"}, "zone", "invalid"),
        ({"email": "ana at home"}, "email", "invalid"),
        ({"phone": "12"}, "phone", "invalid"),
        ({"phone": "9" * 128}, "phone", "invalid"),
    ],
)
def test_each_wrong_field_is_pointed_at(desk, site, change, pointer, code):
    answer = desk.post("patients/", GOOD | {"site": str(site.pk)} | change)
    assert answer.status_code == 400
    assert problem(answer, pointer)["code"] == code
    assert not Patient.objects.exists()


def test_all_problems_are_listed_at_once(desk, site):
    answer = desk.post("patients/", {"site": str(site.pk), "given_name": 7, "hair": "red"})
    found = {(each["pointer"], each["code"]) for each in answer.json()["problems"]}
    assert found == {
        ("given_name", "wrong_type"),
        ("hair", "unknown_field"),
        ("family_name", "required"),
        ("birth_on", "required"),
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"wishes": {"weekdays": [7]}}, "wishes/weekdays/0"),
        ({"wishes": {"weekdays": "mon"}}, "wishes/weekdays"),
        ({"wishes": {"moon": "full"}}, "wishes/moon"),
        ({"wishes": {"not_before": "25:00"}}, "wishes/not_before"),
        ({"wishes": {"not_before": "12:00", "not_after": "11:00"}}, "wishes/not_after"),
        ({"wishes": {"start_on": "2026-05-01"}}, "wishes/start_on"),
        ({"wishes": []}, "wishes"),
        ({"start_on": "2026-05-03"}, "start_on"),
        ({"start_on": "2199-12-31"}, "start_on"),
        ({"start_on": "9999-12-31"}, "start_on"),
        ({"protocol_version": "00000000-0000-7000-8000-000000000000"}, "protocol_version"),
        ({"patient": "00000000-0000-7000-8000-000000000000"}, "patient"),
    ],
)
def test_a_plan_nobody_can_make(desk, plan, change, pointer):
    answer = desk.post("courses/propose", plan | change)
    assert answer.status_code == 400
    assert answer.json()["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"starts_at": "2026-05-05T10:00:00"}, "visits/0/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "visits/0/starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "visits/0/starts_at"),
        ({"starts_at": "2026-05-05T10:00:00+99:00"}, "visits/0/starts_at"),
        ({"starts_at": "2026-05-05T14:01:00Z"}, "visits/0/starts_at"),
        ({"starts_at": "2126-05-05T14:00:00Z"}, "visits/0/starts_at"),
        ({"starts_at": 1}, "visits/0/starts_at"),
        ({"key": "infusions.99"}, "visits/0/key"),
        ({"resources": {"chair": "blue"}}, "visits/0/resources/chair"),
        ({"resources": {"chair": "00000000-0000-7000-8000-000000000000"}}, "visits/0/resources/chair"),
        ({"resources": {}}, "visits/0/resources/chair"),
        ({"resources": ["chair"]}, "visits/0/resources"),
        ({"colour": "red"}, "visits/0/colour"),
    ],
)
def test_a_place_nobody_can_book(desk, wanted, clinic, change, pointer):
    place = {
        "key": "infusions.1",
        "starts_at": "2026-05-05T14:00:00Z",
        "resources": {"chair": str(clinic["Chair 1"].pk), "nurse": str(clinic["Nurse Ada"].pk)},
    }
    answer = desk.post("courses/", wanted | {"visits": [place | change], "partial": True}, key="k")
    assert answer.status_code == 400
    assert answer.json()["pointer"] == pointer


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("sites/?colour=red", "colour"),
        ("sites/?active=perhaps", "active"),
        ("sites/?format=xml", "format"),
        ("sites/?limit=0", "limit"),
        ("sites/?limit=201", "limit"),
        ("sites/?limit=1e1", "limit"),
        ("sites/?limit=²", "limit"),
        ("sites/?limit=" + "9" * 5000, "limit"),
        ("sites/?cursor=", "cursor"),
        ("sites/?cursor=%00", "cursor"),
        ("sites/?cursor=abc", "cursor"),
        ("sites/?cursor=W10", "cursor"),
        ("sites/?cursor=WyJ4Il0", "cursor"),
        ("sites/?cursor=" + "W" * 4001, "cursor"),
        ("me/?limit=5", "limit"),
        ("patients/?search=%00", "search"),
        ("patients/?search=" + "x" * 101, "search"),
        ("patients/?search=a&search=b", "search"),
        ("patients/?site=1", "site"),
        ("appointments/?day=0000-00-00", "day"),
        ("appointments/?day=9999-12-31", "day"),
        ("appointments/?day=today", "day"),
        ("appointments/?resource=x", "resource"),
        ("appointments/?status=lost", "status"),
        ("appointments/?cursor=WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5IiwgIngiXQ", "cursor"),
        ("resources/?kind=%F0%9F", "kind"),
        ("availability/?minutes=60&from_on=2026-05-05&to_on=2026-05-06", "site"),
    ],
)
def test_parameters_that_will_not_do(desk, path, pointer):
    answer = desk.get(path)
    assert answer.status_code == 400
    assert answer.json()["pointer"] == pointer


@pytest.mark.parametrize("search", ["ä", "%25", "_", "\\", "'", "  ", "\ufffd", "9" * 100, "a b c d e f g h i j"])
def test_odd_searches_find_nothing_or_something(desk, patient, search):
    assert desk.get("patients/", search=search).status_code in {200, 400}


@pytest.mark.parametrize("header", ["3", '"x"', '"3", "4"', "*", '""', '"' + "9" * 30 + '"', "\xff"])
def test_versions_that_will_not_do(desk, patient, header):
    answer = desk.patch(f"patients/{patient.pk}/", {"desk_note": "x"}, version=header)
    assert answer.status_code == 400
    assert answer.json()["pointer"] == "If-Match"


@pytest.mark.parametrize("key", ["", "a" * 256, "a\tb", "\x7f"])
def test_keys_that_will_not_do(desk, wanted, key):
    answer = desk.post("courses/", wanted, key=key)
    assert answer.status_code == 400
    assert answer.json()["pointer"] == "Idempotency-Key"
