"""One person who was registered twice: what was said to either was said to the same person."""

from datetime import datetime

from clinics.models import Patient, User
from notifications.actions import consents
from notifications.engine.states import FINAL, Channel, Step
from notifications.models import Consent, DeskTask, Link, Message
from notifications.models.consent import Source


def follow(*, kept: Patient, duplicate: Patient, by: User, now: datetime) -> None:
    """Moves links, tasks and the messages still to be sent to the patient who is kept, in the caller's transaction.

    What was sent, answered or agreed to stays as it was written, and is read with the other's. Where the newest word of
    the two on a channel is the duplicate's stop, the other is stopped as well.
    """
    theirs = Message.objects.filter(patient=kept)
    # where one change, or a message about one week, day or free time, told both, the one who is kept is told already
    waiting = (
        Message.objects.filter(patient=duplicate)
        .exclude(state__in=FINAL)
        .exclude(change_set__in=theirs.filter(change_set__isnull=False).values("change_set"))
        .exclude(week_on__in=theirs.filter(week_on__isnull=False).values("week_on"))
        .exclude(form_on__in=theirs.filter(form_on__isnull=False).values("form_on"))
        .exclude(step=Step.OFFER, appointment__in=theirs.filter(step=Step.OFFER).values("appointment"))
    )
    waiting.update(patient=kept, updated_at=now)
    for model in (Link, DeskTask):
        model.objects.filter(patient=duplicate).update(patient=kept)
    newest = Consent.objects.filter(patient__in=[kept, duplicate]).order_by("channel", "-recorded_at", "-id")
    for fact in newest.distinct("channel"):
        channel = Channel(fact.channel)
        if not fact.given and fact.patient_id == duplicate.pk and getattr(kept, consents.AGREED[channel]):
            consents.record(
                patient=kept,
                channel=channel,
                given=False,
                source=Source(fact.source),
                words=f"Said by number {duplicate.number}, which is the same person.",
                by=by,
                now=now,
            )
            kept.refresh_from_db()
