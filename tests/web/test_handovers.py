"""Decisions of clinicians that the desk carries out, and the next time that keeps every rule."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.urls import reverse

from scheduler.models import ChangeSet
from tests.web.conftest import signed_in
from treatments.models import DecisionHandover, DecisionRecord, HandoverState, VisitStatus

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def hand_over(client, course, **data):
    form = {"way": "spacing:infusions", "gap_days": "4", "reason": "Sleeps badly", "hand": "1", **data}
    return client.post(reverse("decide-course", args=[course.pk]), form, follow=True)


def carried_out(client, handover, hidden):
    url = reverse("handed", args=[handover.pk])
    page = client.get(url).content.decode()
    fields = {name: hidden(page, name) for name in ("digest", "key")}
    return client.post(url, {"do": "carry_out", **fields}, follow=True)


def test_a_decision_is_handed_over_and_carried_out(clara, flora, desk, nurse, course, hidden, mona):
    clinician = signed_in(clara)
    view = clinician.get(reverse("progress", args=[course.pk])).content.decode()
    ways = re.findall(r'href="[^"]+/decide\?([^"#]+)#change">([^<]+)<', view)
    assert ("way=spacing%3Ainfusions&amp;gap_days=4", "Stretch or tighten infusions: 3 to 5 days apart") in ways
    assert ("way=cross_over", "Cross over: end this course, and book one of another protocol") in ways
    looked = clinician.get(reverse("decide-course", args=[course.pk]), {"way": "spacing:infusions", "gap_days": "4"})
    assert "Hand to the desk" in text(looked)
    assert hand_over(clinician, course, reason=" ").status_code == 422
    assert "Say how many days" in text(hand_over(clinician, course, gap_days=""))
    assert "The protocol allows 3 to 5 days" in text(hand_over(clinician, course, gap_days="9"))
    assert not DecisionHandover.objects.exists()
    assert "Waits for the desk" in text(hand_over(clinician, course))
    assert "Withdraw it first" in text(hand_over(clinician, course))
    handover = DecisionHandover.objects.get()
    assert "1 decision to carry out" in text(desk.get("/"))
    assert "Change the distance: infusions, 4 days apart" in text(desk.get("/work-list/?tab=handed"))
    said = text(desk.get(reverse("course", args=[course.pk])))
    assert "Clara Clinician decided: Change the distance: infusions, 4 days apart . Waits for the desk." in said
    assert nurse.get(reverse("handed", args=[handover.pk])).status_code == 403
    assert desk.get(reverse("decide-course", args=[course.pk])).status_code == 403
    answer = carried_out(desk, handover, hidden)
    assert "Carried out for" in text(answer)
    record, done = DecisionRecord.objects.get(), ChangeSet.objects.latest("created_at")
    assert (record.by, record.reason, done.by) == (clara, "Sleeps badly", flora)
    course.refresh_from_db()
    handover.refresh_from_db()
    assert (course.spacing, handover.state, handover.change_set) == ({"infusions": 4}, HandoverState.DONE, done)
    assert "Carried out by Flora Desk" in text(clinician.get(reverse("progress", args=[course.pk])))
    assert "carried out meanwhile" in text(desk.post(reverse("handed", args=[handover.pk]), {"do": "carry_out"}))
    assert DecisionRecord.objects.count() == 1


def test_it_is_sent_back_or_withdrawn(clara, desk, course):
    clinician = signed_in(clara)
    hand_over(clinician, course, way="hold")
    url = reverse("handed", args=[DecisionHandover.objects.get().pk])
    assert "Say what the clinician" in text(desk.post(url, {"do": "return", "note": ""}))
    assert desk.post(url, {"do": "withdraw"}).status_code == 409, "only clinicians withdraw"
    assert "Sent back" in text(desk.post(url, {"do": "return", "note": "She wants to talk first"}, follow=True))
    assert "She wants to talk first" in text(clinician.get(reverse("progress", args=[course.pk])))
    hand_over(clinician, course, way="hold")
    second = DecisionHandover.objects.get(state=HandoverState.OPEN)
    assert "Withdrawn" in text(clinician.post(reverse("handed", args=[second.pk]), {"do": "withdraw"}, follow=True))
    course.refresh_from_db()
    assert not course.on_hold
    assert not DecisionRecord.objects.exists()


def test_where_the_desk_carries_out_a_clinician_cannot(clara, course, site):
    site.desk_carries_out = True
    site.save()
    clinician = signed_in(clara)
    form = {"way": "hold", "reason": "Infection"}
    clinician.post(reverse("decide-course", args=[course.pk]), form)
    course.refresh_from_db()
    assert not course.on_hold
    assert DecisionHandover.objects.get().choice == "hold"


def test_crossing_over_ends_the_course_and_leads_to_booking(clara, course, hidden):
    clinician = signed_in(clara)
    url = reverse("decide-course", args=[course.pk])
    page = clinician.get(url, {"way": "cross_over"}).content.decode()
    fields = {name: hidden(page, name) for name in ("digest", "key")}
    answer = clinician.post(url, {"way": "cross_over", "reason": "No response", **fields})
    assert answer["Location"] == f"{reverse('book-course')}?patient={course.patient_id}"
    assert set(course.visits.values_list("status", flat=True)) == {VisitStatus.CANCELLED}
    assert DecisionRecord.objects.get().choice == "cross_over"


def test_the_next_time_that_keeps_every_rule(clara, nurse, course, hidden):
    """Infusion 2 stands on Friday; another time with everything else where it is, looked at before anything moves."""
    clinician = signed_in(clara)
    two = course.visits.select_related("appointment").get(key="infusions.2")
    before = two.appointment.starts_at
    answer = clinician.get(reverse("next-time", args=[two.pk]), follow=True)
    [(address, _)] = answer.redirect_chain
    assert address.startswith(reverse("move-visit", args=[two.pk]))
    page = answer.content.decode()
    two.appointment.refresh_from_db()
    assert two.appointment.starts_at == before, "looking changes nothing"
    assert "visits stay" in page
    asked = dict(parse_qsl(urlsplit(address).query))
    fields = {name: hidden(page, name) for name in ("digest", "key", "version")}
    assert clinician.post(reverse("move-visit", args=[two.pk]), asked | fields).status_code == 302
    two.appointment.refresh_from_db()
    assert two.appointment.starts_at != before, "two operations: the link, and the press"
    assert nurse.get(reverse("next-time", args=[two.pk])).status_code == 403
