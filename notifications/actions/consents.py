"""What patients agree to and take back. Effective before the next claim: the claim looks at the patient itself."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from clinics.models import Patient, User
from clinics.models.patient import Language
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput
from notifications.engine.states import Channel
from notifications.models import Consent, Message
from notifications.models.consent import Source

ADDRESSES = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.CALL: "phone"}
AGREED = {Channel.EMAIL: "may_email", Channel.SMS: "may_text", Channel.CALL: "may_call"}
"""Where a patient's address on a channel, and whether it may be used, are kept."""
AGREEMENT = {
    Language.ENGLISH: "I agree that the clinic writes to me or calls me about my appointments. I can change this at any time.",
    Language.SPANISH: "Acepto que la clínica me escriba o me llame sobre mis citas. Puedo cambiarlo en cualquier momento.",
}
"""What a patient is asked to agree to, in the language of the messages."""


def record(
    *, patient: Patient, channel: Channel, given: bool, source: Source, by: User, now: datetime, words: str = ""
) -> Consent:
    """Writes down that a patient agreed to a channel, or took that back, and makes it so.

    Raises ``InvalidInput`` when there is no address to agree to, ``NotAllowed``.
    """
    require(by, Permission.EDIT_PATIENTS)
    with transaction.atomic(), audit.acting(by):
        current = Patient.objects.select_for_update().get(pk=patient.pk)
        address = str(getattr(current, ADDRESSES[channel]))
        if given and not address:
            raise InvalidInput("Note an address on this channel first.", pointer=ADDRESSES[channel])
        if getattr(current, AGREED[channel]) != given:
            Patient.objects.filter(pk=current.pk).update(
                **{AGREED[channel]: given}, version=F("version") + 1, updated_at=now
            )
        return Consent.objects.create(
            patient=current,
            channel=channel,
            given=given,
            source=source,
            address=address,
            words=words[:320],
            by=by,
            recorded_at=now,
        )


def opted_out_with_provider(*, message: Message, code: str, now: datetime) -> None:
    """The provider says that the number of this message's patient opted out there: nobody of that number is texted again."""
    by = User.objects.service()
    for patient in Patient.objects.filter(phone=message.patient.phone, may_text=True).order_by("id"):
        record(patient=patient, channel=Channel.SMS, given=False, source=Source.PROVIDER, words=code, by=by, now=now)


def follow(*, patient: Patient, by: User, now: datetime, agreed_to: str = "") -> list[Consent]:
    """Writes down what staff noted in a patient's details, where that differs from the newest facts.

    ``agreed_to`` is the sentence the patient agreed to, kept with what was agreed.

    Runs in the caller's transaction. Two queries at most.
    """
    newest = {
        fact.channel: fact.given
        for fact in Consent.objects.filter(patient=patient)
        .order_by("channel", "-recorded_at", "-id")
        .distinct("channel")
    }
    return Consent.objects.bulk_create(
        Consent(
            patient=patient,
            channel=channel,
            given=getattr(patient, flag),
            source=Source.STAFF,
            address=str(getattr(patient, ADDRESSES[channel])),
            words=agreed_to[:320] if getattr(patient, flag) else "",
            by=by,
            recorded_at=now,
        )
        for channel, flag in AGREED.items()
        if newest.get(channel, False) != getattr(patient, flag)
    )
