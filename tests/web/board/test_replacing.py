"""A nurse is ill: the visits are selected, other places are found, all of it is done at once and taken back."""

from datetime import timedelta

import pytest

from core import clock
from core.errors import NotAllowed
from scheduler.models import Absence, Allocation
from tests.web.conftest import signed_in
from treatments.actions import jobs
from treatments.many.closures import Closure
from treatments.models import PlanningJob, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def infusion(course):
    """Pat's first infusion, tomorrow."""
    return Visit.objects.select_related("appointment", "course__site").get(course=course, key="infusions.1")


@pytest.fixture
def nurse_of(infusion):
    """Who gives it."""
    return infusion.appointment.allocations.select_related("resource").filter(role="nurse")[0].resource


def on(visit):
    return clock.local(visit.appointment.starts_at, visit.course.site.zone).date()


def asked(desk, infusion, nurse, **more):
    sent = {
        "on": on(infusion).isoformat(),
        "visit": str(infusion.appointment_id),
        "resource": str(nurse.pk),
        "starts": "08:00",
        "ends": "18:00",
        "reason": "Ill",
    }
    return desk.post("/re-place/", sent | more)


def test_the_selected_visits_say_who_may_be_missing(desk, infusion, nurse_of):
    page = desk.get(f"/re-place/?on={on(infusion)}&visit={infusion.appointment_id}").content.decode()
    assert f"{nurse_of.name}: 1 selected visit" in page
    assert "Chair" in page


def test_nothing_selected_leads_back_to_the_board(desk, site):
    assert "No visits selected" in desk.get("/re-place/").content.decode()
    assert "No visits selected" in desk.get("/re-place/?visit=x&resource=%00&on=never").content.decode()


def test_from_the_search_to_the_new_places_and_back(desk, infusion, nurse_of, hidden):
    answer = asked(desk, infusion, nurse_of, note="back on Thursday")
    path = answer["Location"]
    assert "Looking for other places" in desk.get(path).content.decode()
    assert desk.post(path, {"digest": ""}).status_code == 409
    jobs.work()
    page = desk.get(path).content.decode()
    assert "Re-place 1 visit" in page
    assert infusion.course.patient.phone.as_national in page
    assert not Absence.objects.exists()

    board = desk.post(path, {"digest": hidden(page, "digest")}, follow=True).content.decode()
    assert "Done: 1 visit moved." in board
    assert Absence.objects.get().reason == "Ill: back on Thursday"
    assert not Allocation.objects.filter(appointment=infusion.appointment, resource=nurse_of, is_active=True).exists()

    desk.post(f"{path}undo")
    assert not Absence.objects.exists()
    assert Allocation.objects.filter(appointment=infusion.appointment, resource=nurse_of, is_active=True).exists()


def test_what_stays_without_a_visit_before_it_is_told_but_not_counted(desk, infusion, nurse_of):
    path = asked(desk, infusion, nurse_of)["Location"]
    jobs.work()
    job = PlanningJob.objects.get()
    talk = next(step for step in job.answer["courses"][0]["steps"] if step["visit"] == "talks.1")
    assert talk["fate"] == "stays"
    talk["reasons"] = [{"code": "depends_on_unplaced", "message": "Talk 1 depends on infusion 1."}]
    job.save(update_fields=["answer"])
    page = desk.get(path).content.decode()
    assert '<td>Stays<p class="why">Talk 1 depends on infusion 1.</p></td>' in page
    assert "Re-place 1 visit" in page


def test_the_undo_of_recent_changes_opens_again_too(desk, infusion, nurse_of, hidden):
    path = asked(desk, infusion, nurse_of)["Location"]
    jobs.work()
    desk.post(path, {"digest": hidden(desk.get(path).content.decode(), "digest")})
    desk.post(f"/changes/{PlanningJob.objects.get().change_set_id}/undo")
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"starts": "12:00", "ends": "11:00"}, {"starts": ""}, {"resource": "x"}, {"reason": "Tired"}, {"note": "x" * 99}],
)
def test_what_makes_no_sense_is_asked_again(desk, infusion, nurse_of, wrong):
    assert asked(desk, infusion, nurse_of, **wrong).status_code == 422
    assert not PlanningJob.objects.exists()


def test_a_day_that_is_over_becomes_today(desk, infusion, nurse_of, now):
    past = (now - timedelta(days=3)).date()
    assert desk.get(f"/re-place/?on={past}&resource={nurse_of.pk}").status_code == 200


def test_a_clinician_records_no_absences(clara, infusion):
    assert signed_in(clara).get("/re-place/").status_code == 403


def test_a_day_is_closed_and_opened_again_by_a_manager_only(site, flora, mona, now):
    closure = Closure(site, "Works", on=(now + timedelta(days=9)).date())
    with pytest.raises(NotAllowed):
        jobs.close(closure=closure, by=flora, now=now)
    job = jobs.close(closure=closure, by=mona, now=now)
    jobs.work()
    job.refresh_from_db()
    with pytest.raises(NotAllowed):
        jobs.apply(job=job, digest=job.digest, by=flora, now=now)
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    with pytest.raises(NotAllowed):
        jobs.undo(job=job, by=flora, now=now)
