"""What the planner is asked about a running course: late visits count from where the protocol says."""

from datetime import UTC, datetime

import pytest

from scheduler.actions import appointments
from scheduler.engine.request import Offset
from tests.treatments.documents import series as document
from treatments.actions import changes, protocols
from treatments.life.events import Move
from treatments.life.running import Running

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("counted_from", "limits"), [("planned", (1, 1, 3)), ("actual", (5, 7, 9))])
def test_the_next_visit_after_a_late_one(book, mona, flora, nora, now, counted_from, limits):
    """Planned on Tuesday the 5th, given on Monday the 11th: six days late, or the new beginning."""
    made = document()
    gap = {"min_days": 5, "ideal_days": 7, "max_days": 9, "counted_from": counted_from, "source": "T"}
    made["blocks"][0]["gap"] = gap
    course = book(protocol_version=protocols.publish(document=made, by=mona, now=now)).course
    late = datetime(2026, 5, 11, 12, tzinfo=UTC)
    changes.apply(event=Move(course.pk, "infusions.1", late), by=flora, now=now)
    appointment = course.visits.get(key="infusions.1").appointment
    appointments.set_status(appointment=appointment, status="done", by=nora, now=appointment.ends_at, version=None)

    question = Running.read(course.pk, now=appointment.ends_at).ask(about={"infusions.2"})

    [rule] = [each for each in question.request.rules if each.key == "infusions.gap.2"]
    assert isinstance(rule, Offset)
    assert (rule.least, rule.ideal, rule.most) == limits
