"""Every reference protocol loads, can be published, compiles and is planned completely in a small clinic."""

import re
from collections import Counter
from pathlib import Path

import pytest

from scheduler.engine.check import check
from scheduler.engine.plan import plan
from tests.treatments.protocols import clinic
from tests.treatments.protocols.documents import MONDAY
from treatments.protocols import catalog, publishing, reading
from treatments.protocols.compile import compile as compile_course
from treatments.protocols.visit_types import Skill

COUNTS = {
    "crps-taper": {"infusion": 14, "consultation": 5},
    "crps-ten-weekdays": {"infusion": 10, "consultation": 2},
    "esketamine": {"infusion": 16, "consultation": 2},
    "infliximab": {"infusion": 6},
    "iv-ketamine-depression-thrice-weekly": {"infusion": 10, "psychotherapy": 6, "consultation": 1},
    "iv-ketamine-depression-twice-weekly": {"infusion": 6, "psychotherapy": 6, "consultation": 2},
    "ketamine-chronic-pain-pt-mindfulness": {
        "infusion": 6,
        "physical_therapy": 8,
        "psychotherapy": 8,
        "meditation": 8,
    },
    "lidocaine": {"infusion": 3},
}

every_file = pytest.mark.parametrize("path", catalog.files(), ids=lambda path: path.stem)


def test_the_catalogue_holds_these_protocols() -> None:
    assert {path.stem for path in catalog.files()} == set(COUNTS)


@every_file
def test_loads_under_its_own_code_and_survives_storage(path: Path) -> None:
    document = reading.read_file(path)
    assert document.code == path.stem
    assert reading.from_json(reading.as_json(document)) == document


@every_file
def test_can_be_published(path: Path) -> None:
    publishing.check(reading.read_file(path))


@every_file
def test_yields_these_visits(path: Path) -> None:
    course = compile_course(reading.read_file(path), start_on=MONDAY).course
    assert Counter(visit.family for visit in course) == COUNTS[path.stem]


@every_file
def test_asks_only_for_skills_of_the_documented_set(path: Path) -> None:
    document = reading.read_file(path)
    asked = {skill for kind in document.visit_types.values() for need in kind.needs for skill in need.skills}
    assert asked <= set(Skill)


@every_file
def test_every_source_is_used_by_a_value_or_by_a_derived_source(path: Path) -> None:
    text = path.read_text()
    for source in reading.read_file(path).sources:
        uses = len(re.findall(rf"\b{source}\b", text)) - 1
        assert uses, f"{source} is among the sources but nothing rests on it"


@every_file
def test_a_derived_source_rests_on_sources_of_the_document(path: Path) -> None:
    sources = reading.read_file(path).sources
    for text in sources.values():
        if text.startswith("Derived from"):
            # "I22 to I25" stands for those between, too
            assert set(re.findall(r"\b[A-Z][0-9]+\b", text.partition(":")[0])) <= set(sources)


@every_file
def test_says_nothing_of_doses(path: Path) -> None:
    text = path.read_text().lower()
    assert not [word for word in ("mg", "mcg", "µg", "ml/", "dose:") if f" {word}" in text]


@every_file
def test_patient_labels_say_nothing_of_the_treatment(path: Path) -> None:
    kinds = reading.read_file(path).visit_types.values()
    told = {(kind.patient_label, kind.patient_labels.es if kind.patient_labels else None) for kind in kinds}
    assert told <= {
        ("Treatment visit", "Cita de tratamiento"),
        ("Talk visit", "Cita para hablar"),
        ("Movement visit", "Cita de movimiento"),
        ("Group class", "Clase en grupo"),
        ("Review visit", "Cita de revisión"),
        ("First visit", "Primera cita"),
    }


@every_file
def test_is_planned_completely_in_a_small_clinic(path: Path) -> None:
    compiled = compile_course(reading.read_file(path), start_on=MONDAY)
    request = clinic.request(compiled)
    best = plan(request).best
    assert best.complete, best.unplaced
    assert not check(request, best.placements)


def test_the_horizon_is_long_enough_for_the_latest_plan_of_the_ten_weekdays() -> None:
    document = reading.read_file(catalog.CATALOG / "crps-ten-weekdays.yaml")
    compiled = compile_course(document, start_on=MONDAY)
    # 28 days to find a Monday, two weeks with holidays, 91 days to the last review
    assert compiled.horizon_days >= 28 + 14 + 91
