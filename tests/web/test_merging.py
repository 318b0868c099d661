"""Merging two records of one person."""

from datetime import date, timedelta

import pytest

from clinics.actions import merges, notes, patients
from clinics.models import Patient
from core.errors import NotAllowed
from notifications.actions import consents
from notifications.engine.states import FINAL, Channel, Step
from notifications.models import Message
from notifications.models.consent import Source
from scheduler.models import Appointment
from scheduler.receivers import VisitsOverlap
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(site, patient):
    """The record that stays, without a phone."""
    return PatientFactory(
        site=site,
        given_name="Patricia",
        family_name="Example-Ruiz",
        birth_on="1980-02-29",
        phone="",
        email="p@example.org",
        may_text=False,
        may_email=True,
    )


def merged(kept, duplicate, by, now):
    return merges.merge(
        kept=kept,
        duplicate=duplicate,
        kept_version=kept.version,
        duplicate_version=duplicate.version,
        by=by,
        now=now,
    )


def test_everything_becomes_the_others(desk, kept, course, flora, now):
    duplicate = course.patient
    notes.add(patient=duplicate, text="Brings a dog.", by=flora, now=now)
    waiting = Message.objects.filter(patient=duplicate).exclude(state__in=FINAL).count()
    assert waiting
    visits = Appointment.objects.filter(patient=duplicate).count()
    phone = duplicate.phone
    merged(kept, duplicate, flora, now)
    kept.refresh_from_db()
    duplicate.refresh_from_db()
    assert duplicate.merged_into == kept
    assert (kept.courses.count(), kept.appointments.count()) == (1, visits)
    assert not duplicate.courses.exists()
    assert not duplicate.appointments.exists()
    assert Message.objects.filter(patient=kept).exclude(state__in=FINAL).count() == waiting
    assert kept.phone == phone
    assert (duplicate.may_text, duplicate.may_email, duplicate.may_call) == (False, False, False)
    page = desk.get(f"/patients/{kept.pk}/").content.decode()
    assert page.count('class="therapy') == 6
    assert "Brings a dog." in page
    assert desk.get(f"/patients/{duplicate.pk}/")["Location"] == f"/patients/{kept.pk}/"


def test_a_week_that_both_were_told_of_is_told_once(kept, patient, flora, now):
    def about_the_week(of):
        return Message.objects.create(
            patient=of,
            week_on=date(2026, 5, 11),
            step=Step.YOUR_WEEK,
            channel=Channel.EMAIL,
            due_at=now + timedelta(days=3),
            next_try_at=now + timedelta(days=3),
            not_after=now + timedelta(days=9),
        )

    first, second = about_the_week(kept), about_the_week(patient)
    merged(kept, patient, flora, now)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.patient, second.patient) == (kept, patient)


def test_is_found_by_both_numbers_and_names(desk, kept, patient, flora, now):
    merged(kept, patient, flora, now)
    for typed in (str(patient.number), str(kept.number), "pat example", "patricia ruiz"):
        page = desk.get("/patients/", {"q": typed}).content.decode()
        assert f"/patients/{kept.pk}/" in page, typed
        assert f"/patients/{patient.pk}/" not in page, typed


def test_a_duplicate_of_a_duplicate_leads_to_the_last(desk, site, kept, patient, flora, now):
    first = PatientFactory(site=site, given_name="Pattie", family_name="Exampel")
    notes.add(patient=first, text="From the first record.", by=flora, now=now)
    merged(patient, first, flora, now)
    patient.refresh_from_db()
    merged(kept, patient, flora, now)
    assert set(kept.duplicates.all()) == {first, patient}
    assert "From the first record." in desk.get(f"/patients/{kept.pk}/").content.decode()
    assert f"/patients/{kept.pk}/" in desk.get("/patients/", {"q": "pattie"}).content.decode()


