"""Booking a visit against a rule that may be overridden: who is offered it, what has to be said, and where it is shown after."""

from copy import deepcopy
from datetime import date
from html import unescape

import pytest

from scheduler.models import Appointment, Status
from tests.treatments.documents import SERIES
from tests.web.conftest import signed_in
from treatments.actions import courses, protocols
from treatments.models import Visit, VisitStatus

pytestmark = pytest.mark.django_db
WHY = "Travels on Thursday"
WEDNESDAY = {"on": "2026-05-13", "at": "10:00"}


@pytest.fixture
def lenient(clinic, mona, site, patient, flora, now):
    """Infusions on 7, 11 and 14 May; the second is over, and their distance may be overridden."""
    blocks = deepcopy(SERIES["blocks"])
    blocks[0]["gap"]["overridable"] = True
    version = protocols.publish(document=deepcopy(SERIES) | {"blocks": blocks}, by=mona, now=now)
    course = courses.book(
        protocol_version=version, site=site, patient=patient, start_on=date(2026, 5, 5), wishes={}, by=flora, now=now
    ).course
    over = course.visits.get(key="infusions.2")
    Appointment.objects.filter(pk=over.appointment_id).update(status=Status.DONE)
    Visit.objects.filter(pk=over.pk).update(status=VisitStatus.DONE)
    return course


def test_a_visit_is_booked_against_a_rule_with_a_reason(desk, lenient, clara, hidden):
    course, third = lenient, lenient.visits.get(key="infusions.3")
    address, stood = f"/visits/{third.pk}/move", third.appointment.starts_at
    refused = desk.get(address, WEDNESDAY)
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Infusion 3 would be 2 days after infusion 2; at least 3 days are needed." in page
    assert "A clinician or a manager can book it anyway, with a reason." in page
    assert "override=1" not in page
    denied = desk.post(address, WEDNESDAY | {"override": "1", "because": WHY})
    assert denied.status_code == 409
    assert "Your role does not allow this" in denied.content.decode()

    clinician = signed_in(clara)
    page = clinician.get(address, WEDNESDAY).content.decode()
    assert "times need a rule overridden<" in page
    assert 'href="?on=2026-05-13&amp;at=10:00&amp;override=1#change">Book it anyway…' in page
    page = clinician.get(address, WEDNESDAY | {"override": "1"}).content.decode()
    assert "Overridden: Infusion 3 would be 2 days after infusion 2" in page
    assert ">Move 1 visit, override 1 rule and send 1 message<" in page
    form = {name: unescape(hidden(page, name)) for name in ("digest", "seen", "key", "version", "override")}
    unsaid = clinician.post(address, WEDNESDAY | form | {"because": "  "})
    assert unsaid.status_code == 422
    assert "Say why the rule is overridden." in unsaid.content.decode()
    assert ">Move 1 visit, override 1 rule and send 1 message<" in unsaid.content.decode()
    third.appointment.refresh_from_db()
    assert third.appointment.starts_at == stood

    said = "Rule overridden: “Infusion: 3 to 5 days apart”. Why: Travels on Thursday. Clara Clinician, Monday 4 May 2026, 8am."
    shown = clinician.post(address, WEDNESDAY | form | {"because": WHY}, follow=True).content.decode()
    assert "Infusion 3 is moved to Wednesday 13 May, 10am." in shown
    assert said in shown
    beside = desk.get(f"/?on=2026-05-13&visit={third.appointment_id}")
    assert said in desk.get(address).content.decode()
    assert said in beside.content.decode()
    protocol = desk.get(f"/setup/protocols/{course.protocol_version.protocol.code}/").content.decode()
    assert protocol.count("may override it for one visit, with a reason") == 1
