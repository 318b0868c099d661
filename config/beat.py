"""Every periodic job, in one table. Fixed intervals only: nothing here knows a wall clock or a business time.

Each task may run zero, one or two times per tick without harm.
"""

from datetime import timedelta
from typing import Any

TIMETABLE: dict[str, dict[str, Any]] = {
    "dispatch-messages": {
        "task": "notifications.dispatch",
        "schedule": timedelta(seconds=5),
        "options": {"queue": "delivery", "expires": 5},
    },
    "sweep-messages": {
        "task": "notifications.sweep",
        "schedule": timedelta(seconds=30),
        "options": {"queue": "default", "expires": 30},
    },
    "check-all-messages": {
        "task": "notifications.check_all_rows",
        "schedule": timedelta(hours=1),
        "options": {"queue": "default", "expires": 3600},
    },
    "plan-together": {
        "task": "treatments.plan_together",
        "schedule": timedelta(seconds=3),
        "options": {"queue": "default", "expires": 3},
    },
    "pass-alerts-on": {
        "task": "treatments.pass_alerts_on",
        "schedule": timedelta(seconds=30),
        "options": {"queue": "default", "expires": 30},
    },
    "forget-idempotency-keys": {
        "task": "core.forget_idempotency_keys",
        "schedule": timedelta(hours=1),
        "options": {"queue": "default", "expires": 3600},
    },
    "lapse-holds": {
        "task": "scheduler.lapse_holds",
        "schedule": timedelta(seconds=30),
        "options": {"queue": "default", "expires": 30},
    },
    "extend-courses": {
        "task": "treatments.extend_courses",
        "schedule": timedelta(hours=1),
        "options": {"queue": "default", "expires": 3600},
    },
}
