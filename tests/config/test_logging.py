"""What the log never says."""

import io
import logging

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from config.logging import configure, plain
from config.routes import ROUTE
from tests.factories.clinics import PatientFactory


@pytest.fixture
def log():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure({"level": "INFO", "plain": False})
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    yield stream
    root.handlers, root.level = handlers, level


@pytest.mark.django_db
def test_a_traceback_does_not_repeat_the_row(log) -> None:
    patient = PatientFactory(family_name="Canary-Birdsong")
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE clinics_patient SET may_email = true, email = '' WHERE id = %s", [patient.pk])
    assert "Canary-Birdsong" in str(caught.value), "the control: the database's own words do repeat it"
    logging.getLogger("api").error("unexpected", exc_info=caught.value)
    assert "clinics_patient_email_to_write_to" in log.getvalue()
    assert "Canary-Birdsong" not in log.getvalue()


@pytest.mark.django_db
def test_the_access_log_has_the_pattern_of_an_address() -> None:
    asked = {"/v/a-code/visits.ics": "/v/<str:token>/visits.ics", "/nowhere": "-"}
    assert {path: Client().get(path).wsgi_request.META[ROUTE] for path in asked} == asked


def test_one_plain_line() -> None:
    event = {"event": "message_tried", "level": "warning", "timestamp": "x", "logger": "y", "state": "dead"}
    assert plain(None, "", event) == "warning: message_tried state=dead"
