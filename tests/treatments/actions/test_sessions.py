"""What is ticked off during a visit, who may, and what keeps the patient from leaving."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from core.errors import InvalidInput, NotAllowed
from scheduler.actions.terms import WrongStatus
from scheduler.models import Status
from tests.treatments.documents import series as document
from treatments.actions import changes, protocols, sessions
from treatments.actions.sessions import MayNotLeave, TickedAlready
from treatments.models import VisitStatus, VisitTick
from treatments.queries.sessions import of_visit

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
GATES = [{"gate": "escort", "title": "A ride home", "before": "infusions.each", "source": "T"}]


def watched(**checks):
    """The series with checks during its infusions, half an hour of observation, and an escort."""
    made = document(gates=GATES)
    kind = made["visit_types"]["infusion"]
    kind["phases"]["observation"] = {"minutes": 30, "source": "T"}
    kind["needs"][1]["during"]["observation"] = "shared"
    check = {"check": "pressure", "title": "Blood pressure", "at_minutes": [0, 40], "before_leaving": True}
    kind["checks"] = [{**check, **checks, "source": "T"}]
    return made


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=watched(), by=mona, now=now)


@pytest.fixture
def visit(book, nora):
    """The first infusion, 8:00 to 9:30, whose patient is here."""
    found = book().course.visits.select_related("appointment", "course__site").get(key="infusions.1")
    at = found.appointment.starts_at
    sessions.set_status(appointment=found.appointment, status="arrived", by=nora, now=at, version=None)
    return found


def done(visit, by, *steps, after=0):
    at = visit.appointment.starts_at + after * MINUTE
    for step in steps:
        sessions.tick(visit=visit, step=step, by=by, now=at)
    return at


def stands(visit):
    visit.refresh_from_db()
    visit.appointment.refresh_from_db()
    return visit.appointment.status, visit.status


def test_a_whole_session(visit, nora):
    at = visit.appointment.starts_at
    assert [(step.key, step.due_at - at) for step in of_visit(visit).checks] == [
        ("pressure.0", 15 * MINUTE),
        ("pressure.40", 55 * MINUTE),
        ("pressure.leaving", 90 * MINUTE),
    ]
    done(visit, nora, "pressure.0", "start", after=20)
    assert stands(visit) == (Status.IN_TREATMENT, VisitStatus.BOOKED)
    session = of_visit(visit)
    assert session.observed_until == at + 95 * MINUTE, "20 minutes until the start, 45 treatment, 30 observation"
    assert [step.due_at - at for step in session.checks] == [20 * MINUTE, 60 * MINUTE, 95 * MINUTE]
    assert [step.is_late(at + 60 * MINUTE) for step in session.checks] == [False, True, False]
    done(visit, nora, "pressure.40", after=60)
    done(visit, nora, "end", after=70)
    assert of_visit(visit).observed_until == at + 100 * MINUTE
    with pytest.raises(MayNotLeave) as refused:
        sessions.discharge(visit=visit, by=nora, now=at + 90 * MINUTE)
    assert [each["code"] for each in refused.value.detail["obstacles"]] == ["escort", "observation", "check"]
    assert "Observation lasts for another 10 min." in refused.value.message
    done(visit, nora, "escort", "pressure.leaving", after=100)
    left = sessions.discharge(visit=visit, by=nora, now=at + 100 * MINUTE, reason="not needed")
    assert left.note == "", "nothing stood in the way"
    assert stands(visit) == (Status.DONE, VisitStatus.DONE)


def test_leaving_without_an_escort_takes_a_reason(visit, nora, flora):
    at = done(visit, nora, "start", after=15) + 100 * MINUTE
    for reason in ("", "   "):
        with pytest.raises(MayNotLeave, match="Nobody to leave with is confirmed"):
            sessions.discharge(visit=visit, by=nora, now=at, reason=reason)
    with pytest.raises(MayNotLeave, match="in My day"):
        sessions.set_status(appointment=visit.appointment, status="done", by=flora, now=at, version=None)
    assert stands(visit)[0] == Status.IN_TREATMENT
    assert not VisitTick.objects.filter(step="left").exists()
    assert sessions.discharge(visit=visit, by=nora, now=at, reason="Left in a taxi").note == "Left in a taxi"


def test_ticks_are_withdrawn_and_come_back(visit, nora, clara):
    at = done(visit, nora, "start", "escort", after=15)
    start = VisitTick.objects.get(step="start")
    sessions.withdraw(tick=start, by=clara, now=at)
    assert stands(visit)[0] == Status.ARRIVED
    start.refresh_from_db()
    assert (start.withdrawn_by, start.withdrawn_at) == (clara, at)
    with pytest.raises(WrongStatus, match="taken back already"):
        sessions.withdraw(tick=start, by=clara, now=at)
    done(visit, nora, "start", after=20)
    left = sessions.discharge(visit=visit, by=nora, now=at, reason="She insists")
    with pytest.raises(WrongStatus, match="has left"):
        sessions.withdraw(tick=VisitTick.objects.get(step="escort"), by=nora, now=at)
    sessions.withdraw(tick=left, by=nora, now=at)
    assert stands(visit) == (Status.IN_TREATMENT, VisitStatus.BOOKED)


def test_taking_back_a_discharge_makes_up_no_start(visit, nora):
    at = visit.appointment.starts_at
    left = sessions.discharge(visit=visit, by=nora, now=at, reason="Wants to go home")
    sessions.withdraw(tick=left, by=nora, now=at)
    assert stands(visit) == (Status.ARRIVED, VisitStatus.BOOKED)
    assert of_visit(visit).ticks == {}


def test_ticks_follow_the_status(visit, nora, flora):
    """However the desk or an undo changes it: no start without a treatment, nothing of a visit that was not."""
    at = visit.appointment.starts_at
    made = sessions.set_status(
        appointment=visit.appointment, status="in_treatment", by=flora, now=at + MINUTE, version=None
    )
    assert of_visit(visit).tick("start").by == flora
    done(visit, nora, "escort", "pressure.0", after=2)
    changes.undo(change_set=made.change_set, by=flora, now=at + 3 * MINUTE)
    assert set(of_visit(visit).ticks) == {"escort", "pressure.0"}
    sessions.set_status(appointment=visit.appointment, status="booked", by=flora, now=at + 4 * MINUTE, version=None)
    assert of_visit(visit).ticks == {}


def test_what_is_refused(visit, book, nora, flora, mona):
    at = visit.appointment.starts_at
    for by in (flora, mona):
        for act in (
            lambda by=by: sessions.tick(visit=visit, step="start", by=by, now=at),
            lambda by=by: sessions.discharge(visit=visit, by=by, now=at, reason="x"),
        ):
            with pytest.raises(NotAllowed):
                act()
    with pytest.raises(InvalidInput, match="no such step"):
        sessions.tick(visit=visit, step="pressure.41", by=nora, now=at)
    with pytest.raises(WrongStatus, match="has not started"):
        sessions.tick(visit=visit, step="end", by=nora, now=at)
    for wrong, message in ((at + 2 * MINUTE, "in the future"), (at - timedelta(days=1), "not on the day")):
        with pytest.raises(InvalidInput, match=message):
            sessions.tick(visit=visit, step="pressure.0", by=nora, now=at, at=wrong)
    sessions.tick(visit=visit, step="start", by=nora, now=at + 9 * MINUTE, at=at + 5 * MINUTE)
    assert of_visit(visit).tick("start").at == at + 5 * MINUTE
    with pytest.raises(InvalidInput, match="before the treatment started"):
        sessions.tick(visit=visit, step="end", by=nora, now=at + 9 * MINUTE, at=at)
    with pytest.raises(TickedAlready):
        sessions.tick(visit=visit, step="start", by=nora, now=at + 9 * MINUTE)
    other = visit.course.visits.select_related("appointment").get(key="infusions.2")
    with pytest.raises(WrongStatus, match="not here"):
        sessions.tick(visit=other, step="pressure.0", by=nora, now=at)


def test_the_database_keeps_ticks(visit, nora):
    done(visit, nora, "start")
    tick = VisitTick.objects.get()
    for wrong in (
        lambda: VisitTick.objects.create(visit=visit, step="start", at=tick.at, by=nora),
        lambda: VisitTick.objects.filter(pk=tick.pk).update(withdrawn_at=tick.at),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()
    for wrong in (tick.delete, lambda: VisitTick.objects.filter(pk=tick.pk).update(at=tick.at + MINUTE)):
        with pytest.raises(ProgrammingError), transaction.atomic():
            wrong()


@pytest.mark.parametrize("checks", [{"at_minutes": [], "before_leaving": False}, {"at_minutes": [5, 5]}])
def test_a_check_needs_a_moment_each_once(checks, mona, now):
    with pytest.raises(InvalidInput, match="expected"):
        protocols.publish(document=watched(**checks), by=mona, now=now)
