"""Saying the same once more: a message that went out, or never will, is written again as a copy of its own."""

from datetime import datetime

from django.db import transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict
from notifications.actions import wakers
from notifications.engine.states import RESENDABLE, WAITING, Reason, State, Step
from notifications.models import Handling, Message
from notifications.queries import reach, verdicts

NOTE = "Sent again"
"""What stands at a message somebody had to see to, once it was sent again."""
MOST = 20
"""Copies of one message; more are a mistake."""


class NotToBeSentAgain(Conflict):
    """There is nothing left to say, nobody to say it to, or it is still on its way. The message says which."""

    code = "not_to_be_sent_again"


def send_again(*, message: Message, by: User, now: datetime) -> Message:
    """Somebody wants the patient to be told once more: a new message with the same content, due at once. Gives that.

    The words are those of the visits as they are now. Like all that staff send by hand it passes over quiet hours and the
    budget; consent still decides. Whoever had to see to the message has done so by this.
    Raises ``NotToBeSentAgain``, ``NotAllowed``.
    """
    require(by, Permission.SEND_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        # all of its copies, in one order: two presses at once are one after the other
        alike = Message.objects.of_one_content(message).order_by("pk").select_for_update(of=("self",))
        current = {each.pk: each for each in alike.select_related("patient__site", "appointment")}
        row = current[message.pk]
        if any(each.state in WAITING or each.state == State.SENDING for each in current.values()):
            raise NotToBeSentAgain("This is on its way already, or may have been sent. Look at where it stands now.")
        copy = _copy(row, number=1 + max(each.copy for each in current.values()), now=now)
        copy.save(force_insert=True)
        copy.visits.set(row.visits.all())
        if Message.objects.for_people().filter(pk=row.pk).exists():
            Handling.objects.create(message=row, by=by, note=NOTE)
        wakers.wake(due_at=now, now=now)
    return copy


def _copy(row: Message, *, number: int, now: datetime) -> Message:
    """The new message. Raises ``NotToBeSentAgain``."""
    if row.step == Step.OFFER:
        raise NotToBeSentAgain("A time is offered anew on the page Waitlist, as far as it is free still.")
    if row.state not in RESENDABLE or number > MOST:
        raise NotToBeSentAgain("This message was taken back, or has been sent often enough. Call the patient instead.")
    visits = verdicts.about(row)
    if gone := verdicts.not_expected(row, visits):
        raise NotToBeSentAgain(f"There is nothing left to say: {_lower(gone.label)}.")
    spoken_of = verdicts.to_speak_of(row, visits)
    begins = row.not_after if row.form_on else max(visit.starts_at for visit in spoken_of)
    if begins <= now:
        over = "The form has closed" if row.form_on else "The visit has begun"
        raise NotToBeSentAgain(f"{over}. There is nothing left to say.")
    if hindrance := reach.hindrances([row]).get(row.pk, Reason.NONE):
        raise NotToBeSentAgain(f"It cannot be sent: {_lower(hindrance.label)}.")
    return Message(
        patient=row.patient,
        appointment=row.appointment,
        schedule_epoch=row.schedule_epoch,
        change_set_id=row.change_set_id,
        week_on=row.week_on,
        form_on=row.form_on,
        knew=row.knew,
        step=row.step,
        channel=row.channel,
        copy=number,
        due_at=now,
        not_after=begins,
        next_try_at=now,
        heeds_quiet_hours=False,
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
