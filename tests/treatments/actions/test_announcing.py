"""Whoever hears of an appointment finds the visit that it is for: what is said before it is written with it."""

from datetime import date
from itertools import pairwise

import pytest
import time_machine

from notifications.actions import sweeps
from notifications.engine.states import Step
from notifications.models import Message
from scheduler.actions import rearranging
from tests.factories.clinics import PatientFactory
from tests.treatments.changing import publish
from tests.treatments.documents import series as document
from treatments.actions import changes, courses, jobs
from treatments.actions.courses import Placed
from treatments.life.events import Place
from treatments.many.intakes import Intake

pytestmark = pytest.mark.django_db

FROM_ELEVEN = {"not_before": "11:00", "firm": True}
"""Before earlier visits there is no time for a message of the day."""


@pytest.fixture
def series(mona, now):
    """Somebody who has eaten is not treated."""
    kinds = document()["visit_types"]
    kinds["infusion"]["prepare"] = {"fasting": {"food_hours": 6, "clear_fluids_hours": 2, "source": "T"}}
    return publish(mona, now, visit_types=kinds)


def _linked_after(carry_out):
    """Announces first, and writes what belongs to the appointments then."""

    def carry_out_first(orders, asked, change_set, link):
        made = carry_out(orders, asked, change_set, None)
        if link is not None:
            link(made.appointments[len(orders.moves) : len(orders.moves) + len(orders.bookings)])
        return made

    return carry_out_first


@pytest.mark.parametrize("too_early", [False, True], ids=["linked", "control"])
def test_nothing_is_left_to_write(too_early, monkeypatch, book, clinic, series, site, patient, flora, now):
    """Also on the day, where only those are written to who have something to do before."""
    if too_early:
        monkeypatch.setattr(rearranging, "carry_out", _linked_after(rearranging.carry_out))
    proposal = courses.propose(
        protocol_version=series, site=site, patient=patient, start_on=date(2026, 5, 5), wishes=FROM_ELEVEN, by=flora, now=now
    )  # fmt: skip
    planned = [
        Placed(each.key, each.starts_at, {role: str(resource.pk) for role, resource in each.resources.items()})
        for each in proposal.visits
    ]
    last = next(each for each in planned if each.key == "infusions.3")
    kept = [each for each in planned if not each.key.endswith(".3")]

    def one() -> None:
        book(visits=kept, partial=True, wishes=FROM_ELEVEN)

    def the_visit_left_out() -> None:
        course = patient.courses.get()
        changes.apply(event=Place(course.pk, last.key, last.starts_at), by=flora, now=now)

    def several() -> None:
        wanted = [Intake(PatientFactory(site=site, email="other@example.org"), series, date(2026, 5, 5), FROM_ELEVEN)]
        jobs.book(site=site, wanted=wanted, by=flora, now=now)
        job = jobs.work()
        jobs.apply(job=job, digest=job.digest, by=flora, now=now)

    written = [0]
    with time_machine.travel(now, tick=False):
        for do in (one, the_visit_left_out, several):
            do()
            written.append(Message.objects.filter(step=Step.DAY_OF).count())
            assert bool(sweeps.repair(now=now, afresh=True)) is too_early, do.__name__
    assert too_early or [after - before for before, after in pairwise(written)] == [2, 1, 3]
