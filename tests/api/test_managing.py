"""What managers do: publish protocols, change resources."""

import pytest
import yaml

from scheduler.models import Resource
from tests.api.caller import problem
from tests.treatments.documents import series as document
from treatments.models import ProtocolVersion

pytestmark = pytest.mark.django_db


def test_a_protocol_is_published_as_json(manager):
    answer = manager.post("protocols/", document())
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["number"], answer.json()["indication"]) == (1, "Tests")
    assert manager.post("protocols/", document(title="Another title")).json()["number"] == 2


def test_a_protocol_is_published_as_yaml(manager):
    text = yaml.safe_dump(document()).encode()
    assert manager.post("protocols/", text, content_type="application/yaml").status_code == 201


def test_the_same_document_again_is_the_same_version(manager):
    first, again = (manager.post("protocols/", document()).json() for _ in range(2))
    assert first["id"] == again["id"]
    assert ProtocolVersion.objects.count() == 1


def test_each_problem_of_a_document_has_its_path(manager):
    wrong = document()
    wrong["blocks"][0]["gap"]["min_days"] = "three"
    wrong["blocks"][1]["colour"] = "red"
    answer = manager.post("protocols/", wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_document")
    assert "expected a whole number" in problem(answer, "blocks/0/gap/min_days")["message"]
    assert problem(answer, "blocks/1/colour")
    assert answer.json()["pointer"] in {"blocks/0/gap/min_days", "blocks/1/colour"}


def test_a_problem_in_yaml_has_its_line(manager):
    text = yaml.safe_dump(document(code="With Spaces"), sort_keys=False).encode()
    answer = manager.post("protocols/", text, content_type="application/yaml")
    assert problem(answer, "code")["message"].startswith("line 1: ")


def test_rules_that_cannot_all_be_kept_are_named(manager):
    impossible = document()
    impossible["blocks"][0]["span"] = {"max_days": 5, "source": "T"}
    answer = manager.post("protocols/", impossible)
    assert (answer.status_code, answer.json()["code"]) == (400, "contradiction")
    assert len(answer.json()["problems"]) == 2
    assert not ProtocolVersion.objects.exists()


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"', b"{}"])
def test_what_is_no_document(manager, body):
    assert manager.post("protocols/", body).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a: [1, 2",
        b"- 1\n- 2\n",
        b"text",
        b"\x00",
        b"a: \x01",
        b"!!python/object/apply:os.system ['true']",
        b"a: &a [*a]",
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
        b"a: 1\na: 2\n",
        b"a: 2026-01-01\n",
        b"? [1]\n: 2\n",
        b"a: " + b"[" * 2000,
        b"a: .nan\ncode: .inf\n",
        b"a: 0x" + b"f" * 400,
        "title: \ud83d".encode("utf-8", "surrogatepass"),
        b'title: "\\ud83d"',
        b'title: "\\0"',
    ],
)
def test_yaml_that_is_no_document(manager, text):
    assert manager.post("protocols/", text, content_type="application/yaml").status_code == 400


@pytest.mark.parametrize("place", ["title", "for", "summary"])
@pytest.mark.parametrize("text", ['"a\\0b"', '"a\\ud83d"'])
def test_yaml_text_that_no_database_can_store(manager, place, text):
    lines = yaml.safe_dump(document() | {place: "HERE"}).replace("HERE", text).encode()
    assert manager.post("protocols/", lines, content_type="application/yaml").status_code == 400


def test_a_resource_is_added_and_changed(manager, site, clinic):
    added = manager.post(
        "resources/", {"site": str(site.pk), "kind": "chair", "name": "Chair 9", "skills": ["monitored"]}
    )
    assert (added.status_code, added.json()["skills"], added.headers["ETag"]) == (201, ["monitored"], '"1"')
    path = f"resources/{added.json()['id']}/"
    changed = manager.patch(path, {"name": "Chair by the window", "skills": []}, version=1)
    assert (changed.status_code, changed.json()["name"], changed.json()["skills"]) == (200, "Chair by the window", [])
    assert changed.json()["affected"] == []
    stale = manager.patch(path, {"name": "Another"}, version=1)
    assert (stale.status_code, stale.json()["detail"]) == (412, {"current": {"version": 2}})


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "Chair 1"}, ""),
        ({"name": ""}, "name"),
        ({"kind": "bed"}, "kind"),
        ({"skills": ["juggling"]}, "skills"),
        ({"skills": "monitored"}, "skills"),
        ({"lanes": 0}, "lanes"),
        ({"lanes": 51}, "lanes"),
        ({"lanes": True}, "lanes"),
        ({"lanes": 2.5}, "lanes"),
        ({"lanes": 10**17}, "lanes"),
        ({"position": -1}, "position"),
        ({"position": 40_000}, "position"),
        ({"is_active": False}, "is_active"),
    ],
)
def test_resources_that_cannot_be(manager, site, clinic, change, pointer):
    before = Resource.objects.count()
    answer = manager.post("resources/", {"site": str(site.pk), "kind": "chair", "name": "Chair 9"} | change)
    assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)
    assert Resource.objects.count() == before


def test_a_booked_resource_is_switched_off_only_knowingly(manager, course):
    chair = Resource.objects.filter(kind="chair", allocations__appointment__visit__course=course).first()
    path = f"resources/{chair.pk}/switch-off"
    refused = manager.post(path, {}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "has_bookings")
    assert refused.json()["detail"]["count"] >= 1
    done = manager.post(path, {"accept_consequences": True}, version=1)
    assert (done.status_code, done.json()["is_active"]) == (200, False)
    assert len(done.json()["affected"]) == refused.json()["detail"]["count"]
    back = manager.post(f"resources/{chair.pk}/switch-on", version=2)
    assert (back.status_code, back.json()["is_active"]) == (200, True)
