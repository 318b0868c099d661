"""Every address, every role, every way to sign in: against the list in matrix.txt.

Each request is one that would succeed, so a refusal is a refusal and not a mistake in the request; and after a refusal
nothing was written.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

import api.permissions
from api.urls import urlpatterns
from api.v1.views.document import Nothing
from clinics.models import Role
from notifications.actions import messages, pauses
from notifications.engine.states import Channel, Reason, State
from notifications.models import Message
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking
from scheduler.models import Allocation, Appointment, Status
from tests.api.caller import Caller, with_session, with_token
from tests.factories.clinics import PatientFactory, UserFactory
from tests.factories.notifications import offered
from tests.factories.scheduler import AppointmentFactory, ChairFactory
from tests.factories.treatments import (
    AlertFactory,
    BookedVisitFactory,
    CourseFactory,
    ProtocolVersionFactory,
    WaitlistEntryFactory,
)
from tests.treatments.documents import series as document
from tests.writes import written
from treatments.actions import handovers, jobs
from treatments.life.events import Decide
from treatments.many import batches
from treatments.many.closures import Closure
from treatments.models import GateFulfilment, PlanningJob, Visit, VisitStatus, VisitTick

ROLES = [Role.FRONT_DESK, Role.CLINICIAN, Role.NURSE, Role.MANAGER]
CANARY = "Zebedee"
CONSENT = {"gate": "consent", "title": "Consent", "before": "infusions.first", "source": "T"}


@dataclass(frozen=True)
class Entry:
    method: str
    route: str
    scope: str
    who: frozenset[str]

    def allows(self, role: str | None, scopes: set[str] | None) -> bool:
        """Whether somebody with this role and, by token, these scopes gets through."""
        if "public" in self.who:
            return True
        if role is None or not ({role, "signed_in"} & self.who):
            return False
        return scopes is None or bool({self.scope, "write"} & scopes)


def entries() -> Iterator[Entry]:
    for line in (Path(__file__).parent / "matrix.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            method, route, scope, *who = line.split()
            yield Entry(method, route, scope, frozenset(who))


MATRIX = list(entries())


def test_every_address_is_in_the_matrix():
    served = {
        (method, str(pattern.pattern))
        for pattern in urlpatterns
        if (view := pattern.callback.view_class) is not Nothing
        for method in (name.upper() for name in view.http_method_names if hasattr(view, name))
        if method != "HEAD"
    }
    assert {(entry.method, entry.route) for entry in MATRIX} == served


def test_the_matrix_lists_nothing_twice():
    assert len({(entry.method, entry.route) for entry in MATRIX}) == len(MATRIX)


@pytest.fixture
def good(course, wanted, plan, site, patient, clinic, series, flora, mona, now) -> Callable[[Entry], dict[str, Any]]:
    """A request for each entry that would succeed."""
    of_course = Appointment.objects.filter(visit__course=course).order_by("starts_at")
    moving, waiting = of_course.get(visit__key="talks.2"), of_course.get(visit__key="talks.3")
    visit = Visit.objects.get(appointment=waiting)
    Visit.objects.filter(pk=visit.pk).update(status=VisitStatus.TO_PLACE, appointment=None)
    Appointment.objects.filter(pk=waiting.pk).update(status=Status.CANCELLED)
    Allocation.objects.filter(appointment=waiting).update(is_active=False)
    today = AppointmentFactory(site=site, starts_at=now + timedelta(hours=2))
    spare, off = ChairFactory(site=site, name="Spare"), ChairFactory(site=site, name="Off", is_active=False)
    somebody = PatientFactory(site=site, given_name=CANARY)
    late = BookedVisitFactory(
        course=CourseFactory(patient__site=site, protocol_version=series),
        key="talks.1",
        appointment__starts_at=now + timedelta(hours=1),
    )
    gated = CourseFactory(protocol_version=ProtocolVersionFactory(document=document(gates=[CONSENT])))
    consent = GateFulfilment.objects.create(course=gated, gate="consent.1", done_at=now, by=gated.booked_by)
    asks = WaitlistEntryFactory(visit=visit)
    done = _closing(site, mona, now, date(2026, 5, 31))
    jobs.apply(job=done, digest=done.digest, by=mona, now=now)
    hour = Booking(now + timedelta(hours=4), now + timedelta(hours=5), "Check", ())
    lately = appointments.book(site=site, patient=somebody, bookings=[hour], by=flora, now=now)
    letters = list(Message.objects.filter(appointment=moving, state=State.SCHEDULED).order_by("due_at", "id"))
    messages.hold(message=letters[1], by=flora)
    stuck = Message.objects.filter(patient=somebody).order_by("due_at", "id")[0]
    old = Message.objects.filter(appointment__visit__course=course).exclude(appointment=moving).latest("due_at", "id")
    Message.objects.filter(pk__in=[stuck.pk, old.pk]).update(
        state=State.DEAD, reason=Reason.GAVE_UP, next_try_at=None, settled_at=now
    )
    held = pauses.pause(by=mona, now=now, channel=Channel.CALL)
    alert = AlertFactory(assessment__course=course)
    keys = {
        "alerts": alert.pk,
        "messages": letters[0].pk,
        "POST messages/<uuid:key>/release": letters[1].pk,
        "POST messages/<uuid:key>/resend": old.pk,
        "POST messages/<uuid:key>/handled": stuck.pk,
        "message-pauses": held.pk,
        "sites": site.pk,
        "patients": somebody.pk,
        "protocols": series.protocol_id,
        "resources": spare.pk,
        "courses": course.pk,
        "visits": visit.pk,
        "appointments": moving.pk,
        "waitlist": asks.pk,
        "planning-jobs": _closing(site, mona, now, date(2026, 5, 30)).pk,
        "POST planning-jobs/<uuid:key>/undo": done.pk,
        "change-sets": lately.change_set.pk,
        "POST appointments/<uuid:key>/status": today.pk,
        "POST courses/<uuid:key>/fulfil": gated.pk,
        "fulfilments": consent.pk,
        "GET visits/<uuid:key>/late/": late.pk,
        **_here(late.course, flora, now),
        "POST resources/<uuid:key>/switch-on": off.pk,
    }
    bodies = _bodies(
        wanted=wanted, plan=plan, site=site, somebody=somebody, series=series, moving=moving, waiting=waiting, asks=asks
    )

    def request(entry: Entry) -> dict[str, Any]:
        name = f"{entry.method} {entry.route}"
        key = keys.get(name) or keys.get(entry.route.split("/")[0])
        path = entry.route.replace("<uuid:key>", str(key))
        if entry.route == "availability/":
            path += f"?site={site.pk}&kind=chair&minutes=60&from_on=2026-05-05&to_on=2026-05-05"
        if entry.route == "reviews/":
            path += f"?site={site.pk}"
        if name == "GET waitlist/offers/":
            path += f"?site={site.pk}"
        if entry.route == "waitlist/matches":
            path += f"?site={site.pk}&starts_at=2026-05-15T12:00:00Z&ends_at=2026-05-15T16:00:00Z"
        made: dict[str, Any] = {"method": entry.method, "path": path, "body": bodies.get(name)}
        if entry.method != "GET":
            made |= {"key": "once", "version": 1}
        return made

    return request


def _here(course: Any, nurse: Any, now: Any) -> dict[str, Any]:
    """A decision about the course that waits for the desk, another patient who is being treated, and a time offered to one."""
    decided = handovers.hand_over(
        event=Decide(course.pk, "hold"), by=UserFactory(role=Role.CLINICIAN), now=now, reason="Infection"
    )
    here = BookedVisitFactory(
        course=CourseFactory(patient__site=course.site, protocol_version=course.protocol_version),
        key="talks.1",
        appointment__starts_at=now,
        appointment__status=Status.IN_TREATMENT,
    )
    started = VisitTick.objects.create(visit=here, step="start", at=now, by=nurse)
    asked = WaitlistEntryFactory(visit__course__patient__site=course.site, status="left")
    return {
        "handovers": decided.pk,
        "offers": offered(asked, at=now + timedelta(days=3), now=now, by=nurse).pk,
        "ticks": started.pk,
        "POST visits/<uuid:key>/tick": here.pk,
        "POST visits/<uuid:key>/discharge": here.pk,
    }


def _bodies(
    *,
    wanted: Any,
    plan: Any,
    site: Any,
    somebody: Any,
    series: Any,
    moving: Appointment,
    waiting: Appointment,
    asks: Any,
) -> dict[str, Any]:
    """What is sent, where something is."""
    talk = Visit.objects.get(course=moving.visit.course, key="talks.1")
    return {
        "POST patients/": {
            "site": str(site.pk),
            "given_name": "Ana",
            "family_name": "Ruiz",
            "birth_on": "1980-05-02",
        },
        "PATCH patients/<uuid:key>/": {"desk_note": "by phone"},
        "POST protocols/": document(title="Another title"),
        "POST resources/": {"site": str(site.pk), "kind": "chair", "name": "New chair"},
        "PATCH resources/<uuid:key>/": {"name": "Chair by the window"},
        "POST resources/<uuid:key>/switch-off": {},
        "POST courses/": wanted | {"patient": str(somebody.pk)},
        "POST courses/propose": plan,
        "POST courses/why-not": plan | {"visit": "infusions.1", "starts_at": moving.starts_at.isoformat()},
        "POST courses/<uuid:key>/cancel": {"reason": "moved away"},
        "POST courses/<uuid:key>/fulfil": {"gate": "consent.1"},
        "POST courses/<uuid:key>/assess": {"measure": "pain", "answers": {"1": 4}},
        "POST alerts/<uuid:key>/acknowledge": {"done": "Called"},
        "POST fulfilments/<uuid:key>/withdraw": {},
        "POST courses/<uuid:key>/changes/preview": {"event": "cancel", "scope": "this", "visit": "infusions.2"},
        "POST courses/<uuid:key>/changes": {"event": "cancel", "scope": "this", "visit": "infusions.2"},
        "POST change-sets/<uuid:key>/undo": {},
        "POST courses/<uuid:key>/hand-over": {"choice": "hold", "reason": "Infection"},
        "POST handovers/<uuid:key>/send-back": {"note": "She wants to talk first"},
        "POST visits/<uuid:key>/tick": {"step": "end"},
        "POST visits/<uuid:key>/discharge": {},
        "POST visits/<uuid:key>/place": {"starts_at": waiting.starts_at.isoformat()},
        "POST visits/<uuid:key>/why-not": {"starts_at": waiting.starts_at.isoformat()},
        "POST appointments/<uuid:key>/move": {"starts_at": moving.starts_at.replace(hour=19).isoformat()},
        "POST appointments/<uuid:key>/cancel": {},
        "POST appointments/<uuid:key>/status": {"status": "arrived"},
        "POST planning-jobs/close": {"site": str(site.pk), "on": "2026-05-29", "reason": "Works"},
        "POST planning-jobs/level": {"site": str(site.pk), "from_on": "2026-05-25", "until_on": "2026-05-29"},
        "POST planning-jobs/book": {
            "site": str(site.pk),
            "courses": [{"patient": str(somebody.pk), "protocol_version": str(series.pk), "start_on": "2026-05-05"}],
        },
        "POST planning-jobs/<uuid:key>/apply": {"digest": batches.digest({"courses": [], "left": [], "unplaced": []})},
        "POST messages/<uuid:key>/handled": {"note": "Called"},
        "POST message-pauses/": {"channel": "sms", "reason": "Flood"},
        "POST message-templates/": {"name": "plan", "language": "en", "version": 0, "body": "{sender}: see {link}"},
        "POST waitlist/": {"visit": str(talk.pk), "valid_until": "2026-05-30"},
        "POST waitlist/<uuid:key>/take": {"starts_at": waiting.starts_at.isoformat()},
        "POST waitlist/offers/": {
            "site": str(site.pk),
            "entries": [str(asks.pk)],
            "starts_at": waiting.starts_at.isoformat(),
            "ends_at": waiting.ends_at.isoformat(),
        },
    }


def _closing(site: Any, by: Any, now: Any, on: date) -> PlanningJob:
    """A closed day on which nothing is, worked out."""
    jobs.close(closure=Closure(site, "Works", on=on), by=by, now=now)
    job = jobs.work()
    assert job is not None
    return job


def tried(caller: Caller, role: str | None, scopes: set[str] | None, good: Callable[[Entry], Any]) -> list[str]:
    """Where the API and the matrix disagree."""
    wrong = []
    for entry in MATRIX:
        request = good(entry)
        with transaction.atomic():
            before = written()
            answer = caller.call(**request)
            changed = written() - before
            transaction.set_rollback(True)
        name = f"{entry.method} {entry.route}: {answer.status_code}"
        if entry.allows(role, scopes):
            if not 200 <= answer.status_code < 300:
                wrong.append(f"{name}, allowed; {answer.content!r}")
            elif entry.scope == "write" and not changed:
                wrong.append(f"{name}, but nothing was changed")
            elif entry.scope != "write" and changed:
                wrong.append(f"{name}, reading wrote {changed} rows")
        elif answer.status_code != (401 if role is None else 403):
            wrong.append(f"{name}, refused")
        elif changed or CANARY.encode() in answer.content:
            wrong.append(f"{name}, refused, but wrote {changed} rows or told something")
    return wrong


pytestmark = pytest.mark.django_db


def test_strangers(good):
    assert tried(Caller(), None, None, good) == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.long
def test_sessions(role, good):
    assert tried(with_session(UserFactory(role=role)), role, None, good) == []


MOST_AND_LEAST = [Role.MANAGER, Role.NURSE]
"""What a role may is asked of sessions for each; what a scope adds to it, in every run of these, and of all in long ones."""


@pytest.mark.parametrize(
    "role", [pytest.param(role, marks=[] if role in MOST_AND_LEAST else pytest.mark.soak) for role in ROLES]
)
@pytest.mark.parametrize("scopes", [("read",), ("write",)])
@pytest.mark.long
def test_tokens(role, scopes, good):
    assert tried(with_token(UserFactory(role=role), scopes=scopes), role, set(scopes), good) == []


def test_an_account_that_was_switched_off(good):
    leaver = UserFactory(role=Role.MANAGER)
    caller = with_session(leaver)
    leaver.is_active = False
    leaver.save()
    assert tried(caller, None, None, good) == []


def test_the_matrix_notices_an_open_door(good, monkeypatch):
    """The control: with the permission check switched off, the nurse gets through where she must not."""
    monkeypatch.setattr(api.permissions, "allows", lambda user, permission: True)
    assert tried(with_session(UserFactory(role=Role.NURSE)), Role.NURSE, None, good) != []
