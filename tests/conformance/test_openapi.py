"""The API and its document say the same, and nothing a client sends makes the server fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import time_machine
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
)

from clinics.models import ApiToken, Role
from config.wsgi import application
from notifications.actions import pauses
from notifications.engine.states import Channel
from notifications.models import Message
from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
from tests.factories.notifications import offered
from tests.factories.treatments import AlertFactory
from tests.treatments.clinic import equip
from tests.treatments.documents import series
from treatments.actions import courses, gates, handovers, jobs, protocols, waitlist
from treatments.life.events import Decide
from treatments.many.closures import Closure
from treatments.models import VisitTick

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
DOCUMENT = Path(__file__).resolve().parents[2] / "api" / "openapi.yaml"
CONSENT = {"gate": "consent", "title": "Consent", "before": "infusions.first", "source": "T"}
LONG = "SOAK" in os.environ
EXAMPLES = 8 if LONG else 4
"""Random ones for each operation, beside the dozens that follow from the document's limits and types."""
REPEATED = 20 if LONG else 10
"""So many for each operation are sent once more, about things that exist."""

BEYOND_THE_DOCUMENT = [
    positive_data_acceptance,  # cursors, dates in the past, ids of nothing fit the document and are refused all the same
    missing_required_header,  # wants 400 without If-Match; the status made for it is 428
]

schema = schemathesis.openapi.from_path(DOCUMENT)
schema.app = application


def test_the_document_is_what_the_code_serves(tmp_path):
    written = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(written), validate=True, fail_on_warn=True)
    assert written.read_text() == DOCUMENT.read_text(), "run `make schema`"


@pytest.fixture(scope="module")
def clinic(django_db_setup, django_db_blocker) -> Iterator[dict[str, Any]]:
    """A clinic with a booked course; the manager's token; the id of one thing of each kind. One transaction for all."""
    # the application closes connections between requests; here they share the test's transaction, as with Django's client
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    with time_machine.travel(NOW), django_db_blocker.unblock(), transaction.atomic():
        yield furnished()
        transaction.set_rollback(True)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def furnished() -> dict[str, Any]:
    site = SiteFactory()
    desk, manager, clinician = (UserFactory(role=role) for role in (Role.FRONT_DESK, Role.MANAGER, Role.CLINICIAN))
    patient = PatientFactory(site=site)
    resources = equip(site)
    version = protocols.publish(document=series(gates=[CONSENT]), by=manager, now=NOW)
    course = courses.book(
        protocol_version=version,
        site=site,
        patient=patient,
        start_on=date(2026, 5, 5),
        wishes={},
        by=desk,
        now=NOW,
    ).course
    visit = course.visits.get(key="talks.3")
    entry = waitlist.join(visit=visit, valid_until=date(2026, 5, 30), by=desk, now=NOW)
    _, secret = ApiToken.issue(user=manager, name="Fuzz", scopes=["write"], now=NOW, lifetime=timedelta(days=1))
    return {
        "authorization": f"Bearer {secret}",
        "sites": site.pk,
        "alerts": AlertFactory(assessment__course=course).pk,
        "patients": patient.pk,
        "protocols": version.protocol_id,
        "resources": resources["Chair 3"].pk,
        "courses": course.pk,
        "change-sets": visit.appointment.change_set_id,
        "visits": visit.pk,
        "appointments": visit.appointment_id,
        "fulfilments": gates.fulfil(course=course, gate="consent.1", by=desk, now=NOW)[0].pk,
        "handovers": handovers.hand_over(event=Decide(course.pk, "hold"), by=clinician, now=NOW, reason="Infection").pk,
        "ticks": VisitTick.objects.create(visit=visit, step="start", at=NOW, by=clinician).pk,
        "messages": Message.objects.filter(patient=patient).order_by("due_at", "pk")[0].pk,
        "message-pauses": pauses.pause(by=manager, now=NOW, channel=Channel.CALL).pk,
        "waitlist": entry.pk,
        "offers": offered(entry, at=NOW + timedelta(days=3), now=NOW, by=desk).pk,
        "planning-jobs": jobs.close(closure=Closure(site, "Works", on=date(2026, 5, 29)), by=manager, now=NOW).pk,
        "protocol_version": version.pk,
    }


@pytest.fixture
def world(clinic) -> dict[str, Any]:
    """The clinic, for one operation."""
    return clinic | {"sent": 0}


@pytest.mark.django_db  # a savepoint inside the clinic's transaction
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_a_client_sends_makes_the_server_fail(case, world):
    authorization = {"Authorization": world["authorization"]}
    with transaction.atomic():
        case.call_and_validate(headers=authorization, excluded_checks=BEYOND_THE_DOCUMENT)
        transaction.set_rollback(True)
    world["sent"] += 1
    if world["sent"] > REPEATED:
        return
    about_something(case, world)
    with transaction.atomic():
        # what was wrong may be right now; and who may call is the matrix's matter
        excluded = [*BEYOND_THE_DOCUMENT, negative_data_rejection, ignored_auth]
        case.call_and_validate(headers=authorization, excluded_checks=excluded)
        transaction.set_rollback(True)


def about_something(case: Any, world: dict[str, Any]) -> None:
    """Puts real ids in the place of made-up ones, so that the request gets further than "there is no such thing"."""
    if case.path_parameters:
        case.path_parameters["key"] = str(world[case.path.split("/")[3]])
    headers = case.headers or {}
    if "If-Match" in headers:
        headers["If-Match"] = '"1"'
    if isinstance(case.body, dict):
        for field, kind in {"site": "sites", "patient": "patients", "protocol_version": "protocol_version"}.items():
            if field in case.body:
                case.body[field] = str(world[kind])
        if "start_on" in case.body:
            case.body["start_on"] = "2026-05-05"
