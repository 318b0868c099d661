"""Patients' pages: looking changes nothing, pressing does, and a link is good for one thing only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from clinics import red_words
from notifications.actions import links
from notifications.models import Answer, Consent, DeskTask, Link
from notifications.models.link import Purpose
from scheduler.models import Appointment
from tests.notifications.booking import book, cancel, move
from tests.web.patient_phone import Phone, known, text_of
from web import open_urls
from web.patient_words import WORDS

pytestmark = pytest.mark.django_db

FRIDAY = datetime(2026, 5, 8, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def uncounted() -> None:
    cache.clear()


@pytest.fixture
def visit(patient, now) -> Appointment:
    (visit,) = book(patient, FRIDAY, now=now)
    visit.summary = "Ketamine infusion 3, depression"
    visit.save()
    return visit


def link_of(patient, now, purpose: Purpose = Purpose.PLAN, **more) -> Link:
    return Link.issue(purpose=purpose, patient=patient, now=now, lifetime=timedelta(days=14), **more)


def press(link: Link, visit: Appointment, answer: str, *, epoch: int = 1, **more):
    return Phone().post(f"/v/{link.token}", {"visit": str(visit.pk), "epoch": str(epoch), "answer": answer}, **more)


def everything() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (Appointment, Answer, Consent, DeskTask, Link)]


def test_looking_fifty_times_changes_nothing(patient, visit, now) -> None:
    tokens = [link_of(patient, now).token, link_of(patient, now, Purpose.STOP_EMAIL).token]
    before = everything()
    for _ in range(12):
        for path in (f"/v/{tokens[0]}", f"/v/{tokens[0]}/visits.ics", f"/stop/{tokens[1]}"):
            assert Phone().get(path, headers={"Sec-Purpose": "prefetch"}).status_code == 200
            assert Client().head(path).status_code in {200, 302}
    assert everything() == before


def test_it_shows_when_and_where_and_nothing_else(patient, visit, now) -> None:
    page = Phone().get(f"/v/{link_of(patient, now).token}")
    shown = text_of(page)
    assert "Friday 8 May, 10:00am" in shown
    assert "until 11:00am, 1 hour 1 River Street" in shown
    assert "Call (212) 555-0100." in shown
    assert red_words.found(shown) == []
    assert "Example" not in shown
    assert not re.search(r"\bPat\b", page.content.decode())


def test_coming(patient, visit, now) -> None:
    link = link_of(patient, now)
    answer = press(link, visit, "confirm")
    assert (answer.status_code, answer["Location"]) == (303, f"/v/{link.token}")
    assert Appointment.objects.get().confirmed_at is not None
    assert "This visit is confirmed." in text_of(Phone().get(f"/v/{link.token}"))


@pytest.mark.parametrize(
    ("pressed", "says"),
    [("change", "We will call you about another time."), ("cannot_come", "Thank you for telling us.")],
)
def test_not_coming_goes_to_a_person_and_can_be_taken_back(patient, visit, now, pressed, says) -> None:
    link = link_of(patient, now)
    press(link, visit, pressed)
    assert says in text_of(Phone().get(f"/v/{link.token}"))
    assert DeskTask.objects.get().appointment == visit
    press(link, visit, "confirm")
    assert "This visit is confirmed." in text_of(Phone().get(f"/v/{link.token}"))
    assert Appointment.objects.get().status == "booked"


def test_pressing_twice_is_once(patient, visit, now) -> None:
    link = link_of(patient, now)
    for _ in range(5):
        assert press(link, visit, "change").status_code == 303
    assert (Answer.objects.count(), DeskTask.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"visit": "x", "epoch": "1", "answer": "confirm"},
        {"epoch": "0"},
        {"epoch": "-1"},
        {"epoch": "9" * 30},
        {"epoch": "²"},
        {"answer": "stop"},
        {"answer": ""},
        {"answer": "\x00"},
    ],
)
def test_odd_forms_change_nothing_and_show_the_page(patient, visit, now, form) -> None:
    link = link_of(patient, now)
    good = {"visit": str(visit.pk), "epoch": "1", "answer": "confirm"}
    answer = Phone().post(f"/v/{link.token}", {**good, **form} if form else {})
    assert answer.status_code == 409
    assert "Please look at it as it is now." in text_of(answer)
    assert Answer.objects.count() == 0


def test_a_page_opened_before_a_move_confirms_nothing(patient, visit, now) -> None:
    link = link_of(patient, now)
    move(visit, FRIDAY + timedelta(days=3), now=now)
    answer = press(link, visit, "confirm")
    assert answer.status_code == 409
    assert "Monday 11 May, 10:00am" in text_of(answer)
    assert Appointment.objects.get().confirmed_at is None


def test_another_patients_visit_cannot_be_answered(patient, visit, now) -> None:
    from tests.factories.clinics import PatientFactory

    other = PatientFactory(site=patient.site)
    assert press(link_of(other, now), visit, "confirm").status_code == 409
    assert Appointment.objects.get().confirmed_at is None


def test_a_link_of_one_visit_shows_no_other(patient, visit, now) -> None:
    (other,) = book(patient, FRIDAY + timedelta(days=7), now=now)
    link = link_of(patient, now, Purpose.VISIT, appointment=visit)
    assert "15 May" not in text_of(Phone().get(f"/v/{link.token}"))
    assert Phone().get(f"/v/{link.token}/visits.ics").content.count(b"BEGIN:VEVENT") == 1
    assert known(link).get(f"/v/{link.token}/visits.ics").content.count(b"BEGIN:VEVENT") == 2, (
        "all, as the page then has"
    )
    assert press(link, other, "confirm").status_code == 409


def test_unknown_revoked_and_other_links_look_alike(patient, visit, now, flora) -> None:
    taken_back = link_of(patient, now)
    assert links.revoke_all(patient=patient, by=flora, now=now) == 1
    other = link_of(patient, now, Purpose.CALENDAR)
    tokens = [taken_back.token, other.token, "x" * 22, "é", "a" * 3000]
    answers = [Phone().get(f"/v/{token}") for token in tokens]
    answers += [Phone().post(f"/v/{token}/new") for token in tokens]
    answers += [press(link, visit, "confirm") for link in (taken_back, other)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert "This link has ended" in text_of(answers[0])
    assert "Este enlace ya no sirve" in text_of(answers[0])
    assert Answer.objects.count() == 0
    assert Phone().get(f"/calendar/{taken_back.token}.ics").status_code == 404
    assert Phone().get(f"/stop/{other.token}").status_code == 404


def test_a_link_ends(patient, visit, now) -> None:
    link = link_of(patient, now)
    with time_machine.travel(now + timedelta(days=14, seconds=1)):
        assert Phone().get(f"/v/{link.token}").status_code == 404


def test_no_token_is_kept(patient, now) -> None:
    link = link_of(patient, now)
    assert link.token not in str(Link.objects.values().get())
    assert len(link.token) == 22, "128 bits, six in each character"


class Resources(HTMLParser):
    """Everything a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.found += [value for name, value in attrs if name in {"src", "href", "action"} and value]
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("path", ["v", "stop", "ended"])
def test_it_is_private_small_and_loads_nothing_from_elsewhere(patient, visit, now, path) -> None:
    token = link_of(patient, now, Purpose.STOP_EMAIL if path == "stop" else Purpose.PLAN).token
    answer = Phone().get("/v/nothing" if path == "ended" else f"/{path}/{token}")
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "Set-Cookie" not in answer
    assert len(answer.content) < 60_000
    page = Resources()
    page.feed(answer.content.decode())
    assert "script" not in page.tags
    assert all(address.startswith("/") for address in page.found)


