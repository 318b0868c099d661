"""The page of a course; moving, placing, cancelling and missing visits; the work list."""

import re
from datetime import date, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
import time_machine

from core import clock
from notifications.engine.states import NEWS, State
from notifications.models import Message
from scheduler.models import Appointment, ChangeSet, Status
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from tests.treatments.documents import branching, series
from tests.web.conftest import signed_in
from treatments.actions import changes, courses, history, protocols, visits, waitlist
from treatments.models import Course, CourseStatus, DecisionRecord, GateFulfilment, Visit, VisitStatus
from web import words

pytestmark = pytest.mark.django_db


def visit(course, key):
    return Visit.objects.select_related("appointment").get(course=course, key=key)


def local(visit):
    return clock.local(visit.appointment.starts_at, visit.course.site.zone)


def test_says_in_one_sentence_how_it_stands(desk, course):
    page = desk.get(f"/courses/{course.pk}/").content.decode()
    first = words.day(local(visit(course, "infusions.1")).date())
    assert f"Running. 0 of 6 visits done. Next: Infusion 1, {first}" in page
    assert "Booked by Flora Desk" in page


def test_messages_are_for_those_who_may_see_them(desk, nurse, course):
    assert "Messages to the patient" in desk.get(f"/courses/{course.pk}/").content.decode()
    assert "Messages to the patient" not in nurse.get(f"/courses/{course.pk}/").content.decode()


def test_a_nurse_sees_no_buttons_that_would_be_refused(nurse, course):
    page = nurse.get(f"/courses/{course.pk}/").content.decode()
    assert "Move…" not in page
    assert "Cancel" not in page


def at(day, time, **more):
    """What the address or the form of the move page says."""
    return {"on": f"{day:%Y-%m-%d}", "at": time} | more


@pytest.fixture
def looked(desk, hidden):
    """Looks at what a move does and gives the form with its button."""

    def looked(visit, day, time, **more):
        page = desk.get(f"/visits/{visit.pk}/move", at(day, time)).content.decode()
        names = ("digest", "seen", "key", "version")
        return page, at(day, time, **{name: unescape(hidden(page, name)) for name in names}, **more)

    return looked


def test_moves_a_visit(desk, course, looked):
    talk = visit(course, "talks.1")
    page = desk.get(f"/visits/{talk.pk}/move").content.decode()
    assert f"Times on {words.day(local(talk).date())}" in page
    assert "Keeps everything else" in page
    page, form = looked(talk, local(talk), "16:00")
    assert "Moves: 1 visit. 5 visits stay as they are." in page
    assert "Move 1 visit and send 1 message" in page
    assert "Pat is told by e-mail: 1 message" in page
    answer = desk.post(f"/visits/{talk.pk}/move", form, follow=True)
    assert answer.redirect_chain == [(f"/courses/{course.pk}/#visit-{talk.pk}", 302)]
    assert "Talk 1 is moved to" in answer.content.decode()
    assert local(visit(course, "talks.1")).hour == 16
    assert local(visit(course, "infusions.1")) == local(visit(course, "infusions.1"))


def test_the_board_names_the_time_and_the_chair_in_the_address(desk, course, clinic):
    infusion = visit(course, "infusions.2")
    other = clinic["Chair 3"]
    page = desk.get(
        f"/visits/{infusion.pk}/move", {"starts_at": infusion.appointment.starts_at.isoformat(), "resource": other.pk}
    ).content.decode()
    assert "Chair 3" in page
    assert "Pat need not be told: no time changes." in page
    assert ">Move 1 visit<" in page


def test_every_time_on_offer_works_when_it_is_pressed(desk, course):
    talk = visit(course, "talks.1")
    page = desk.get(f"/visits/{talk.pk}/move").content.decode()
    links = re.findall(r'<li><a class="button small" href="(\?on=[^"]+)#change"', page)
    assert len(links) > 5
    for link in links[::12]:
        assert "Move 1 visit" in desk.get(f"/visits/{talk.pk}/move{unescape(link)}").content.decode()


def test_what_else_moves_is_shown_first_and_then_done(desk, course, looked):
    infusion = visit(course, "infusions.2")
    page, form = looked(infusion, local(infusion) + timedelta(days=1), "10:00")
    said = re.search(r"Moves: (\d) visits", page)
    assert said
    assert f"Move {said[1]} visits" in page
    before = dict(course.visits.values_list("key", "appointment__starts_at"))
    desk.post(f"/visits/{infusion.pk}/move", form)
    after = dict(course.visits.values_list("key", "appointment__starts_at"))
    assert sum(after[key] not in (None, before[key]) for key in before) == int(said[1])


