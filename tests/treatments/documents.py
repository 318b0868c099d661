"""Short protocol documents for tests, as data."""

from copy import deepcopy
from typing import Any

SERIES: dict[str, Any] = {
    "code": "test-series",
    "title": "Test series",
    "for": "Tests",
    "summary": "Three infusions three to five days apart, a talk visit one or two days after each.",
    "sources": {"T": "Made for tests"},
    "visit_types": {
        "infusion": {
            "code": "IN",
            "name": "Infusion",
            "patient_label": "Treatment visit",
            "phases": {
                "setup": {"minutes": 15, "source": "T"},
                "treatment": {"minutes": 45, "source": "T"},
                "turnover": {"minutes": 15, "source": "T"},
            },
            "needs": [
                {
                    "role": "chair",
                    "kind": "chair",
                    "skills": ["monitored"],
                    "during": {"all": "exclusive"},
                    "source": "T",
                },
                {
                    "role": "nurse",
                    "kind": "person",
                    "skills": ["infusion_nurse"],
                    "during": {"setup": "exclusive", "treatment": "shared"},
                    "source": "T",
                },
            ],
        },
        "talk": {
            "code": "PS",
            "name": "Talk",
            "patient_label": "Talk visit",
            "phases": {"treatment": {"minutes": 50, "source": "T"}},
            "needs": [
                {"role": "room", "kind": "room", "skills": ["quiet"], "during": {"all": "exclusive"}, "source": "T"},
                {
                    "role": "therapist",
                    "kind": "person",
                    "skills": ["psychotherapist"],
                    "during": {"all": "exclusive"},
                    "source": "T",
                },
            ],
        },
    },
    "blocks": [
        {
            "block": "infusions",
            "visit": "infusion",
            "count": 3,
            "source": "T",
            "gap": {"min_days": 3, "ideal_days": 3, "max_days": 5, "source": "T"},
        },
        {
            "block": "talks",
            "visit": "talk",
            "count": 3,
            "source": "T",
            "anchors": [{"after": "infusions.each", "min_days": 1, "ideal_days": 1, "max_days": 2, "source": "T"}],
        },
    ],
    "relations": [{"rule": "not_same_day_after", "visits": ["talk"], "after": "infusion", "source": "T"}],
    "continuity": [{"role": "therapist", "visits": "talks", "strength": "hard", "source": "T"}],
}


def series(**changes: Any) -> dict[str, Any]:
    """The test series, with top-level parts replaced."""
    return deepcopy(SERIES) | changes


def infusions_alone() -> dict[str, Any]:
    """Three infusions, three to fourteen days apart, and nothing else."""
    block = {
        "block": "infusions",
        "visit": "infusion",
        "count": 3,
        "source": "T",
        "gap": {"min_days": 3, "ideal_days": 3, "max_days": 14, "source": "T"},
    }
    made = series(code="infusions-alone", blocks=[block], relations=[], continuity=[])
    made["visit_types"].pop("talk")
    return made


def branching(**changes: Any) -> dict[str, Any]:
    """The test series with what may follow: weekly infusions, then one every two weeks without an end."""
    document = series()
    document["blocks"] += [
        {
            "block": "weekly",
            "visit": "infusion",
            "count": 2,
            "tentative": True,
            "source": "T",
            "gap": {"min_days": 5, "ideal_days": 7, "max_days": 9, "source": "T"},
            "anchors": [
                {
                    "place": "first",
                    "after": "infusions.last",
                    "min_days": 5,
                    "ideal_days": 7,
                    "max_days": 9,
                    "source": "T",
                }
            ],
        },
        {
            "block": "weekly_talks",
            "visit": "talk",
            "count": 2,
            "tentative": True,
            "source": "T",
            "anchors": [{"after": "weekly.each", "min_days": 1, "ideal_days": 1, "max_days": 2, "source": "T"}],
        },
        {
            "block": "maintenance",
            "visit": "infusion",
            "plan_ahead": 2,
            "source": "T",
            "gap": {"min_days": 10, "ideal_days": 14, "max_days": 21, "source": "T"},
            "anchors": [
                {
                    "place": "first",
                    "after": "weekly.last",
                    "min_days": 10,
                    "ideal_days": 14,
                    "max_days": 21,
                    "source": "T",
                }
            ],
        },
    ]
    document["decisions"] = [
        {
            "decision": "response",
            "title": "Response",
            "after": "infusions.last",
            "within_days": 4,
            "choices": [
                {"answer": "Response", "goes_to": "weekly"},
                {"answer": "None", "goes_to": "stop"},
                {"answer": "Not clear", "goes_to": "clinician"},
            ],
            "source": "T",
        },
        {
            "decision": "interval",
            "title": "Interval",
            "after": "weekly.last",
            "within_days": 7,
            "choices": [
                {"answer": "It holds", "goes_to": "maintenance"},
                {"answer": "Worse", "goes_to": "weekly"},
                {"answer": "Stop", "goes_to": "stop"},
            ],
            "source": "T",
        },
    ]
    document["missed"] = [{"visits": "infusions", "then": "escalate", "source": "T"}]
    document["lapses"] = [{"visits": ["infusions", "weekly"], "after_days": 20, "then": "clinician", "source": "T"}]
    return document | deepcopy(changes)