def test_no_address_is_logged(patient, visit, now, caplog) -> None:
    link = link_of(patient, now)
    press(link, visit, "nonsense")
    Phone().get(f"/v/{link.token}x")
    Phone().put(f"/v/{link.token}")
    for _ in range(61):
        Phone().get(f"/stop/{link.token}")
    assert link.token not in caplog.text
    assert link.token not in " ".join(str(record.__dict__) for record in caplog.records)


def test_in_spanish(patient, visit, now) -> None:
    patient.language = "es"
    patient.save()
    page = Phone().get(f"/v/{link_of(patient, now).token}")
    assert '<html lang="es">' in page.content.decode()
    assert "viernes 8 de mayo, 10:00" in text_of(page)
    assert red_words.found(text_of(page)) == []
    assert set(WORDS) == {"en", "es"}


def test_every_open_address_is_limited_or_a_hook() -> None:
    """A new one without a limit fails here."""
    open_to_all = {pattern.name for pattern in open_urls.urlpatterns if getattr(pattern.callback, "open_page", False)}
    forms = {"patient-questions", "patient-question", "patient-questions-done"}
    more = {"patient-birth", "patient-ready", "patient-times", "patient-contact", "patient-new-link", "patient-offer"}
    assert open_to_all == {"patient-visits", "patient-visits-file", "stop-email", "calendar-feed", *forms, *more}
    hooks = {pattern.name for pattern in open_urls.urlpatterns} - open_to_all
    assert hooks == {"twilio-inbound", "twilio-status", "texts-inbound", "texts-status"}