def test_a_move_against_the_rules_says_every_reason_and_what_works_instead(desk, course, looked):
    infusion = visit(course, "infusions.1")
    Appointment.objects.filter(pk=infusion.appointment_id).update(status=Status.DONE)
    Visit.objects.filter(pk=infusion.pk).update(status=VisitStatus.DONE)
    talk = visit(course, "talks.1")
    late = local(talk) + timedelta(days=6)
    answer = desk.get(f"/visits/{talk.pk}/move", at(late, "10:05"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f"{words.day(late.date())}, 10:05am does not work for Talk 1" in page
    assert 'value="10:05"' in page
    ways = re.findall(r'href="(/visits/[^"]+starts_at=[^"]+)#change"', page)
    assert 1 <= len(ways) <= 3
    for way in ways:
        assert "Move 1 visit" in desk.get(unescape(way)).content.decode()
    assert local(visit(course, "talks.1")) == local(talk)


def test_a_taken_place_names_who_has_it_to_who_may_know(desk, course, clinic, flora, site):
    talk = visit(course, "talks.1")
    made = ChangeSet.objects.create(verb="book", by=flora, site=site)
    for name in ("Theo", "Tessa"):
        starts = talk.appointment.starts_at + timedelta(hours=3)
        who = PatientFactory(site=site, given_name="Omar", family_name="Haddad")
        other = AppointmentFactory(
            site=site, patient=who, change_set=made, starts_at=starts, ends_at=starts + timedelta(hours=1)
        )
        AllocationFactory(appointment=other, resource=clinic[name])
    answer = desk.get(f"/visits/{talk.pk}/move", at(local(talk), f"{local(talk) + timedelta(hours=3):%H:%M}"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Omar H., booked by Flora Desk" in page
    assert "Works instead" in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"on": ""}, "on"),
        ({"on": "31/31"}, "on"),
        ({"at": "soon"}, "at"),
        ({"on": "2020-01-01"}, "at"),
        ({"on": "2199-01-01"}, "at"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_impossible_time_is_said_at_its_field(desk, course, change, field, method):
    talk = visit(course, "talks.1")
    asked = {"on": "2026-05-06", "at": "16:00", "version": talk.appointment.version} | change
    answer = getattr(desk, method)(f"/visits/{talk.pk}/move", asked)
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in answer.content.decode()


@pytest.mark.parametrize("starts_at", ["", "soon", "2026-05-06T10:00", "0001-01-01T00:00+14:00", "\x00"])
def test_nonsense_in_the_address_is_no_error(desk, course, starts_at):
    talk = visit(course, "talks.1")
    address = f"/visits/{talk.pk}/move"
    assert desk.get(address, {"starts_at": starts_at, "resource": "x"}).status_code in (200, 409, 422)


def test_a_move_of_what_somebody_else_moved_is_refused(desk, course, looked):
    talk = visit(course, "talks.1")
    _, form = looked(talk, local(talk), "16:00")
    answer = desk.post(f"/visits/{talk.pk}/move", form | {"version": "0"})
    assert answer.status_code == 409
    assert "changed this visit meanwhile" in answer.content.decode()


def test_a_press_that_would_do_something_else_by_now_does_nothing_and_shows_the_difference(desk, course, looked, mona):
    infusion = visit(course, "infusions.2")
    _, form = looked(infusion, local(infusion), "15:00")
    talk = visit(course, "talks.1")
    later = talk.appointment.starts_at + timedelta(hours=1)
    visits.move(visit=talk, starts_at=later, by=mona, now=clock.now(), version=None)
    answer = desk.post(f"/visits/{infusion.pk}/move", form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Something changed since you looked" in page
    assert local(visit(course, "infusions.2")) == local(infusion)
    again = {name: unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1]) for name in ("digest", "key")}
    assert desk.post(f"/visits/{infusion.pk}/move", form | again).status_code == 302
    assert local(visit(course, "infusions.2")).hour == 15


def test_a_press_without_a_look_only_shows(desk, course):
    talk = visit(course, "talks.1")
    answer = desk.post(f"/visits/{talk.pk}/move", at(local(talk), "16:00", version=talk.appointment.version))
    assert answer.status_code == 200
    assert "Move 1 visit" in answer.content.decode()
    assert local(visit(course, "talks.1")) == local(talk)


def test_pressed_twice_it_is_moved_once(desk, course, looked):
    talk = visit(course, "talks.1")
    _, form = looked(talk, local(talk), "16:00")
    sets = ChangeSet.objects.count()
    for _ in range(2):
        assert desk.post(f"/visits/{talk.pk}/move", form).status_code == 302
    assert ChangeSet.objects.count() == sets + 1


def cancelling(desk, hidden, visit, scope, **more):
    page = desk.get(f"/visits/{visit.pk}/cancel").content.decode()
    names = (f"digest-{scope}", f"seen-{scope}", "key", "version")
    return page, {"scope": scope, **{name: unescape(hidden(page, name)) for name in names}} | more


def test_cancels_one_visit(desk, course, hidden):
    page, form = cancelling(desk, hidden, visit(course, "talks.3"), "this", why="patient")
    assert "Only this visit" in page
    answer = desk.post(f"/visits/{visit(course, 'talks.3').pk}/cancel", form, follow=True)
    page = answer.content.decode()
    assert "Talk 3 is cancelled" in page
    assert "is free again" in page
    link = unescape(re.search(r'href="(/waitlist/fitting[^"]+)"', page)[1])
    assert desk.get(link).status_code == 200
    talk = visit(course, "talks.3")
    assert (talk.status, talk.appointment.status) == (VisitStatus.CANCELLED, Status.CANCELLED)


def test_cancels_this_and_the_later_ones_of_its_kind(desk, course, hidden):
    second = visit(course, "talks.2")
    page, form = cancelling(desk, hidden, second, "later", why="clinic")
    assert "Cancel 1 visit and send 1 message" in page
    assert "Cancel 2 visits and send 1 message" in page
    answer = desk.post(f"/visits/{second.pk}/cancel", form, follow=True)
    assert "Talk 2 is cancelled, and 1 more visit with it" in answer.content.decode()
    assert course.visits.filter(status=VisitStatus.CANCELLED).count() == 2


def test_cancelling_asks_why_and_keeps_the_rest(desk, course, hidden):
    talk = visit(course, "talks.2")
    _, form = cancelling(desk, hidden, talk, "later", note="Called at nine")
    answer = desk.post(f"/visits/{talk.pk}/cancel", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose why." in page
    assert 'value="later" checked' in page
    assert "Called at nine" in page


def test_a_cancelled_visit_offers_no_second_time(desk, course, hidden):
    talk = visit(course, "talks.3")
    _, form = cancelling(desk, hidden, talk, "this", why="patient")
    desk.post(f"/visits/{talk.pk}/cancel", form)
    answer = desk.get(f"/visits/{talk.pk}/cancel")
    assert answer.status_code == 409
    assert "cancelled already" in answer.content.decode()


def test_cancels_the_course_with_the_numbers(desk, course, hidden):
    page = desk.get(f"/courses/{course.pk}/cancel").content.decode()
    assert "6 visits will be cancelled" in page
    assert ">Cancel 6 visits and send 1 message<" in page
    form = {"why": "clinic", "digest": hidden(page, "digest"), "key": hidden(page, "key")}
    answer = desk.post(f"/courses/{course.pk}/cancel", form, follow=True)
    assert "is cancelled: 6 visits." in answer.content.decode()
    assert f'"/waitlist/?site={course.site.code}">Who on the waitlist' in answer.content.decode()
    assert Course.objects.get().status == CourseStatus.CANCELLED
    assert "nothing left to cancel" in desk.get(f"/courses/{course.pk}/cancel").content.decode()


def test_a_stale_press_cancels_nothing(desk, course):
    answer = desk.post(f"/courses/{course.pk}/cancel", {"why": "clinic", "digest": "old", "key": "1"})
    assert answer.status_code == 409
    assert "Something changed since you looked" in answer.content.decode()
    assert Course.objects.get().status == CourseStatus.ACTIVE


def test_who_did_not_come_gets_what_the_protocol_says_as_a_proposal(flora, course, hidden):
    infusion = visit(course, "infusions.1")
    with time_machine.travel(infusion.appointment.ends_at):
        desk = signed_in(flora)
        page = desk.get(f"/visits/{infusion.pk}/missed").content.decode()
        assert "Pat did not come to Infusion 1" in page
        assert "Mark 1 visit as missed" in page
        assert visit(course, "infusions.1").status == VisitStatus.BOOKED
        page = desk.get(f"/visits/{infusion.pk}/missed", {"then": "append"}).content.decode()
        assert "book 1 visit" in page
        names = ("digest", "key", "version")
        form = {"then": "append"} | {name: hidden(page, name) for name in names}
        answer = desk.post(f"/visits/{infusion.pk}/missed", form, follow=True)
    assert "Infusion 1 is marked as missed." in answer.content.decode()
    assert visit(course, "infusions.1").status == VisitStatus.MISSED
    assert Visit.objects.filter(course=course, key="infusions.4").exists()


def test_nobody_misses_what_has_not_begun(desk, course):
    answer = desk.get(f"/visits/{visit(course, 'infusions.1').pk}/missed")
    assert answer.status_code == 409
    assert "has not begun" in answer.content.decode()


def test_undoing_a_move_inside_the_hold_sends_nothing_and_restores_everything(desk, course, looked, flora):
    before = history.states([course.pk])
    waiting = set(
        Message.objects.filter(state=State.SCHEDULED).values_list("step", "channel", "appointment__starts_at")
    )
    infusion = visit(course, "infusions.2")
    _, form = looked(infusion, local(infusion) + timedelta(days=1), "10:00")
    desk.post(f"/visits/{infusion.pk}/move", form)
    assert history.states([course.pk])[course.pk] is not None
    change_set = ChangeSet.objects.order_by("-created_at")[0]
    moved = {line.appointment_id: line.before for line in change_set.lines.all()}
    changes.undo(change_set=change_set, by=flora, now=clock.now())
    assert history.states([course.pk]) == before
    for appointment in Appointment.objects.filter(pk__in=moved):
        assert appointment.starts_at == datetime.fromisoformat(moved[appointment.pk]["starts_at"])
    news = Message.objects.filter(state=State.SCHEDULED, step__in=NEWS)
    assert [message.step for message in news if message.step != "plan"] == []
    assert waiting == set(
        Message.objects.filter(state=State.SCHEDULED).values_list("step", "channel", "appointment__starts_at")
    )


def test_gives_a_waiting_visit_a_time(desk, asked, clinic, hidden):
    for name in ("Theo", "Tessa"):
        clinic[name].is_active = False
        clinic[name].save()
    page = desk.post("/courses/book", asked).content.decode()
    desk.post("/courses/book", asked | {"do": "book", "plan": hidden(page, "plan"), "key": hidden(page, "key")})
    clinic["Theo"].is_active = True
    clinic["Theo"].save()
    course = Course.objects.get()
    talk, infusion = visit(course, "talks.1"), visit(course, "infusions.1")
    assert f"/visits/{talk.pk}/next" in desk.get("/work-list/").content.decode()
    answer = desk.get(f"/visits/{talk.pk}/next", follow=True)
    assert answer.redirect_chain[0][0].startswith(f"/visits/{talk.pk}/place?on=")
    assert "Book 1 visit" in answer.content.decode(), "one press more"
    on = local(infusion) + timedelta(days=1)
    page = desk.get(f"/visits/{talk.pk}/place", {"on": f"{on:%Y-%m-%d}", "at": "10:00"}).content.decode()
    assert "Book 1 visit" in page
    form = {"on": f"{on:%Y-%m-%d}", "at": "10:00", "digest": hidden(page, "digest"), "key": hidden(page, "key")}
    answer = desk.post(f"/visits/{talk.pk}/place", form, follow=True)
    assert "Talk 1 is booked on" in answer.content.decode()
    assert visit(course, "talks.1").status == VisitStatus.BOOKED


def test_the_work_list_says_when_nothing_waits(desk, course):
    assert "Every visit has a time" in desk.get("/work-list/").content.decode()


# --- what else there is about a course ---


@pytest.fixture
def gated(clinic, mona, site, patient, flora, now):
    """A course that waits for a consent and, before each infusion, for somebody to take the patient home."""
    document = series(
        code="gated",
        gates=[
            {"gate": "consent", "title": "Consent", "before": "infusions.first", "source": "T"},
            {"gate": "escort", "title": "A ride home", "before": "infusions.each", "source": "T"},
        ],
    )
    version = protocols.publish(document=document, by=mona, now=now)
    return courses.book(
        protocol_version=version, site=site, patient=patient, start_on=date(2026, 5, 6), wishes={}, by=flora, now=now
    ).course


def test_says_what_has_to_be_there_and_takes_down_that_it_is(nurse, gated):
    page = nurse.get(f"/courses/{gated.pk}/").content.decode()
    assert "Consent" in page
    assert "needed by" in page
    answer = nurse.post(f"/courses/{gated.pk}/fulfil", {"gate": "consent.1"}, follow=True)
    assert "Written down: it is there." in answer.content.decode()
    assert GateFulfilment.objects.get().gate == "consent.1"
    first = visit(gated, "infusions.1")
    nurse.post(f"/courses/{gated.pk}/fulfil", {"gate": "escort.1", "visit": str(first.pk)})
    ride = GateFulfilment.objects.get(gate="escort.1")
    assert ride.visit == "infusions.1"
    path = f"/courses/{gated.pk}/fulfilled/{ride.pk}/withdraw"
    page = nurse.get(f"/courses/{gated.pk}/").content.decode()
    assert "For infusion 1, since Monday 4 May, written down by Nora Nurse" in page
    assert path in page
    page = nurse.post(path, {"reason": "The car broke down"}, follow=True).content.decode()
    assert "it is not there any more" in page
    assert path not in page
    assert ride.withdrawal.reason == "The car broke down"
    assert nurse.post(path).status_code == 409
    assert nurse.post(f"/courses/{uuid4()}/fulfilled/{ride.pk}/withdraw").status_code == 404


@pytest.mark.parametrize("sent", [{}, {"gate": "moon.1"}, {"gate": "escort.1"}, {"gate": "escort.1", "visit": "x"}])
def test_what_nobody_waits_for_is_not_written_down(nurse, gated, sent):
    assert nurse.post(f"/courses/{gated.pk}/fulfil", sent).status_code == 400
    assert not GateFulfilment.objects.exists()


def test_lists_what_was_done_and_offers_to_take_it_back(desk, course, looked):
    talk = visit(course, "talks.1")
    _, form = looked(talk, local(talk), "16:00", reason="Has a class")
    desk.post(f"/visits/{talk.pk}/move", form)
    page = desk.get(f"/courses/{course.pk}/").content.decode()
    assert "Moved by Flora Desk: Has a class" in page
    moved = ChangeSet.objects.get(verb="move")
    assert f"/changes/{moved.pk}/undo" in page
    desk.post(f"/changes/{moved.pk}/undo")
    assert "(taken back)" in desk.get(f"/courses/{course.pk}/").content.decode()
    assert local(visit(course, "talks.1")) == local(talk)


def test_names_who_would_come_earlier(desk, course, flora):
    waitlist.join(visit=visit(course, "infusions.2"), valid_until=date(2026, 5, 20), by=flora, now=clock.now())
    page = desk.get(f"/courses/{course.pk}/").content.decode()
    assert "On the waitlist" in page
    assert "Infusion 2: would come earlier, until Wednesday 20 May" in page


@pytest.fixture
def branching_course(clinic, mona, site, patient, flora, now):
    """A course whose weekly infusions wait for a decision after the first three."""
    version = protocols.publish(document=branching(), by=mona, now=now)
    return courses.book(
        protocol_version=version, site=site, patient=patient, start_on=date(2026, 5, 5), wishes={}, by=flora, now=now
    ).course


def test_a_clinician_sees_what_a_decision_does_and_decides(clara, branching_course, hidden):
    last = visit(branching_course, "infusions.3")
    with time_machine.travel(last.appointment.ends_at + timedelta(hours=1)):
        browser = signed_in(clara)
        page = browser.get(f"/courses/{branching_course.pk}/").content.decode()
        assert "Due now" in page
        url = f"/courses/{branching_course.pk}/decide"
        ways = re.findall(r'name="way" value="([^"]+)"', browser.get(url).content.decode())
        assert "stop" in ways
        assert browser.get(url, {"way": "moon"}).status_code == 422
        page = browser.get(url, {"way": "stop"}).content.decode()
        assert "Freed with it" in page
        form = {"way": "stop", "reason": "Well"} | {name: hidden(page, name) for name in ("digest", "key")}
        form |= {"decision": hidden(page, "decision")} if 'name="decision"' in page else {}
        answer = browser.post(url, form)
    assert answer.status_code == 302
    record = DecisionRecord.objects.get()
    assert (record.choice, record.reason) == ("stop", "Well")
    assert not branching_course.visits.filter(status=VisitStatus.TENTATIVE).exists()


def test_a_decision_that_changes_no_visit_says_so(clara, branching_course, hidden):
    browser = signed_in(clara)
    page = browser.get(f"/courses/{branching_course.pk}/decide", {"way": "hold"}).content.decode()
    assert "No visit changes" in page or "stay as they are" in page
    assert ">Decide<" in page