def test_a_stop_that_was_said_last_holds_for_both(site, patient, flora, now):
    kept = PatientFactory(site=site, phone="+12125550199", may_text=False)
    consents.record(patient=kept, channel=Channel.SMS, given=True, source=Source.STAFF, by=flora, now=now)
    consents.record(
        patient=patient, channel=Channel.SMS, given=False, source=Source.SMS, by=flora, now=now + timedelta(hours=1)
    )
    kept.refresh_from_db()
    patient.refresh_from_db()
    merged(kept, patient, flora, now + timedelta(hours=2))
    kept.refresh_from_db()
    assert kept.may_text is False
    assert kept.consents.filter(channel=Channel.SMS).order_by("-recorded_at", "-id").first().given is False


def test_what_was_agreed_after_a_stop_still_holds(site, patient, flora, now):
    kept = PatientFactory(site=site, phone="+12125550199", may_text=False)
    consents.record(patient=patient, channel=Channel.SMS, given=False, source=Source.SMS, by=flora, now=now)
    consents.record(
        patient=kept, channel=Channel.SMS, given=True, source=Source.STAFF, by=flora, now=now + timedelta(hours=1)
    )
    kept.refresh_from_db()
    patient.refresh_from_db()
    merged(kept, patient, flora, now + timedelta(hours=2))
    kept.refresh_from_db()
    assert kept.may_text is True


def test_one_person_cannot_come_to_two_places(kept, course, clinic, flora, now):
    first = course.visits.order_by("appointment__starts_at").first().appointment
    other = AppointmentFactory(site=course.site, patient=kept, starts_at=first.starts_at + timedelta(minutes=10))
    AllocationFactory(appointment=other, resource=clinic["Room 2"])
    before = course.patient.version
    with pytest.raises(VisitsOverlap, match="at the same time"):
        merged(kept, course.patient, flora, now)
    course.patient.refresh_from_db()
    assert (course.patient.merged_into, course.patient.version) == (None, before)
    assert course.patient.courses.count() == 1


def test_what_cannot_be_merged(kept, patient, flora, nora, now):
    with pytest.raises(merges.InvalidInput):
        merged(kept, kept, flora, now)
    with pytest.raises(NotAllowed):
        merged(kept, patient, nora, now)
    with pytest.raises(merges.Outdated):
        merges.merge(kept=kept, duplicate=patient, kept_version=0, duplicate_version=1, by=flora, now=now)
    merged(kept, patient, flora, now)
    kept.refresh_from_db()
    patient.refresh_from_db()
    with pytest.raises(merges.AlreadyMerged):
        merged(kept, patient, flora, now)
    with pytest.raises(patients.PatientChanged):
        patients.edit(patient=patient, by=flora, now=now, version=patient.version, given_name="X")


def test_the_pages_find_compare_and_merge(desk, kept, patient, hidden):
    Patient.objects.filter(pk=kept.pk).update(family_name="Example")
    chosen = desk.get(f"/patients/{kept.pk}/merge").content.decode()
    assert "Perhaps one of these" in chosen
    assert f"?with={patient.pk}" in chosen
    assert "1 record found" in desk.get(f"/patients/{kept.pk}/merge", {"q": str(patient.number)}).content.decode()
    address = f"/patients/{kept.pk}/merge?with={patient.pk}"
    page = desk.get(address).content.decode()
    assert f"Merge number {patient.number} into number {kept.number}" in page
    form = {name: hidden(page, name) for name in ("with", "kept_version", "duplicate_version")}
    stale = desk.post(address, form | {"kept_version": "99"})
    assert stale.status_code == 409
    assert "Somebody else changed" in stale.content.decode()
    done = desk.post(address, form, follow=True).content.decode()
    assert "found by both numbers" in done
    assert "Also known as" in done


@pytest.mark.parametrize("other", ["x", "01890000-0000-7000-8000-000000000000"])
def test_merging_with_nobody(desk, patient, other):
    assert desk.get(f"/patients/{patient.pk}/merge?with={other}").status_code == 404


def test_a_duplicate_is_not_booked(desk, kept, patient, flora, now, asked):
    merged(kept, patient, flora, now)
    assert desk.get(f"/courses/book?patient={patient.pk}").status_code == 404
