"""A request that is sent again is carried out once, and a change is about the version that was seen."""

import threading

import pytest
from django.db import connection

from clinics.models import Patient
from core.models import IdempotencyKey
from scheduler.models import Appointment
from tests.api.caller import Caller, with_token
from treatments.models import Course


@pytest.mark.django_db
class TestAgain:
    def test_booking_needs_a_key(self, desk, wanted):
        answer = desk.post("courses/", wanted)
        assert (answer.status_code, answer.json()["pointer"]) == (400, "Idempotency-Key")
        assert not Course.objects.exists()

    @pytest.mark.parametrize(
        "what", ["courses/{course}/cancel", "appointments/{one}/move", "appointments/{one}/cancel"]
    )
    def test_so_do_moving_and_cancelling(self, desk, course, what):
        one = Appointment.objects.get(visit__key="talks.3")
        path = what.format(course=course.pk, one=one.pk)
        body = {"starts_at": one.starts_at.isoformat()} if path.endswith("move") else {}
        answer = desk.post(path, body, version=1)
        assert (answer.status_code, answer.json()["pointer"]) == (400, "Idempotency-Key")
        one.refresh_from_db()
        assert one.version == 1

    def test_the_same_again_gives_the_same_answer(self, desk, wanted):
        first = desk.post("courses/", wanted, key="one")
        again = desk.post("courses/", dict(reversed(wanted.items())), key="one")
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["Idempotency-Replayed"] == "true"
        assert Course.objects.count() == 1

    def test_another_request_with_the_same_key_is_refused(self, desk, wanted):
        desk.post("courses/", wanted, key="one")
        answer = desk.post("courses/", wanted | {"start_on": "2026-05-06"}, key="one")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert Course.objects.count() == 1

    def test_a_key_is_free_again_after_a_refusal(self, desk, wanted):
        assert desk.post("courses/", wanted | {"start_on": "2026-05-01"}, key="one").status_code == 400
        assert desk.post("courses/", wanted, key="one").status_code == 201

    def test_everybody_has_keys_of_their_own(self, desk, wanted, clara, site):
        from tests.factories.clinics import PatientFactory

        assert desk.post("courses/", wanted, key="one").status_code == 201
        other = wanted | {"patient": str(PatientFactory(site=site).pk)}
        answer = with_token(clara).post("courses/", other, key="one")
        assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (201, False)

    def test_each_address_has_keys_of_its_own(self, desk, course):
        one, two = Appointment.objects.filter(visit__key__startswith="talks").order_by("starts_at")[:2]
        assert desk.post(f"appointments/{one.pk}/cancel", {}, key="k", version=1).status_code == 200
        assert desk.post(f"appointments/{two.pk}/cancel", {}, key="k", version=1).status_code == 422

    def test_a_cancellation_sent_again_with_the_newer_version_is_still_the_same(self, desk, course):
        path = f"courses/{course.pk}/cancel"
        first = desk.post(path, {"reason": "moved away"}, key="k", version=1)
        again = desk.post(path, {"reason": "moved away"}, key="k", version=2)
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_nothing_about_people_is_kept_with_the_key(self, desk, wanted):
        desk.post("courses/", wanted, key="one")
        kept = IdempotencyKey.objects.get()
        assert list(kept.reply) == ["id"]
        assert "Example" not in str(kept.__dict__)

    def test_a_key_helps_where_none_is_asked_for(self, desk, site):
        details = {"site": str(site.pk), "given_name": "Ana", "family_name": "Ruiz", "birth_on": "1980-05-02"}
        first, again = (desk.post("patients/", details, key="one") for _ in range(2))
        assert first.json() == again.json()
        assert Patient.objects.count() == 1


@pytest.mark.django_db
class TestVersions:
    def test_the_version_is_the_etag(self, desk, patient):
        assert desk.get(f"patients/{patient.pk}/").headers["ETag"] == '"1"'
        answer = desk.patch(f"patients/{patient.pk}/", {"desk_note": "by phone"}, version=1)
        assert (answer.status_code, answer.headers["ETag"], answer.json()["desk_note"]) == (200, '"2"', "by phone")

    def test_a_change_without_a_version_is_refused(self, desk, patient):
        answer = desk.patch(f"patients/{patient.pk}/", {"desk_note": "x"})
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")

    def test_a_stale_change_is_refused_with_what_is_now(self, desk, patient):
        desk.patch(f"patients/{patient.pk}/", {"desk_note": "first"}, version=1)
        answer = desk.patch(f"patients/{patient.pk}/", {"desk_note": "second"}, version=1)
        assert (answer.status_code, answer.json()["detail"]) == (412, {"current": {"version": 2}})
        patient.refresh_from_db()
        assert patient.desk_note == "first"

    def test_a_change_of_nothing_is_refused(self, desk, patient):
        assert desk.patch(f"patients/{patient.pk}/", {}, version=1).status_code == 400

    def test_a_weakened_etag_is_understood(self, desk, patient):
        # proxies that compress make ETags weak
        assert desk.patch(f"patients/{patient.pk}/", {"desk_note": "x"}, version='W/"1"').status_code == 200

    def test_moving_and_cancelling_need_the_version_too(self, desk, course):
        one = Appointment.objects.get(visit__key="talks.3")
        for verb, body in [("move", {"starts_at": one.starts_at.isoformat()}), ("cancel", {}), ("status", {})]:
            assert desk.post(f"appointments/{one.pk}/{verb}", body, key=verb).status_code == 428
        assert desk.post(f"courses/{course.pk}/cancel", {}, key="k").status_code == 428

    @pytest.mark.parametrize(("verb", "body"), [("cancel", {}), ("status", {"status": "done"})])
    def test_a_stale_appointment_says_what_is_now(self, desk, course, verb, body):
        one = Appointment.objects.get(visit__key="talks.3")
        answer = desk.post(f"appointments/{one.pk}/{verb}", body, key="k", version=9)
        assert (answer.status_code, answer.json()["code"]) == (412, "stale")
        assert answer.json()["detail"]["current"]["version"] == 1
        assert answer.json()["detail"]["current"]["status"] == "booked"


@pytest.mark.django_db(transaction=True)
def test_one_request_sent_four_times_at_once_is_carried_out_once(desk, wanted):
    answers = []

    def send() -> None:
        caller = Caller()
        caller.usual = dict(desk.usual)
        try:
            answers.append(caller.post("courses/", wanted, key="once"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 3
    assert Course.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_same_key_it_is_carried_out_more_often(desk, wanted):
    """The control of the test above: it is the key that keeps the second course from being booked."""
    answers = [desk.post("courses/", wanted | {"start_on": f"2026-05-{day}"}, key=day) for day in ("05", "26")]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Course.objects.count() == 2
