"""Examples in the API document: one course, from the wish to the booking. All ids are made up."""

from typing import Any

_VERSION = "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"
_SITE = "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c02"
_PATIENT = "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c03"
_CHAIR = "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c04"
_NURSE = "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c05"

PLAN: dict[str, Any] = {
    "protocol_version": _VERSION,
    "site": _SITE,
    "start_on": "2026-12-01",
    "wishes": {"not_after": "13:00", "not_on": ["2026-12-24"]},
    "patient": _PATIENT,
}

PROPOSAL: dict[str, Any] = {
    "protocol_version": _VERSION,
    "site": _SITE,
    "start_on": "2026-12-01",
    "wishes": {"not_after": "13:00", "not_on": ["2026-12-24"]},
    "complete": True,
    "cost": 120,
    "bound": 120,
    "visits": [
        {
            "key": "infusions.1",
            "label": "Infusion 1",
            "family": "infusion",
            "minutes": 120,
            "starts_at": "2026-12-01T14:00:00Z",
            "ends_at": "2026-12-01T16:00:00Z",
            "local_start": "2026-12-01T09:00",
            "resources": [
                {"role": "chair", "id": _CHAIR, "kind": "chair", "name": "Chair 2"},
                {"role": "nurse", "id": _NURSE, "kind": "person", "name": "Nora Nurse"},
            ],
            "reason": "The first infusion, as early as it can be.",
            "notes": [],
            "unplaced": [],
        }
    ],
    "explanation": None,
    "alternatives": [],
}

BOOKING: dict[str, Any] = {
    "protocol_version": _VERSION,
    "site": _SITE,
    "patient": _PATIENT,
    "start_on": "2026-12-01",
    "wishes": {"not_after": "13:00", "not_on": ["2026-12-24"]},
    "visits": [
        {
            "key": "infusions.1",
            "starts_at": "2026-12-01T14:00:00Z",
            "resources": {"chair": _CHAIR, "nurse": _NURSE},
        }
    ],
}
