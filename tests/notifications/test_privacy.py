"""Whatever goes wrong on the way, neither the log nor the metrics tell who it went wrong for."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import delivery, outcomes, requests, sweeps
from notifications.channels import Accepted, NotSent
from notifications.engine.states import Outcome, State, Step
from notifications.models import Message
from notifications.queries import reach, verdicts
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
CANARIES = ("Xerxes", "Canary", "canary@example.org", "2025550142", "1961-07-19", "Beware of Dog")


def fail(*_: object, **__: object) -> None:
    raise RuntimeError(f"about {' '.join(CANARIES)}")


def refuse(_key: str) -> Accepted:
    raise NotSent(Outcome.REJECTED_PERMANENT, "550")


@pytest.mark.parametrize(
    "where",
    [
        (),
        (verdicts, "judge"),
        (verdicts, "still_expected"),
        (reach, "_hindrance"),
        (FakeSender, "compose"),
        (FakeSender, "send"),
        (requests.Line, "learn"),
        (outcomes, "record"),
        (verdicts, "not_expected"),
    ],
    ids=lambda where: where[1] if where else "nothing",
)
def test_no_canary_in_the_log(site, service, caplog, capsys, monkeypatch, where: tuple) -> None:
    caplog.set_level(logging.DEBUG, logger="notifications")
    patient = PatientFactory(
        site=site,
        given_name="Xerxes",
        family_name="Canary",
        email="canary@example.org",
        phone="+12025550142",
        birth_on="1961-07-19",
        desk_note="Beware of Dog",
    )
    book(patient, MONDAY + timedelta(days=10), now=MONDAY)
    if where:
        monkeypatch.setattr(*where, fail)
    at = MONDAY + timedelta(minutes=3)
    for answer in (refuse, fail):
        Message.objects.filter(step=Step.ONE_DAY, state=State.SCHEDULED).update(due_at=at, next_try_at=at)
        try:
            delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: FakeSender(answer=answer))  # noqa: B023
            sweeps.sweep(by=service, clock=lambda: at + timedelta(hours=1))
        except RuntimeError:
            pass  # what a worker would log of it is held by tests/config/test_logging.py
    said = caplog.text + "".join(capsys.readouterr())
    for canary in CANARIES:
        assert canary not in said