def test_asking_too_often_has_to_wait(patient, now) -> None:
    statuses = [Phone().get("/v/nothing").status_code for _ in range(62)]
    assert statuses[:60] == [404] * 60
    assert statuses[-1] == 429


class TestStoppingEmail:
    def test_a_press_stops_it(self, patient, now) -> None:
        link = link_of(patient, now, Purpose.STOP_EMAIL)
        assert "Do you want to get no more e-mails from Riverside?" in text_of(Phone().get(f"/stop/{link.token}"))
        answer = Phone().post(f"/stop/{link.token}", {"List-Unsubscribe": "One-Click"})
        assert "You get no more e-mails from Riverside." in text_of(answer)
        patient.refresh_from_db()
        assert (patient.may_email, patient.may_text) == (False, True)
        Phone().post(f"/stop/{link.token}")
        assert Consent.objects.filter(source="link").count() == 1


class TestFeeds:
    def test_a_patients_subscription_follows_every_change(self, patient, visit, now, flora) -> None:
        link = links.subscribe_patient(patient=patient, by=flora, now=now)
        first = Phone().get(f"/calendar/{link.token}.ics")
        assert first["Content-Type"] == "text/calendar; charset=utf-8"
        assert first.content.count(b"BEGIN:VEVENT") == 1
        cancel(visit, now=now)
        after = Phone().get(f"/calendar/{link.token}.ics").content
        assert b"STATUS:CANCELLED" in after
        assert f"UID:{visit.pk}@".encode() in after.replace(b"\r\n ", b"")

    def test_a_patient_can_subscribe_on_the_page_and_gets_one_address(self, patient, visit, now) -> None:
        link = link_of(patient, now)
        page = f"/v/{link.token}/contact"
        shown = [text_of(Phone().post(page, {"do": "subscribe"})) for _ in range(2)]
        addresses = {re.search(r"/calendar/[\w-]+\.ics", each)[0] for each in shown}
        assert len(addresses) == 1
        address = addresses.pop()
        assert Phone().get(address).status_code == 200
        assert Phone().post(page, {"do": "unsubscribe"}).status_code == 303
        assert Phone().get(address).status_code == 404
        assert Phone().get(page).status_code == 200, "the page's own link goes on"

    def test_staff_see_their_own_visits_without_names(self, patient, visit, now, nora) -> None:
        from scheduler.models import Allocation
        from tests.factories.scheduler import PersonFactory

        nurse = PersonFactory(site=patient.site, user=nora)
        Allocation.objects.create(
            appointment=visit, resource=nurse, role="nurse", starts_at=visit.starts_at, ends_at=visit.ends_at
        )
        link = links.subscribe_staff(by=nora, now=now)
        content = Phone().get(f"/calendar/{link.token}.ics").content.decode().replace("\r\n ", "")
        assert content.count("BEGIN:VEVENT") == 1
        assert "Example" not in content
        assert red_words.found(content) == []

    def test_a_new_subscription_of_staff_ends_the_old(self, now, nora) -> None:
        old, new = links.subscribe_staff(by=nora, now=now), links.subscribe_staff(by=nora, now=now)
        assert Phone().get(f"/calendar/{old.token}.ics").status_code == 404
        assert Phone().get(f"/calendar/{new.token}.ics").status_code == 200


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            ["From 4:00am: no food.", "Until 8:00am: water is fine.", "at about 11:00am", "An adult has to take you"],
        ),
        ("es", ["Desde las 4:00: no coma nada.", "Hasta las 8:00: puede beber agua.", "hacia las 11:00"]),
    ],
)
def test_the_get_ready_list_has_times_worked_out_for_this_visit(patient, now, language, told) -> None:
    from tests.factories.treatments import BookedVisitFactory, CourseFactory, ProtocolVersionFactory
    from tests.treatments.documents import series

    patient.language = language
    patient.save()
    document = series()
    fasting = {"food_hours": 6, "clear_fluids_hours": 2, "source": "T"}
    document["visit_types"]["infusion"]["prepare"] = {"fasting": fasting}
    document["gates"] = [{"gate": "escort", "title": "Somebody", "before": "infusions.each", "source": "T"}]
    course = CourseFactory(patient=patient, protocol_version=ProtocolVersionFactory(document=document))
    (plain,) = book(patient, FRIDAY + timedelta(days=1), now=now)
    (visit,) = book(patient, FRIDAY, now=now)
    BookedVisitFactory(course=course, key="infusions.1", appointment=visit)
    link = link_of(patient, now)
    shown = text_of(Phone().get(f"/v/{link.token}"))
    assert not [sentence for sentence in told if sentence in shown], "not before the birth date"
    client = known(link)
    shown = text_of(client.get(f"/v/{link.token}"))
    for sentence in told:
        assert shown.count(sentence) == 1, sentence
    move(visit, FRIDAY - timedelta(hours=5), now=now)
    shown = text_of(client.get(f"/v/{link.token}"))
    day = "11:00pm on Thursday 7 May" if language == "en" else "23:00 del jueves 7 de mayo"
    assert day in shown
    assert plain.pk


def test_when_to_leave_is_said_only_where_somebody_noted_the_way(patient, visit, now) -> None:
    link = link_of(patient, now)
    assert "Leave home" not in text_of(Phone().get(f"/v/{link.token}"))
    patient.travel_minutes = 75
    patient.save()
    assert "Leave home by 8:45am." in text_of(known(link).get(f"/v/{link.token}"))


def test_the_mails_own_header_ends_mails(patient, visit, now) -> None:
    """RFC 8058: what a mail program sends by itself, without a cookie, a token of ours, or a page."""
    from notifications.channels.email import letter
    from notifications.engine.states import Channel, Step
    from notifications.models import Message

    message = Message.objects.select_related("patient__site").get(step=Step.PLAN, channel=Channel.EMAIL)
    mail = letter.compose(message, [visit])
    Link.ensure(*Link.needed_by(message, [visit]))
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = re.fullmatch(r"<https?://[^/]+(/.+)>", mail.extra_headers["List-Unsubscribe"])[1]
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    patient.refresh_from_db()
    assert not patient.may_email
    assert Phone().get(path).status_code == 200
