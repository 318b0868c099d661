"""Two patients say yes to the same time in the same moment: one has it, the other is told and keeps what was there.

The rows of the offers are locked first; a constraint is the last word. The controls show what each of them is for. Every
patient is offered a chair of their own, so that it is not the calendar that keeps them apart.
"""

import itertools
import threading

import pytest
from django.core.cache import cache
from django.db import connection

from core import clock
from notifications.actions import offers
from notifications.actions.offers import OfferOver
from notifications.models import Offer, OfferState
from tests.concurrency.conftest import race
from tests.treatments.clinic import equip
from tests.treatments.documents import infusions_alone
from tests.web.offering import at, link_for, waits
from treatments.actions import protocols

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def yes(site, flora, mona, service, now):
    """Each patient's yes to the time that both were offered, in chairs of their own."""
    cache.clear()
    clinic = equip(site)
    infusions = protocols.publish(document=infusions_alone(), by=mona, now=now)
    both = [waits(site, infusions, flora, now, hour=hour) for hour in (8, 9)]
    made = offers.offer(
        site=site,
        entries={each.pk for each in both},
        starts_at=at(14, 9),
        ends_at=at(14, 10),
        by=flora,
        now=clock.now(),
    )
    for number, each in enumerate(made, start=1):
        each.resources = {"chair": str(clinic[f"Chair {number}"].pk)}
        each.save()
    links = [link_for(each) for each in both]
    return [lambda link=link: offers.accept(link=link, by=service, now=clock.now()) for link in links]


@pytest.fixture
def unlocked(monkeypatch):
    """Both read the offers, without locking them, before either goes on."""
    barrier, calls = threading.Barrier(2), itertools.count()

    def read(hold):
        rows = list(
            Offer.objects.filter(hold=hold)
            .select_related("entry__visit__course", "entry__visit__appointment", "hold__site")
            .order_by("pk")
        )
        if next(calls) < 2:
            barrier.wait(timeout=20)
        return rows

    monkeypatch.setattr(offers, "_locked", read)


def accepted() -> int:
    return Offer.objects.filter(state=OfferState.ACCEPTED).count()


def moved() -> int:
    from treatments.models import Visit

    return Visit.objects.filter(appointment__starts_at=at(14, 9)).count()


def test_the_first_yes_has_it_and_the_other_is_told(yes):
    outcome = race(yes)
    assert [type(error) for error in outcome.errors] == [OfferOver]
    assert outcome.errors[0].state is OfferState.LOST
    assert (len(outcome.results), accepted(), moved()) == (1, 1, 1)


def test_control_without_the_lock_the_constraint_is_the_last_word(yes, unlocked):
    outcome = race(yes)
    assert ["first_yes_has_it" in str(error) for error in outcome.errors] == [True]
    assert (accepted(), moved()) == (1, 1)


def test_control_without_either_both_have_it(yes, unlocked):
    constraint = next(each for each in Offer._meta.constraints if each.name == "notifications_offer_first_yes_has_it")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Offer, constraint)
    try:
        outcome = race(yes)
        assert (outcome.errors, len(outcome.results), moved()) == ([], 2, 2)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE notifications_offer CASCADE")
        with connection.schema_editor() as editor:
            editor.add_constraint(Offer, constraint)
