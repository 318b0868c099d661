"""E-mails in the clinic's own words: what may stand in them, how they are filled, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clinics import red_words
from core.errors import InvalidInput, NotAllowed
from notifications.actions import templates
from notifications.channels.email import letter, own_words
from notifications.channels.words import Editions
from notifications.engine.states import Channel, Step
from notifications.models import Message, Template
from notifications.queries import verdicts
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.notifications.booking import book

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)  # 9:30 in New York
OWN = {"channel": Channel.EMAIL, "name": "plan", "language": "en"}
BODY = "Dear {first_name},\n\nyour visits:\n{visits}\n\nAnswer here: {link}"


@pytest.fixture
def plan():
    site = SiteFactory(public_name="Alder", phone="+12125550100")
    patient = PatientFactory(site=site, given_name="<b>Ana</b> {link}", email="ana@example.org")
    book(patient, THURSDAY, THURSDAY + timedelta(days=1), now=MONDAY)
    return Message.objects.select_related("patient__site").get(step=Step.PLAN)


def written(message: Message):
    return letter.compose(message, verdicts.about(message), Editions(Channel.EMAIL))


def test_own_words_take_the_place_of_the_shipped_ones_in_both_parts(plan, mona) -> None:
    shipped = written(plan)
    templates.publish(**OWN, subject="From {sender}: {day}", body=BODY, version=0, by=mona)
    mail = written(plan)
    html = str(mail.alternatives[0].content)
    assert mail.subject == "From Alder: Thursday 26 November"
    assert "Thursday 26 November, 9:30am to 10:30am\nFriday 27 November" in mail.body
    assert "Dear <b>Ana</b> {link}," in mail.body, "a name is never filled in again"
    assert "Dear &lt;b&gt;Ana&lt;/b&gt; {link}," in html
    assert html.count('<a href="http') == 1
    assert mail.body.rstrip().endswith("(212) 555-0100")
    templates.publish(**OWN, body="", version=1, by=mona)
    assert written(plan).body == shipped.body


def test_an_empty_subject_is_the_shipped_one(plan, mona) -> None:
    templates.publish(**OWN, body=BODY, version=0, by=mona)
    assert written(plan).subject == "Your appointments from Thursday 26 November"


def test_another_language_stays_as_shipped(plan, mona) -> None:
    templates.publish(**OWN, body=BODY, version=0, by=mona)
    plan.patient.language = "es"
    assert "ha reservado" in written(plan).body


@pytest.mark.parametrize(
    ("subject", "body", "pointer", "says"),
    [
        ("Your ketamine infusion", BODY, "subject", "Leave out ketamine, infusion"),
        ("Su terapia", BODY, "subject", "Leave out terapia"),
        ("See {link}", BODY, "subject", "There is no {link} here"),
        ("", BODY + " for depression", "body", "Leave out depression"),
        ("", "No way to answer", "body", "Put {link} in"),
        ("", BODY + " {score}", "body", "There is no {score} here"),
        ("", BODY + " {cancelled}", "body", "There is no {cancelled} here"),
        ("", BODY + " http://x.example", "body", "no address of your own"),
        ("", BODY + " {", "body", "curly bracket"),
        ("Only a subject", "", "body", "a subject alone"),
        ("a\nb", BODY, "subject", "one line"),
        ("x" * 101, BODY, "subject", "longer than 100"),
        ("", "x" * 2001, "body", "longer than 2000"),
        ("", BODY + "\0", "body", "cannot be stored"),
    ],
)
def test_what_may_not_be_sent_is_refused_at_its_field(mona, subject, body, pointer, says) -> None:
    with pytest.raises(templates.UnfitText) as refused:
        templates.publish(**OWN, subject=subject, body=body, version=0, by=mona)
    assert says in str([each["message"] for each in refused.value.detail["problems"]])
    assert refused.value.pointer == pointer
    assert not Template.objects.exists()


def test_a_text_message_has_no_subject_and_a_reply_no_mail(mona, flora) -> None:
    with pytest.raises(templates.UnfitText, match="no subject"):
        templates.publish(name="plan", language="en", subject="x", body="{sender} {link}", version=0, by=mona)
    with pytest.raises(InvalidInput):
        templates.publish(**OWN | {"name": "stopped"}, body=BODY, version=0, by=mona)
    with pytest.raises(NotAllowed):
        templates.publish(**OWN, body=BODY, version=0, by=flora)


def test_versions_of_mails_and_texts_are_counted_apart(mona) -> None:
    templates.publish(**OWN, body=BODY, version=0, by=mona)
    assert templates.publish(name="plan", language="en", body="{sender} {link}", version=0, by=mona).version == 1
    with pytest.raises(templates.TextChanged):
        templates.publish(**OWN, body=BODY, version=0, by=mona)


@pytest.mark.parametrize("name", own_words.NAMES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_placeholder_has_an_example(name, language) -> None:
    body = " ".join(f"{{{each}}}" for each in own_words.placeholders(name))
    subject, text = own_words.example(name=name, language=language, subject="{day} {sender}", body=body)
    assert "{" not in subject + text
    assert red_words.found(subject + text.replace("example", "")) == []


def test_the_list_is_pointed_to_in_own_words_too(patient, mona, monkeypatch) -> None:
    from treatments.queries import preparations

    book(patient, THURSDAY, now=MONDAY)
    templates.publish(**OWN | {"name": "one_day"}, body=BODY, version=0, by=mona)
    message = Message.objects.select_related("patient__site", "appointment__site").get(step=Step.ONE_DAY)
    monkeypatch.setattr(preparations, "of_appointments", lambda visits: {visits[0].pk: "a list"})
    assert "read your get-ready list today: http" in written(message).body
