"""Every change is recorded with its author, whatever wrote it, and the record cannot be changed."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from clinics.models import Patient, User
from core import audit
from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def events():
    return apps.get_model("clinics", "PatientEvent").objects.order_by("pgh_id")


def seen(events):
    return [
        (event.pgh_label, event.given_name, (event.pgh_context.metadata if event.pgh_context else {}))
        for event in events
    ]


def test_writes_of_every_kind_are_recorded_with_their_author(events, flora):
    by_flora = {"user": str(flora.id)}
    with audit.acting(flora):
        patient = PatientFactory(given_name="Ada")
        Patient.objects.filter(id=patient.id).update(given_name="Bea")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE clinics_patient SET given_name = 'Cleo' WHERE id = %s", [patient.id])
        Patient.objects.bulk_create([PatientFactory.build(site=patient.site, given_name="Dora")])
        patient.delete()
    assert seen(events) == [
        ("insert", "Ada", by_flora),
        ("update", "Bea", by_flora),
        ("update", "Cleo", by_flora),
        ("insert", "Dora", by_flora),
        ("delete", "Cleo", by_flora),
    ]


def test_a_change_that_changes_nothing_is_not_recorded(events):
    patient = PatientFactory()
    Patient.objects.filter(id=patient.id).update(given_name=patient.given_name)
    assert events.count() == 1


def test_without_an_author_it_is_recorded_all_the_same(events):
    PatientFactory(given_name="Ada")
    assert seen(events) == [("insert", "Ada", {})]


def test_the_record_is_append_only(events, flora):
    with audit.acting(flora):
        PatientFactory()
    for tamper in (
        lambda: events.update(given_name="Somebody else"),
        lambda: events.all().delete(),
        lambda: connection.cursor().execute("UPDATE clinics_patientevent SET given_name = 'x'"),
        lambda: connection.cursor().execute("DELETE FROM clinics_patientevent"),
    ):
        with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
            tamper()
    assert events.count() == 1


def test_secrets_are_not_kept():
    event = apps.get_model("clinics", "UserEvent")
    assert "password" not in {field.name for field in event._meta.fields}
    UserFactory(password="a long enough password")
    row = event.objects.get()
    hashed = User.objects.get().password
    assert hashed not in str(row.__dict__)


def test_every_model_of_ours_is_audited():
    """Except what is no domain fact: keys of requests, the events themselves, and forms begun on a phone, whose answers
    become a fact with the last one."""
    begun = "treatments.AssessmentDraft"
    ours = {"clinics", "scheduler", "treatments"}
    tracked = {model.pgh_tracked_model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")}
    bare = [
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in ours and model not in tracked and not hasattr(model, "pgh_tracked_model")
    ]
    assert bare == [begun]


def test_acting_nests_to_the_innermost(events, flora, mona):
    site = SiteFactory()
    with audit.acting(flora), audit.acting(mona):
        PatientFactory(site=site)
    assert events.get().pgh_context.metadata["user"] == str(mona.id)
