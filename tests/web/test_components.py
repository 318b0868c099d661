"""Every component is on the preview page, and every list has all its states."""

import re
from pathlib import Path

import pytest

from devtools import preview
from web.listings import LISTINGS

TEMPLATES = Path(__file__).resolve().parents[2] / "web" / "templates" / "web"
COMPONENTS = TEMPLATES / "components"
STATES = {
    "partial failure": "part_missing.html",
    "empty by filter": "nothing_fits.html",
    "empty first time": "empty.html",
    "failure": "failed.html",
    "stale": "stale.html",
    "loading": "loading.html",
}


def lists() -> dict[Path, list[str]]:
    """The lists that templates mark as theirs."""
    found = {path: re.findall(r'data-list="([^"]+)"', path.read_text()) for path in TEMPLATES.rglob("*.html")}
    return {path: names for path, names in found.items() if names}


def test_every_component_is_shown():
    shown = {sample.template for sample in preview.samples()}
    assert {path.stem for path in COMPONENTS.glob("*.html")} == shown


@pytest.mark.django_db
def test_the_preview_opens(desk, site):
    page = desk.get("/dev/components/").content.decode()
    assert page.count('<section class="part" aria-label="') == len(list(preview.samples()))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert sorted(set(ids)) == sorted(ids)


def test_every_list_is_registered_and_every_registered_list_is_used():
    assert {name for names in lists().values() for name in names} == set(LISTINGS)


@pytest.mark.parametrize("path", lists(), ids=lambda path: path.stem)
def test_every_list_includes_all_states(path):
    text = path.read_text()
    for name in lists()[path]:
        section = text.split(f'data-list="{name}"')[1].split("</section>")[0]
        assert "components/states.html" in section, name
        assert f'{{% listing "{name}" as list %}}' in text, name


@pytest.mark.parametrize("state", STATES)
def test_the_states_are_all_six(state):
    assert f"components/{STATES[state]}" in (COMPONENTS / "states.html").read_text()


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=lambda listing: listing.name)
def test_the_words_are_whole(listing):
    for words in (listing.empty, listing.about, listing.nothing_fits, listing.failed, listing.loading):
        assert words[0].isupper()
    assert listing.about.endswith(".")
    assert listing.failed.endswith(".")
