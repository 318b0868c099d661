"""Who works on which row: seen by colleagues on every list that several people work through, and in nobody's way."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine

from clinics.actions import work_marks
from clinics.models import WorkList, WorkMark
from core.errors import NotAllowed
from notifications.models import Message
from tests.factories.clinics import PatientFactory, UserFactory
from tests.factories.treatments import CourseFactory, ProtocolVersionFactory, VisitFactory, WaitlistEntryFactory
from tests.notifications.booking import book
from tests.treatments.documents import series
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db


def rows(site, now) -> dict[str, tuple[str, object]]:
    """One row on each list: its page and what it is about."""
    version = ProtocolVersionFactory(document=series())
    visit = VisitFactory(
        course=CourseFactory(patient=PatientFactory(site=site), protocol_version=version), key="talks.1"
    )
    entry = WaitlistEntryFactory(visit=visit, valid_until=date(2026, 6, 30))
    book(visit.course.patient, now + timedelta(days=7), now=now)
    message = Message.objects.filter(state="scheduled").earliest("due_at")
    return {
        "to-schedule": ("/work-list/", visit),
        "waitlist": ("/waitlist/", entry),
        "messages": (f"/messages/?state=scheduled&patient={visit.course.patient_id}", message),
    }


def test_a_mark_is_seen_on_every_list_for_ten_minutes_and_taken_off(desk, site, flora, mona, now):
    colleague = signed_in(mona)
    for listed, (page, row) in rows(site, now).items():
        press = f"/working/{listed}/{row.pk}"
        assert "I am on it<" in desk.get(page).content.decode()
        answer = desk.post(press, {"do": "begin", "next": page})
        assert answer["Location"] == f"{page}#work-{row.pk}"
        assert "You are on it" in desk.get(page).content.decode()
        seen = colleague.get(page).content.decode()
        assert "Flora Desk is on it" in seen
        assert f'id="mark-{row.pk}"' not in seen
        late = colleague.post(press, {"do": "begin", "next": page}, follow=True).content.decode()
        assert "Flora Desk is working on this." in late
        assert WorkMark.objects.get(listed=listed).by == flora
        colleague.post(press, {"do": "leave"})
        assert WorkMark.objects.filter(listed=listed).exists(), "nobody takes off the mark of somebody else"
        with time_machine.travel(now + work_marks.LASTS + timedelta(seconds=30)):
            assert "is on it" not in colleague.get(page).content.decode()
            colleague.post(press, {"do": "begin"})
        assert WorkMark.objects.get(listed=listed).by == mona, "a forgotten one is taken over"
        colleague.post(press, {"do": "leave", "next": "https://elsewhere.example/"})
        assert not WorkMark.objects.filter(listed=listed).exists()


def test_what_is_no_row_is_not_marked_and_marking_takes_what_the_work_takes(desk, nurse, site, now):
    known = rows(site, now)
    _, visit = known["to-schedule"]
    for address in (
        f"/working/to-schedule/{uuid4()}",
        f"/working/elsewhere/{visit.pk}",
        f"/working/messages/{visit.pk}",
    ):
        assert desk.post(address, {"do": "begin"}).status_code == 404
    assert desk.post(f"/working/to-schedule/{visit.pk}", {"do": "sing"}).status_code == 404
    assert desk.get(f"/working/to-schedule/{visit.pk}").status_code == 405
    assert nurse.post(f"/working/to-schedule/{visit.pk}", {"do": "begin"}).status_code == 403
    assert "I am on it<" not in nurse.get("/work-list/").content.decode()
    nobody = UserFactory(role="front_desk", is_active=False)
    for act in (work_marks.begin, work_marks.leave):
        with pytest.raises(NotAllowed):
            act(listed=WorkList.WAITLIST, row=uuid4(), by=nobody, **({"now": now} if act is work_marks.begin else {}))
    assert not WorkMark.objects.exists()
