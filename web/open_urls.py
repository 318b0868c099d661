"""Addresses that need no sign-in: patients' pages behind their links, and what providers send."""

from django.urls import URLPattern, path

from web.link_sessions import exchanged
from web.open_pages import View, open_page
from web.views import (
    hooks,
    patient_birth,
    patient_contact,
    patient_offer,
    patient_page,
    patient_questions,
    patient_ready,
    patient_times,
)


def behind_link(rest: str, view: View, *, name: str, a_minute: int, takes_forms: bool = True) -> URLPattern:
    """A page behind a patient's link, at an address that does not keep what opens it."""
    return open_page(f"v/<str:token>{rest}", exchanged(view), name=name, a_minute=a_minute, takes_forms=takes_forms)


urlpatterns = [
    behind_link("", patient_page.visits, name="patient-visits", a_minute=60),
    open_page("v/<str:token>/visits.ics", patient_page.visits_file, name="patient-visits-file", a_minute=60),
    behind_link("/birth", patient_birth.birth, name="patient-birth", a_minute=30),
    behind_link("/ready", patient_ready.ready, name="patient-ready", a_minute=60),
    behind_link("/times/<uuid:appointment>", patient_times.times, name="patient-times", a_minute=30),
    behind_link("/offer", patient_offer.offer, name="patient-offer", a_minute=30),
    behind_link("/contact", patient_contact.contact, name="patient-contact", a_minute=30),
    open_page("v/<str:token>/new", patient_contact.new_link, name="patient-new-link", a_minute=10, takes_forms=True),
    behind_link("/questions", patient_questions.listing, name="patient-questions", a_minute=60),
    behind_link(
        "/questions/<uuid:form>/<int:number>", patient_questions.question, name="patient-question", a_minute=60
    ),
    behind_link(
        "/questions/done/<uuid:assessment>",
        patient_questions.done,
        name="patient-questions-done",
        a_minute=60,
        takes_forms=False,
    ),
    open_page("stop/<str:token>", patient_contact.stop_email, name="stop-email", a_minute=60, takes_forms=True),
    open_page("calendar/<str:token>.ics", patient_page.calendar, name="calendar-feed", a_minute=60),
    path("hooks/twilio/inbound", hooks.twilio_inbound, name="twilio-inbound"),
    path("hooks/twilio/status/<uuid:message>", hooks.twilio_status, name="twilio-status"),
    path("hooks/texts/inbound", hooks.texts_inbound, name="texts-inbound"),
    path("hooks/texts/status", hooks.texts_status, name="texts-status"),
]
