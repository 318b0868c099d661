"""Two patients press for the same time in the same moment: one has it, the other is told and keeps what was there.

Looking at a time holds nothing, so both had it offered. What keeps them apart are the calendar's locks and constraints; the
control shows what happens without them.
"""

import itertools
import threading
from datetime import UTC, date

import pytest
from django.core.cache import cache

from core import clock, locks
from notifications.actions import another_times
from scheduler.actions import taking
from scheduler.models import Appointment
from tests.concurrency.conftest import no_exclusion_constraints, overlaps, race
from tests.factories.clinics import PatientFactory
from tests.treatments.clinic import equip
from tests.web.patient_phone import known, link_of, text_of
from tests.web.test_patient_times import form_of
from treatments.actions import changes, courses, starts

pytestmark = pytest.mark.django_db(transaction=True)


def together(monkeypatch, module, name, *, before):
    """Lets the first two calls of a function wait for each other, before it or after it."""
    barrier, calls = threading.Barrier(2), itertools.count()
    act = getattr(module, name)

    def waiting(*args, **kwargs):
        is_first = next(calls) < 2
        if is_first and before:
            barrier.wait(timeout=20)
        result = act(*args, **kwargs)
        if is_first and not before:
            barrier.wait(timeout=20)
        return result

    monkeypatch.setattr(module, name, waiting)


@pytest.fixture
def presses(site, series, flora, service, now):
    """Pat's and Sam's press for the one time that both of them could have, in a clinic with one chair."""
    cache.clear()
    equip(site, chairs=1)
    visits = []
    for patient in PatientFactory.create_batch(2, site=site):
        booked = courses.book(
            protocol_version=series, site=site, patient=patient, start_on=date(2026, 5, 5), wishes={}, by=flora, now=now
        )
        visits.append(booked.course.visits.get(key="infusions.2"))
    pages = [(link_of(visit.course.patient), visit) for visit in visits]
    loaded = [another_times.visit_of(link, visit.appointment) for link, visit in pages]
    on = clock.local(visits[0].appointment.starts_at, site.zone).date()
    offered = [
        {start.starts_at for start in starts.for_visit(visit=visit, on=on, by=service, now=now) if start.keeps}
        for visit in loaded
    ]
    at = max(offered[0] & offered[1])

    def press(link, visit):
        client, page = known(link), f"/v/{link.token}/times/{visit.appointment_id}"
        form = form_of(client.get(f"{page}?at={at.astimezone(UTC):%Y%m%dT%H%MZ}"))
        return lambda: (visit, client.post(page, form))

    return at, [press(link, visit) for link, visit in pages]


def test_one_has_it_and_the_other_keeps_theirs(presses, monkeypatch):
    at, both = presses
    before = dict(Appointment.objects.values_list("pk", "starts_at"))
    together(monkeypatch, changes, "write", before=True)
    outcome = race(both)
    assert outcome.errors == []
    (_, has), (loses, told) = sorted(outcome.results, key=lambda result: result[1].status_code)
    assert (has.status_code, told.status_code) == (303, 409)
    assert "That time has just been taken. Your visit stays as it is." in text_of(told)
    after = dict(Appointment.objects.values_list("pk", "starts_at"))
    changed = [key for key in before if before[key] != after[key]]
    assert len(changed) == 1
    assert changed != [loses.appointment_id]
    assert (list(after.values()).count(at), overlaps()) == (1, 0)


def test_control_without_locks_and_constraints_both_have_it(presses, monkeypatch):
    at, both = presses
    monkeypatch.setattr(locks, "acquire_all", lambda *_args, **_kwargs: None)
    together(monkeypatch, taking, "recheck", before=False)
    with no_exclusion_constraints():
        outcome = race(both)
        assert [answer.status_code for _, answer in outcome.results] == [303, 303]
        assert Appointment.objects.filter(starts_at=at).count() == 2
        assert overlaps()
