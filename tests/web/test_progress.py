"""The clinician's view of a course: what it says, who may see it, and typing answers without script."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from clinics.models import User
from core import clock
from tests.treatments.documents import series as document
from tests.web.conftest import signed_in
from treatments.actions import alerts, assessments, courses, preparing, protocols
from treatments.models import Alert, Assessment, Course, Visit, VisitStatus
from treatments.queries.assessments import form_id
from web import words
from web.progress_page import state_of

pytestmark = pytest.mark.django_db
MEASURES = [
    {
        "measure": "phq9",
        "title": "PHQ-9",
        "filled_by": "patient",
        "min_days_between": 7,
        "moments": [
            {"before": "infusions.first", "max_days": 14, "source": "T"},
            {"after": "infusions.last", "ideal_days": 28, "source": "T"},
        ],
        "source": "T",
    }
]


def booked(made, patient, *, by, published_by):
    """A course of this protocol from tomorrow."""
    now = clock.now()
    return courses.book(
        protocol_version=protocols.publish(document=made, by=published_by, now=now),
        site=patient.site,
        patient=patient,
        start_on=clock.local(now, patient.site.zone).date() + timedelta(days=1),
        wishes={},
        by=by,
        now=now,
    ).course


@pytest.fixture
def course(clinic, patient, flora, mona):
    return booked(document(assessments=MEASURES), patient, by=flora, published_by=mona)


def phq(total: int) -> dict[int, int]:
    """Answers with this sum and nothing in item 9."""
    answers = {}
    for number in range(1, 10):
        answers[number] = 0 if number == 9 else min(3, total)
        total -= answers[number]
    return answers


def take(course, by, total, *, days_ago, **more):
    now = clock.now()
    answers = phq(total) | more.pop("answers", {})
    return assessments.record(
        course=course, measure="phq9", answers=answers, by=by, now=now, taken_at=now - timedelta(days=days_ago), **more
    )


def address(course) -> str:
    return reverse("progress", args=[course.pk])


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_without_scores_it_says_which_is_due_first(course, clara):
    shown = text(signed_in(clara).get(address(course)))
    assert "No scores yet." in shown
    assert "PHQ-9 before infusion 1" in shown


def test_what_the_next_infusion_needs_is_said_once_each(
    clinic, patient, flora, mona, clara, nora, django_assert_max_num_queries
):
    now = clock.now()
    made = document(
        assessments=[
            *MEASURES,
            {
                "measure": "cssrs",
                "title": "C-SSRS",
                "filled_by": "clinician",
                "moments": [{"before": "infusions.each", "max_days": 0, "source": "T"}],
                "source": "T",
            },
        ],
        gates=[{"gate": "escort", "title": "A ride home", "before": "infusions.each", "source": "T"}],
    )
    made["visit_types"]["infusion"]["prepare"] = {"fasting": {"food_hours": 6, "clear_fluids_hours": 2, "source": "T"}}
    course = booked(made, patient, by=flora, published_by=mona)
    first = course.visits.select_related("appointment").get(key="infusions.1")
    shown = text(signed_in(clara).get(address(course)))
    ready = shown.partition("Ready for infusion 1, Thursday 7 May, 8am?")[2].partition("Scores and visits")[0]
    assert ready.count("A ride home") == 1
    assert "A ride home: needed by 7 May" in ready
    assert "C-SSRS screener due before infusion 1, clinician, from Thursday 7 May" in ready
    assert "PHQ-9 due before infusion 1, patient" in ready
    assert "No food from 2am, nothing to drink from 6am: not ticked yet" in ready
    assert shown.partition("Next steps")[2].count("A ride home") == 1
    for item in ("food", "drink"):
        preparing.tick(
            patient=patient.pk,
            appointment=first.appointment,
            schedule_epoch=1,
            item=item,
            done=True,
            by=User.objects.service(),
            now=now,
        )
    take(course, nora, 12, days_ago=0)
    clinician = signed_in(clara)
    with django_assert_max_num_queries(15):
        ready = text(clinician.get(address(course)))
    assert "No food from 2am, nothing to drink from 6am: ticked by the patient" in ready
    assert "PHQ-9 taken Monday 4 May" in ready


def test_every_fact_of_the_drawing_stands_beside_it(course, clara):
    shown = signed_in(clara).get(address(course)).content.decode()
    drawn, _, beside = shown.partition('<div class="chart"')[2].partition("</svg>")
    assert 'class="window"' in drawn
    last = max(visit.appointment.local_on for visit in course.visits.filter(family="infusion"))
    said = f"Planned window for follow-ups: {words.day(last + timedelta(days=1))} to {words.day(last + timedelta(days=84))}"
    assert f"{said}, 84 days" in beside
    listed = beside.partition("All visits")[2]
    for visit in course.visits.select_related("appointment"):
        assert f"visit={visit.appointment_id}" in listed
        assert f"</a> {words.short_day(visit.appointment.local_on)}" in listed


def test_the_line_of_state_tells_the_next_infusion_also_while_it_is_tentative(now):
    today = now.date()
    dated = [
        (Visit(label=f"Infusion {number}", family="infusion", status=status), today + timedelta(days=days))
        for number, status, days in (
            (1, VisitStatus.DONE, -4),
            (2, VisitStatus.MISSED, 0),
            (3, VisitStatus.TENTATIVE, 2),
        )
    ]
    said = "day 5 of 7 · infusion 3 of 3 on Wednesday 6 May, tentative"
    assert state_of(Course(), dated, today) == said
    assert state_of(Course(on_hold=True), dated, today) == f"on hold · {said}"


def test_scores_are_held_against_the_first(course, nora, clara):
    for total, days_ago in ((20, 30), (9, 20), (8, 13), (12, 2)):
        take(course, nora, total, days_ago=days_ago)
    response = signed_in(clara).get(address(course))
    shown = text(response)
    assert "first score" in shown
    assert "response 6" in shown, "the last score before the first infusion is the one to compare with"
    assert response.content.decode().count('class="score"') == 4


def test_relief_is_shaded_and_then_not_known(course, nora, clara):
    first = course.visits.get(key="infusions.1")
    Visit.objects.filter(pk=first.pk).update(status=VisitStatus.DONE)
    appointment = first.appointment
    back = timedelta(days=40)
    type(appointment).objects.filter(pk=appointment.pk).update(
        starts_at=appointment.starts_at - back, ends_at=appointment.ends_at - back, local_on=appointment.local_on - back
    )
    for total, days_ago in ((20, 45), (9, 28), (8, 20)):
        take(course, nora, total, days_ago=days_ago)
    shown = text(signed_in(clara).get(address(course)))
    assert "relief 8 days" in shown
    assert "not known 20 days" in shown
    assert "Relief 8 days, Mon 6 Apr to Tue 14 Apr. Not known 20 days, Tue 14 Apr to Mon 4 May." in shown
    assert "12 lower, 60 %. Response." in shown


def test_an_alert_is_above_everything_and_leads_to_its_acknowledgement(course, nora, clara, patient):
    take(course, nora, 8, days_ago=0, answers={9: 1})
    alert = Alert.objects.get()
    clinician = signed_in(clara)
    shown = text(clinician.get(address(course)))
    assert "question 9 answered above 0" in shown
    page = reverse("alert", args=[alert.pk])
    assert patient.full_name in text(clinician.get(reverse("alerts")))
    assert "Several days" in text(clinician.get(page))
    assert clinician.post(page, {"done": ""}).status_code == 422
    assert clinician.post(page, {"done": "Called, safe."}).status_code == 302
    assert "Seen by Clara Clinician: Called, safe." in text(clinician.get(address(course)))
    again = clinician.post(page, {"done": "Once more"})
    assert again.status_code == 409
    assert "has seen this already" in text(again)


def test_typing_answers_keeps_them_when_one_is_missing(course, nora):
    nurse = signed_in(nora)
    page = reverse("assess", args=[course.pk, form_id(course, "phq9")])
    here = clock.local(clock.now(), course.site.zone)
    when = {"taken_on": here.date().isoformat(), "taken_time": f"{here:%H:%M}"}
    given = when | {str(number): "1" for number in range(1, 9)}
    response = nurse.post(page, given)
    assert response.status_code == 422
    assert "Answer this too." in text(response)
    screen = nurse.post(reverse("assess", args=[course.pk, form_id(course, "cssrs")]), when | {"1": "0", "2": "1"})
    assert text(screen).count("Answer this too.") == 2 * len((3, 4, 5, 7)), "above, and at each that is missing"
    assert len(re.findall(r"<input[^>]* name=\"[0-9]\"[^>]* checked", response.content.decode())) == 8
    response = nurse.post(page, given | {"9": "0"}, follow=True)
    assert "PHQ-9 recorded" in text(response)
    assert Assessment.objects.get().values == dict.fromkeys(range(1, 9), 1) | {9: 0}


def test_of_a_form_kept_elsewhere_it_is_recorded_that_it_was_done(clinic, patient, flora, mona, nora):
    kept = MEASURES[0] | {"measure": "registry", "title": "Registry form", "filled_by": "clinician"}
    course = booked(document(assessments=[kept]), patient, by=flora, published_by=mona)
    nurse = signed_in(nora)
    assert "Registry form before infusion 1" in text(nurse.get(address(course)))
    page = reverse("assess", args=[course.pk, form_id(course, "registry")])
    assert "Say when it was done." in text(nurse.get(page))
    here = clock.local(clock.now(), course.site.zone)
    when = {"taken_on": here.date().isoformat(), "taken_time": f"{here:%H:%M}"}
    assert "Registry form recorded" in text(nurse.post(page, when, follow=True))
    made = Assessment.objects.get()
    assert (made.measure, made.answers, made.by) == ("registry", {}, nora)
    assert "Registry form before infusion 1" not in text(nurse.get(address(course))).partition("Next steps")[2]


@pytest.mark.parametrize(
    "nonsense", [{"1": "9"}, {"1": "x"}, {"taken_on": "soon"}, {"taken_on": "2999-01-01"}, {"taken_time": "25:00"}]
)
def test_nonsense_is_refused_in_words(course, nora, nonsense):
    here = clock.local(clock.now(), course.site.zone)
    given = {"taken_on": here.date().isoformat(), "taken_time": f"{here:%H:%M}"}
    given |= {str(number): "1" for number in range(1, 10)}
    response = signed_in(nora).post(reverse("assess", args=[course.pk, form_id(course, "phq9")]), given | nonsense)
    assert response.status_code == 422
    assert not Assessment.objects.exists()


def test_scores_are_not_for_the_front_desk(course, flora, mona, nora):
    take(course, nora, 20, days_ago=1, answers={9: 2})
    alert = Alert.objects.get()
    pages = [
        address(course),
        reverse("assess", args=[course.pk, form_id(course, "phq9")]),
        reverse("alerts"),
        reverse("alert", args=[alert.pk]),
    ]
    for user in (flora, mona):
        for page in pages:
            response = signed_in(user).get(page)
            assert response.status_code == 403, page
            assert "PHQ" not in response.content.decode()
    assert signed_in(nora).get(pages[0]).status_code == 200
    assert signed_in(nora).get(pages[2]).status_code == 403


def test_a_nurse_sees_the_alert_and_is_told_to_fetch_a_clinician(course, nora):
    take(course, nora, 20, days_ago=1, answers={9: 2})
    assert "Tell a clinician now." in text(signed_in(nora).get(address(course)))


def test_the_number_of_queries_does_not_grow_with_scores(course, nora, clara, django_assert_max_num_queries):
    clinician = signed_in(clara)
    take(course, nora, 20, days_ago=20)
    clinician.get(address(course))
    with django_assert_max_num_queries(15):
        clinician.get(address(course))
    for day in range(1, 20):
        take(course, nora, 20 - day, days_ago=20 - day)
    with django_assert_max_num_queries(15):
        clinician.get(address(course))


def test_alerts_are_acknowledged_once_by_action_too(course, nora, clara):
    take(course, nora, 20, days_ago=1, answers={9: 2})
    alerts.acknowledge(alert=Alert.objects.get(), done="Seen", by=clara, now=clock.now())
    assert "Nothing waits." in text(signed_in(clara).get(reverse("alerts")))


def test_the_front_desk_sees_only_that_a_clinician_is_needed(course, nora, flora, clara, patient):
    take(course, nora, 20, days_ago=0, answers={9: 2})
    desk = signed_in(flora)
    assert "Clinician needed" in text(desk.get(reverse("patients")))
    page = desk.get(reverse("clinician-needed"))
    shown = text(page)
    assert patient.full_name in shown
    assert "Asked: Clara Clinician." in shown
    assert "PHQ" not in page.content.decode()
    assert "1 alert" in text(signed_in(clara).get(reverse("patients")))
    alerts.acknowledge(alert=Alert.objects.get(), done="Seen", by=clara, now=clock.now())
    assert "Clinician needed" not in text(desk.get(reverse("patients")))


def test_the_list_of_alerts_costs_the_same_with_one_and_with_many(course, nora, clara, django_assert_max_num_queries):
    clinician = signed_in(clara)
    take(course, nora, 20, days_ago=1, answers={9: 2})
    clinician.get(reverse("alerts"))
    with django_assert_max_num_queries(8):
        clinician.get(reverse("alerts"))
    for _ in range(4):
        take(course, nora, 20, days_ago=1, answers={9: 2})
    with django_assert_max_num_queries(8):
        assert clinician.get(reverse("alerts")).content.decode().count("Open the alert of") == 5
