"""Whatever is sent to the planner: it answers in words, and never fails itself."""

from __future__ import annotations

import copy
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from treatments.models import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

NONSENSE = (
    None, True, 0, -1, 10**30, 1.5, "", " ", "x", "ä😀\u202e", "a" * 5000, [], {}, [[]], [None], ["x"] * 500, {"": ""},
    "1900-01-01", "2199-12-31", "9999-12-31", "1900-01-01T00:00:00Z", "2199-12-31T23:59:00-12:00", "2026-05-12T08:00:00",
    "2026-02-30T08:00:00Z", "2026-05-12T08:00:07.5Z", "24:00", str(uuid.UUID(int=0)), "infusions.0", "infusions.99",
)  # fmt: skip

EVENTS: tuple[dict[str, Any], ...] = (
    {"event": "move", "visit": "infusions.2", "starts_at": "2026-05-12T08:00:00-04:00", "only_this": True},
    {"event": "cancel", "visit": "infusions.2", "scope": "visit"},
    {"event": "no_show", "visit": "infusions.1", "then": "append"},
    {"event": "late", "visit": "infusions.1", "arrives_at": "2026-05-05T08:30:00-04:00"},
    {"event": "delay", "visit": "infusions.2", "days": 2},
    {"event": "decide", "choice": "spacing", "block": "infusions", "gap_days": 3, "decision": "response"},
    {"event": "extend"},
    {"event": "place", "visit": "infusions.2", "starts_at": "2026-05-12T08:00:00-04:00"},
)

WISHES = {
    "weekdays": [0], "not_before": "08:00", "not_after": "17:00", "start_on": "2026-05-06", "people": [],
    "not_on": ["2026-05-07"], "firm": False, "max_visits_per_week": 3, "max_visits_per_day": 1,
    "escort": {"weekdays": [1], "not_before": "09:00", "not_after": "16:00"},
}  # fmt: skip


def spoilt(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with each of its fields, at any depth, replaced by each piece of nonsense."""
    for field, value in body.items():
        for nonsense in NONSENSE:
            yield body | {field: copy.deepcopy(nonsense)}
        if isinstance(value, dict):
            yield from (body | {field: inner} for inner in spoilt(value))
        if isinstance(value, list) and value:
            for nonsense in NONSENSE:
                yield body | {field: [nonsense]}
                yield body | {field: [value[0], copy.deepcopy(nonsense)]}


def answered(caller: Any, path: str, bodies: Iterator[dict[str, Any]]) -> set[int]:
    """The statuses of the answers; the caller looks at the form of each refusal."""
    seen = set()
    for number, body in enumerate(bodies):
        answer = caller.post(path, body, key=f"{path}{number}")
        assert answer.status_code < 500, (path, body, answer.content)
        seen.add(answer.status_code)
    return seen


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["event"])
def test_events(desk, course, event):
    assert 400 in answered(desk, f"courses/{course.pk}/changes/preview", spoilt(event))


def test_wishes(desk, plan):
    nowhere = plan | {"start_on": "x"}  # the wishes are read, and nothing is planned
    assert answered(desk, "courses/propose", spoilt(nowhere | {"wishes": WISHES})) == {400}


def test_asking_for_a_plan(desk, plan):
    assert 400 in answered(desk, "courses/propose", spoilt(plan))


def test_asking_why_not(desk, course):
    visit = Visit.objects.get(key="infusions.2")
    asked = {"starts_at": "2026-05-12T08:00:00-04:00", "resources": {"chair": str(uuid.UUID(int=0))}}
    assert 400 in answered(desk, f"visits/{visit.pk}/why-not", spoilt(asked))


def test_closing(manager, site, clinic):
    asked = {"site": str(site.pk), "on": "2026-05-12", "reason": "Flood"}
    assert 400 in answered(manager, "planning-jobs/close", spoilt(asked))
