"""Staff hear by mail that a clinician is needed, and nothing else; whom the alert asks, and as it is passed on."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from clinics.models import User
from notifications.actions import staff_notices
from notifications.channels.email import staff
from notifications.models import NoticeState, StaffNotice
from tests.treatments.documents import series as document
from treatments.actions import alerts, assessments, courses, protocols
from treatments.models import Alert, Course

pytestmark = pytest.mark.django_db
WORRYING = dict.fromkeys(range(1, 9), 0) | {9: 1}


@pytest.fixture
def course(site, patient, flora, clara, mona, now) -> Course:
    from tests.treatments.clinic import equip

    equip(site)
    version = protocols.publish(document=document(), by=mona, now=now)
    return courses.book(
        protocol_version=version,
        site=site,
        patient=patient,
        start_on=now.date(),
        wishes={},
        by=flora,
        now=now,
        clinician=clara,
    ).course


@pytest.fixture
def alert(course, nora, now) -> Alert:
    assessments.record(course=course, measure="phq9", answers=WORRYING, by=nora, now=now)
    return Alert.objects.get()


def send(service, at) -> list[str]:
    mail.outbox.clear()
    staff_notices.send_due(by=service, clock=lambda: at)
    return [each.to[0] for each in mail.outbox]


def test_who_is_asked_gets_a_mail_that_says_nothing(alert, patient, service, clara, mona, now, settings):
    assert send(service, now) == [clara.email]
    [sent] = mail.outbox
    assert sent.subject == "A clinician is needed"
    assert sent.body == f"A clinician is needed. Sign in to Courseline:\n{settings.PUBLIC_URL}/\n"
    for secret in (patient.given_name, patient.family_name, str(alert.pk), "PHQ", "Riverside", "series"):
        assert secret not in sent.subject + sent.body + str(sent.extra_headers)
    assert send(service, now) == [], "once"
    later = now + timedelta(hours=2)
    alerts.pass_on(by=service, now=later)
    alerts.pass_on(by=service, now=later + timedelta(hours=2))
    assert send(service, later + timedelta(hours=2)) == [mona.email], "who was asked before is not mailed again"


@pytest.mark.parametrize("why", ["seen", "left", "control"])
def test_not_once_somebody_has_seen_it_nor_to_who_has_left(alert, service, clara, now, why):
    if why == "seen":
        alerts.acknowledge(alert=alert, done="Called", by=clara, now=now)
    elif why == "left":
        User.objects.filter(pk=clara.pk).update(is_active=False)
    assert send(service, now) == ([clara.email] if why == "control" else [])
    assert StaffNotice.objects.get().state == (NoticeState.SENT if why == "control" else NoticeState.STOPPED)


def test_a_mail_server_that_is_away_is_tried_again_and_given_up_at_last(alert, service, now, monkeypatch):
    def away(**_):
        raise ConnectionRefusedError

    monkeypatch.setattr(staff, "send_mail", away)
    at = now
    for number, wait in enumerate(staff_notices.RETRIES, start=1):
        assert send(service, at) == []
        notice = StaffNotice.objects.get()
        assert (notice.state, notice.attempts, notice.next_try_at) == (NoticeState.WAITING, number, at + wait)
        at = notice.next_try_at
    send(service, at)
    assert StaffNotice.objects.get().state == NoticeState.FAILED


def test_who_died_on_the_way_is_followed_by_another(alert, service, clara, now):
    claimed = staff_notices._claim(now=now)
    assert send(service, now + timedelta(minutes=1)) == [], "the other may still be at it"
    assert send(service, now + staff_notices.LEASE) == [clara.email]
    staff_notices._settle(claimed, NoticeState.FAILED, now=now)
    assert StaffNotice.objects.get().state == NoticeState.SENT, "the first comes too late to write its result"


def test_the_database_keeps_notices_settled_or_due(alert):
    for wrong in ({"next_try_at": None}, {"state": NoticeState.SENT}, {"state": "beamed"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StaffNotice.objects.update(**wrong)
