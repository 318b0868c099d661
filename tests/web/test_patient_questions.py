"""A form on the phone: behind the birth date, one question per screen, left and gone on with, and never without help."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache

from clinics import red_words
from core import clock
from notifications.models import Link
from notifications.models.link import Purpose
from tests.treatments.documents import series as document
from tests.web.patient_phone import Phone, born
from treatments.actions import courses, protocols
from treatments.actions.questions import KEPT, forget_drafts
from treatments.models import Alert, Assessment, AssessmentDraft, CrisisContact
from treatments.queries.assessments import form_id
from web.question_words import WORDS

pytestmark = pytest.mark.django_db
MEASURES = [
    {
        "measure": name,
        "title": name,
        "filled_by": "patient",
        "moments": [{"before": "infusions.first", "max_days": 14, "source": "T"}],
        "source": "T",
    }
    for name in ("phq9", "peg")
]


@pytest.fixture(autouse=True)
def uncounted():
    cache.clear()


@pytest.fixture
def course(clinic, site, patient, flora, mona):
    now = clock.now()
    version = protocols.publish(document=document(assessments=MEASURES), by=mona, now=now)
    return courses.book(
        protocol_version=version,
        site=site,
        patient=patient,
        start_on=clock.local(now, site.zone).date() + timedelta(days=1),
        wishes={},
        by=flora,
        now=now,
    ).course


@pytest.fixture
def link(course, patient):
    return Link.issue(purpose=Purpose.PLAN, patient=patient, now=clock.now(), lifetime=timedelta(days=14))


@pytest.fixture
def phone(link, patient):
    """A browser in which the birth date was given."""
    client = Phone()
    assert client.post(f"/v/{link.token}/questions", born(patient)).status_code == 303
    return client


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def question(link, course, number: int) -> str:
    return f"/v/{link.token}/questions/{form_id(course, 'phq9')}/{number}"


def fill(phone, link, course, values) -> object:
    """Presses one answer after another. Gives the last response."""
    response = None
    for number, value in enumerate(values, 1):
        response = phone.post(question(link, course, number), {"answer": str(value)})
        assert response.status_code == 303
    return response


def test_the_birth_date_comes_first_and_is_asked_once(link, course, patient):
    client = Phone()
    shown = text(client.get(f"/v/{link.token}/questions"))
    assert "Your birth date" in shown
    assert "9 questions" not in shown
    assert client.get(question(link, course, 1)).status_code == 303, "no question without it"
    wrong = client.post(f"/v/{link.token}/questions", born(patient) | {"year": "1900"})
    assert wrong.status_code == 422
    assert "not the birth date" in text(wrong)
    assert client.post(f"/v/{link.token}/questions", born(patient)).status_code == 303
    assert "9 questions, about 2 minutes" in text(client.get(f"/v/{link.token}/questions"))


@pytest.mark.parametrize("nonsense", [{}, {"day": "x"}, {"day": "31", "month": "2"}, {"year": "99999"}, {"day": "٣"}])
def test_nonsense_for_a_birth_date_is_wrong_and_nothing_worse(link, patient, nonsense):
    given = (born(patient) | nonsense) if nonsense else {}
    assert Phone().post(f"/v/{link.token}/questions", given).status_code == 422


def test_five_wrong_dates_close_the_link_for_an_hour(link, patient):
    for _ in range(5):
        assert "not the birth date" in text(Phone().post(f"/v/{link.token}/questions", {}))
    late = Phone().post(f"/v/{link.token}/questions", born(patient))
    assert late.status_code == 422
    assert "Try again in an hour" in text(late)


def test_a_cookie_of_another_link_opens_nothing(link, phone, patient, course):
    other = Link.issue(purpose=Purpose.PLAN, patient=patient, now=clock.now(), lifetime=timedelta(days=14))
    assert "Your birth date" in text(phone.get(f"/v/{other.token}/questions"))


def test_nine_presses_after_the_first_record_the_form(phone, link, course):
    response = fill(phone, link, course, [2, 1, 0, 1, 2, 3, 0, 0, 0])
    made = Assessment.objects.get()
    assert (made.mode, made.by) == ("link", None)
    assert made.values == dict(enumerate([2, 1, 0, 1, 2, 3, 0, 0, 0], 1))
    assert not AssessmentDraft.objects.exists()
    shown = text(phone.get(response["Location"]))
    assert "Thank you. Your answers have arrived." in shown
    assert "Your next visit:" in shown
    assert not re.search(r"\b9\b of|score|mild", shown), "no score is shown to the patient"
    assert "nothing to answer" in text(phone.get(f"/v/{link.token}/questions"))


def test_it_can_be_left_and_gone_on_with_and_changed(phone, link, course):
    fill(phone, link, course, [1, 1, 1])
    assert "Go on where you stopped" in text(phone.get(f"/v/{link.token}/questions"))
    assert phone.get(question(link, course, 7))["Location"].endswith("/4"), "not past what was answered"
    assert 'aria-pressed="true"' in phone.get(question(link, course, 2)).content.decode()
    phone.post(question(link, course, 2), {"answer": "3"})
    assert AssessmentDraft.objects.get().values == {1: 1, 2: 3, 3: 1}


@pytest.mark.parametrize("answer", ["", "4", "-1", "x", "٣", "111"])
def test_an_answer_that_is_none_is_refused_in_words(phone, link, course, answer):
    response = phone.post(question(link, course, 1), {"answer": answer})
    assert response.status_code == 422
    assert "Choose one of the answers." in text(response)
    assert not AssessmentDraft.objects.exists()


def test_thoughts_of_death_bring_help_before_anything_else_and_an_alert(phone, link, course, site):
    response = fill(phone, link, course, [0] * 8 + [1])
    shown = text(phone.get(response["Location"]))
    assert "988" in shown
    assert "911" in shown
    assert "Thank you" not in shown
    assert Alert.objects.filter(assessment=Assessment.objects.get()).exists()
    assert "Thank you" in text(phone.get(response["Location"] + "?on"))


def test_a_site_has_its_own_lines(phone, link, course, site):
    CrisisContact.objects.create(site=site, position=1, name="County line", phone="555 0199")
    shown = text(phone.get(fill(phone, link, course, [0] * 8 + [3])["Location"]))
    assert "County line: 555 0199" in shown
    assert "988" not in shown


def test_the_control_without_such_an_answer_there_is_no_alert(phone, link, course):
    shown = text(phone.get(fill(phone, link, course, [3] * 8 + [0])["Location"]))
    assert "988" not in shown
    assert not Alert.objects.exists()


def test_sent_twice_it_counts_once(phone, link, course):
    fill(phone, link, course, [1] * 9)
    again = phone.post(question(link, course, 9), {"answer": "1"})
    assert again.status_code == 303
    assert Assessment.objects.count() == 1


def test_looking_changes_nothing(phone, link, course):
    fill(phone, link, course, [1, 1])
    before = list(AssessmentDraft.objects.values())
    for path in (f"/v/{link.token}/questions", question(link, course, 1), question(link, course, 3)):
        for _ in range(5):
            phone.get(path, headers={"Sec-Purpose": "prefetch"})
            phone.head(path)
    assert list(AssessmentDraft.objects.values()) == before
    assert not Assessment.objects.exists()


def test_what_was_begun_is_forgotten_after_two_days(phone, link, course, service):
    fill(phone, link, course, [1, 1])
    assert forget_drafts(by=service, now=clock.now()) == 0
    assert forget_drafts(by=service, now=clock.now() + KEPT) == 1


def test_in_spanish(link, course, patient):
    patient.language = "es"
    patient.save()
    client = Phone()
    client.post(f"/v/{link.token}/questions", born(patient))
    assert "Poco interés o placer" in text(client.get(question(link, course, 1)))
    assert "Línea 988" in text(client.get(fill(client, link, course, [0] * 8 + [2])["Location"]))


def test_the_visits_page_leads_to_the_questions_without_saying_which(link, course):
    page = Phone().get(f"/v/{link.token}")
    assert f"/v/{link.pk}/questions" in page.content.decode()
    assert not red_words.found(text(page))
    assert "PHQ" not in text(page)


def test_addresses_and_titles_say_nothing_clinical(phone, link, course):
    for path in (question(link, course, 1), f"/v/{link.token}/questions"):
        page = phone.get(path).content.decode()
        title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
        assert not red_words.found(title)
        assert "phq" not in path.lower()


def test_both_languages_have_every_word():
    assert set(WORDS) == {"en", "es"}
    for words in WORDS.values():
        assert all(getattr(words, name) for name in words.__dataclass_fields__)
