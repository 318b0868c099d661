"""``manage.py plan``: a protocol file against a calendar, from the command line."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from tests.treatments.documents import series
from treatments.models import Course

CLINIC: dict[str, Any] = {
    "zone": "America/New_York",
    "hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-18:00"),
    "resources": [
        {"name": "Chair 1", "kind": "chair", "skills": ["monitored"]},
        {"name": "Room 1", "kind": "room", "skills": ["quiet"]},
        {"name": "Ada", "kind": "person", "skills": ["infusion_nurse"], "lanes": 3},
        {"name": "Theo", "kind": "person", "skills": ["psychotherapist"]},
    ],
}


@pytest.fixture
def run(tmp_path: Path, now: Any) -> Any:
    """Runs the command on the test series; gives its exit status and what it printed."""
    import time_machine

    def run(clinic: dict[str, Any] | None = CLINIC, *arguments: str, document: Any = None) -> tuple[int, str]:
        protocol = tmp_path / "protocol.yaml"
        protocol.write_text(json.dumps(document or series()))
        where = []
        if clinic is not None:
            (tmp_path / "clinic.yaml").write_text(yaml.safe_dump(clinic))
            where = ["--calendar", str(tmp_path / "clinic.yaml")]
        out, progress = StringIO(), StringIO()
        status = 0
        with time_machine.travel(now):
            try:
                call_command(
                    "plan", str(protocol), *where, "--start", "2026-05-05", *arguments, stdout=out, stderr=progress
                )
            except SystemExit as stopped:
                status = int(stopped.code or 0)
        # what takes longer is told while it lasts, beside the answer
        assert bool(progress.getvalue()) == (status == 1)
        return status, out.getvalue()

    return run


def without(name: str) -> dict[str, Any]:
    return CLINIC | {"resources": [each for each in CLINIC["resources"] if each["name"] != name]}


def test_a_plan_with_its_objective_and_bound(run: Any) -> None:
    status, text = run()
    assert status == 0
    lines = text.splitlines()
    assert lines[0] == "Test series: 6 of 6 visits have a place."
    assert lines[2].endswith("Infusion 1  (chair: Chair 1, nurse: Ada)")
    assert any(line.startswith("Objective ") for line in lines)
    assert any(line.startswith("Lower bound: ") and line.endswith("%).") for line in lines)


def test_a_plan_as_data(run: Any) -> None:
    status, text = run(CLINIC, "--json", "--alternatives", "2")
    assert status == 0
    report = json.loads(text)
    assert report["complete"] is True
    assert report["objective"] == sum(report["terms"].values())
    assert report["bound"] <= report["objective"]
    assert len(report["visits"]) == 6
    assert report["explanation"] is None
    assert report["alternatives"]
    for other in report["alternatives"]:
        assert other["objective"] >= report["objective"]
        assert other["price"].endswith(".")


def test_what_does_not_fit_is_explained(run: Any) -> None:
    status, text = run(without("Theo"))
    assert status == 1
    assert "No place for Talk 1:" in text
    assert "It is proved that no plan has a place for every visit." in text
    assert "Lower bound" not in text
    assert "It does not fit; each of these is needed for that:" in text
    assert "None of 3 visits fits: the clinic has no therapist for them." in text


def test_a_firm_wish_that_does_not_fit_comes_with_fixes(run: Any) -> None:
    status, text = run(CLINIC, "--json", "--wishes", '{"weekdays": [0], "firm": true}')
    assert status == 1
    fixes = json.loads(text)["explanation"]["fixes"]
    assert fixes
    for fix in fixes:
        if "wishes" in fix["instead"]:
            assert run(CLINIC, "--wishes", json.dumps(fix["instead"]["wishes"]))[0] == 0


@pytest.mark.django_db
def test_the_calendar_of_a_site(run: Any, site: Any) -> None:
    from tests.treatments.clinic import equip

    equip(site)
    status, text = run(None, "--site", site.code)
    assert status == 0
    assert "chair: Chair 1" in text
    assert not Course.objects.exists()


@pytest.mark.django_db
def test_a_site_that_does_not_exist(run: Any) -> None:
    with pytest.raises(CommandError, match="no site with the code nowhere") as raised:
        run(None, "--site", "nowhere")
    assert raised.value.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--start", "soon"], "--start: expected a date"),
        (["--start", "2020-01-01"], "--start: expected a date from today"),
        (["--wishes", "mornings"], "--wishes: expected JSON"),
        (["--wishes", '{"weekdays": [9]}'], "--wishes: weekdays: expected"),
        (["--alternatives", "9"], "--alternatives: expected"),
    ],
)
def test_what_cannot_be_used_is_named(run: Any, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as raised:
        run(CLINIC, *arguments)
    assert message in str(raised.value)
    assert raised.value.returncode == 2


def test_files_that_cannot_be_used_are_named(run: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no calendar that can be used: zone"):
        run(CLINIC | {"zone": "Mars"})
    with pytest.raises(CommandError, match="no protocol that can be used"):
        run(document=series(blocks=[]))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("plan", str(tmp_path / "nothing.yaml"), "--calendar", str(tmp_path / "clinic.yaml"))
