"""Announcements run in the announcing transaction, in order, and fail with it."""

import pytest
from django.db import transaction

from clinics.models import Site
from core.announcements import Announcement, announcement
from tests.factories.clinics import SiteFactory


@pytest.fixture
def opened():
    @announcement
    def site_opened(*, name: str) -> None:
        """A site opened."""

    yield site_opened
    Announcement.declared.remove(site_opened)


def test_it_is_declared_by_name(opened):
    assert opened.name == "site_opened"
    assert opened in Announcement.declared


@pytest.mark.django_db
def test_receivers_hear_in_order_and_once(opened):
    heard = []

    @opened.receive
    def first(*, name):
        heard.append(("first", name))

    @opened.receive
    def second(*, name):
        heard.append(("second", name))

    opened.receive(first)  # an app may be loaded twice
    opened.announce(name="Riverside")
    assert heard == [("first", "Riverside"), ("second", "Riverside")]


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_takes_everything_back(opened):
    @opened.receive
    def write(*, name):
        SiteFactory(name=name)

    @opened.receive
    def fail(*, name):
        raise RuntimeError(name)

    @transaction.atomic
    def open_site():
        SiteFactory(name="announced")
        opened.announce(name="Riverside")

    with pytest.raises(RuntimeError, match="Riverside"):
        open_site()
    assert not Site.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_not_outside_a_transaction(opened):
    with pytest.raises(RuntimeError, match="outside a transaction"):
        opened.announce(name="Riverside")
