"""A short sound document to be changed by tests, and rules picked from what is compiled."""

from copy import deepcopy
from datetime import date
from typing import Any

from treatments.protocols import reading
from treatments.protocols.compile import Compiled
from treatments.protocols.compile import compile as compile_course
from treatments.protocols.wishes import Wishes

MONDAY = date(2026, 11, 23)

_SHORT: dict[str, Any] = {
    "code": "short",
    "title": "Short course",
    "for": "Tests",
    "summary": "Six infusions, each with a talk.",
    "sources": {"A1": "A citation"},
    "visit_types": {
        "infusion": {
            "code": "IN",
            "name": "Infusion",
            "patient_label": "Treatment visit",
            "phases": {
                "setup": {"minutes": 15, "first_minutes": 30, "source": "A1"},
                "treatment": {"minutes": 40, "source": "A1"},
                "observation": {"minutes": 35, "source": "A1"},
                "turnover": {"minutes": 10, "source": "A1"},
            },
            "needs": [
                {"role": "chair", "kind": "chair", "during": {"all": "exclusive"}, "source": "A1"},
                {
                    "role": "nurse",
                    "kind": "person",
                    "skills": ["infusion_nurse"],
                    "during": {"setup": "exclusive", "treatment": "shared", "observation": "shared"},
                    "source": "A1",
                },
            ],
        },
        "talk": {
            "code": "PS",
            "name": "Talk",
            "patient_label": "Talk visit",
            "phases": {"treatment": {"minutes": 50, "source": "A1"}},
            "needs": [{"role": "therapist", "kind": "person", "during": {"visit": "exclusive"}, "source": "clinician"}],
        },
    },
    "blocks": [
        {
            "block": "infusions",
            "visit": "infusion",
            "count": 6,
            "gap": {"min_days": 2, "ideal_days": [3, 4], "max_days": 5, "source": "A1"},
            "source": "A1",
        },
        {
            "block": "talks",
            "visit": "talk",
            "count": 6,
            "anchors": [{"after": "infusions.each", "min_days": 1, "ideal_days": 1, "max_days": 3, "source": "A1"}],
            "source": "A1",
        },
    ],
}


def short() -> dict[str, Any]:
    """The short document, to be changed."""
    return deepcopy(_SHORT)


def with_block(number: int, **changes: Any) -> dict[str, Any]:
    """The short document with a block changed; ``None`` takes a part away."""
    document = short()
    block = document["blocks"][number] | changes
    document["blocks"][number] = {name: value for name, value in block.items() if value is not None}
    return document


def compiled(data: dict[str, Any], wishes: Wishes | None = None) -> Compiled:
    """The course on a document given as data."""
    return compile_course(reading.from_json(data), start_on=MONDAY, wishes=wishes)


def rules(course: Compiled, path: str) -> list[Any]:
    """The planner's rules that come from one place of the document."""
    return [rule for rule in course.rules if course.notes[rule.key].path == path]
