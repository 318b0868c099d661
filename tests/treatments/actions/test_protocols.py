"""Publishing protocols."""

import copy
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, transaction

from core.errors import NotAllowed
from tests.treatments.documents import series as document
from treatments.actions import protocols
from treatments.models import Protocol, ProtocolVersion

pytestmark = pytest.mark.django_db


def test_the_first_version(mona, now):
    version = protocols.publish(document=document(), by=mona, now=now)

    assert (version.number, version.protocol.code, version.protocol.title) == (1, "test-series", "Test series")
    assert version.published_by == mona


def test_the_same_document_is_the_same_version(mona, now):
    first = protocols.publish(document=document(), by=mona, now=now)
    reordered = dict(reversed(document().items()))

    assert protocols.publish(document=reordered, by=mona, now=now) == first
    assert ProtocolVersion.objects.count() == 1


def test_another_document_is_the_next_version_and_the_old_one_stays(mona, now):
    first = protocols.publish(document=document(), by=mona, now=now)
    second = protocols.publish(document=document(title="New title"), by=mona, now=now)

    assert second.number == 2
    assert Protocol.objects.get().title == "New title"
    assert Protocol.objects.get().current == second
    assert ProtocolVersion.objects.get(pk=first.pk).document["title"] == "Test series"


def test_going_back_to_an_older_document_is_a_new_version(mona, now):
    first = protocols.publish(document=document(), by=mona, now=now)
    protocols.publish(document=document(title="New title"), by=mona, now=now)
    third = protocols.publish(document=document(), by=mona, now=now)

    assert (third.number, third.digest) == (3, first.digest)


@pytest.mark.parametrize("change", [{"number": 9}, {"document": {}}])
def test_a_version_never_changes(mona, now, change):
    version = protocols.publish(document=document(), by=mona, now=now)

    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        ProtocolVersion.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        ProtocolVersion.objects.filter(pk=version.pk).delete()


def test_every_problem_is_told_with_its_path(mona, now):
    wrong = document()
    wrong["blocks"][0]["count"] = "three"
    del wrong["visit_types"]["talk"]["phases"]

    with pytest.raises(protocols.WrongDocument) as raised:
        protocols.publish(document=wrong, by=mona, now=now)

    problems = raised.value.detail["problems"]
    assert {problem["path"] for problem in problems} == {"blocks[0].count", "visit_types.talk.phases"}
    assert all(problem["expected"] for problem in problems)
    assert raised.value.pointer.startswith("document/")
    assert not Protocol.objects.exists()


def test_yaml_problems_have_lines(mona, now):
    with pytest.raises(protocols.WrongDocument) as raised:
        protocols.publish(document="code: a-code\ntitle: [1, 2\n", by=mona, now=now)

    assert raised.value.detail["problems"][0]["line"]


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x00", "", "just words", "- a\n- list", "a: &x [*x]", {}, {"code": None}]
)
def test_garbage_is_refused_in_words(mona, now, garbage):
    with pytest.raises(protocols.WrongDocument) as raised:
        protocols.publish(document=garbage, by=mona, now=now)

    assert raised.value.detail["problems"]


@pytest.mark.parametrize("character", ["\x00", "\ud800"])
def test_characters_that_cannot_be_stored_are_refused(mona, now, character):
    with pytest.raises(protocols.WrongDocument):
        protocols.publish(document=document(title=f"Series{character}"), by=mona, now=now)


def test_rules_that_contradict_each_other_are_refused_together(mona, now):
    impossible = copy.deepcopy(document())
    infusions = impossible["blocks"][0]
    infusions |= {"count": 6, "span": {"max_days": 10, "source": "T"}}
    del impossible["blocks"][1], impossible["relations"], impossible["continuity"]
    del impossible["visit_types"]["talk"]

    with pytest.raises(protocols.Contradiction) as raised:
        protocols.publish(document=impossible, by=mona, now=now)

    assert {problem["path"] for problem in raised.value.detail["problems"]} == {"blocks[0].gap", "blocks[0].span"}
    assert not Protocol.objects.exists()


def test_only_managers_publish(flora, clara, nora, now):
    for somebody in (flora, clara, nora):
        with pytest.raises(NotAllowed):
            protocols.publish(document=document(), by=somebody, now=now)
    assert not Protocol.objects.exists()


def test_the_catalogue_is_published_once_however_often_it_is_loaded():
    for _ in range(2):
        out = StringIO()
        call_command("load_catalogue", stdout=out)

    assert "iv-ketamine-depression-twice-weekly: version 1" in out.getvalue()
    assert set(ProtocolVersion.objects.values_list("number", flat=True)) == {1}
    assert {version.published_by.role for version in ProtocolVersion.objects.all()} == {"service"}
