"""Which channels a patient is told on, and what stands in the way. Asked in the claim and again just before the request."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.conf import settings

from clinics.models import Patient
from notifications.engine.states import Channel, Reason, Step
from notifications.models import Message

FACTS = ("email", "phone", "may_email", "may_text", "may_call")
"""Fields of a patient that ``hindrances`` goes by; brought up to date before the last look."""


def channels_of(patient: Patient, step: Step) -> list[Channel]:
    """The channels a patient is told on: e-mail, and texts where the clinic sends any and the patient agreed. No query.

    What is not urgent goes by text only where it cannot go by e-mail.
    """
    texts = [Channel(settings.TEXTS_OVER)] if settings.TEXTS_OVER != "none" and patient.may_text else []
    if step is Step.SEVEN_DAYS and patient.may_email and patient.email:
        return [Channel.EMAIL]
    return [Channel.EMAIL, *texts]


def one_channel(patient: Patient) -> Channel | None:
    """The one channel on which a patient hears of a week or a form: e-mail, else texts; None where there is neither. No query."""
    if patient.may_email and patient.email:
        return Channel.EMAIL
    return Channel(settings.TEXTS_OVER) if settings.TEXTS_OVER != "none" and patient.may_text else None


def offer_channel(patient: Patient) -> Channel | None:
    """The one channel on which a patient is offered a time: texts, which are seen soonest, else e-mail; None where there is
    neither. No query.
    """
    if settings.TEXTS_OVER != "none" and patient.may_text and patient.phone:
        return Channel(settings.TEXTS_OVER)
    return Channel.EMAIL if patient.may_email and patient.email else None


def persons(patients: Iterable[UUID]) -> dict[UUID, UUID]:
    """These patients, and their records that were merged into them: each with the patient it is now. One query."""
    own = {patient: patient for patient in patients}
    merged = Patient.objects.filter(merged_into__in=own).values_list("pk", "merged_into")
    return {record: patient for record, patient in merged if patient} | own


def hindrances(messages: Collection[Message]) -> dict[UUID, Reason]:
    """Why the patients of these messages cannot be reached as things stand; those that can are left out.

    No query; needs ``patient`` loaded.
    """
    found = {message.pk: _hindrance(message) for message in messages}
    return {key: reason for key, reason in found.items() if reason}


def _hindrance(message: Message) -> Reason:
    patient = message.patient
    address, agreed = {
        Channel.EMAIL: (patient.email, patient.may_email),
        Channel.SMS: (patient.phone, patient.may_text),
        Channel.WEBHOOK: (patient.phone, patient.may_text),
        Channel.CALL: (patient.phone, patient.may_call),
    }[Channel(message.channel)]
    if not address:
        return Reason.NO_ADDRESS
    return Reason.NONE if agreed else Reason.NO_CONSENT
