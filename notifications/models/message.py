"""The outbox: what should be said to whom. The rows are the timetable; nothing else remembers what is due."""

from datetime import datetime
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Q

from clinics.models import Patient
from core.audit import audited
from core.models import Model
from notifications.engine.states import (
    FINAL,
    NEWS,
    RECEIPTS,
    TRANSITIONS,
    UNSENT,
    WAITING,
    Channel,
    Reason,
    State,
    Step,
)
from scheduler.models import Appointment, ChangeSet

_FINAL = sorted(state.value for state in FINAL)
_WAITING = sorted(state.value for state in WAITING)
_SENDING = State.SENDING.value
_ACCEPTED = State.ACCEPTED.value
_RECEIPTS = sorted(state.value for state in RECEIPTS)
_STUCK = sorted(each.value for each in (State.DEAD, State.EXPIRED, State.UNDELIVERED, State.UNCERTAIN))
"""Few, and counted on every page of the staff."""
_NEWS = sorted(step.value for step in NEWS)
_WEEK = Step.YOUR_WEEK.value
_FORM = Step.FORM.value
_FOR_PEOPLE = Q(state__in=[State.DEAD.value, State.EXPIRED.value, State.UNDELIVERED.value]) | Q(
    state=State.UNCERTAIN.value, next_try_at=None
)


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages."""

    def due(self, *, now: datetime) -> "MessageQuerySet":
        """Those a dispatcher may take now."""
        return self.filter(state__in=_WAITING, next_try_at__lte=now)

    def lapsed(self, *, now: datetime) -> "MessageQuerySet":
        """Those whose dispatcher did not come back within its lease."""
        return self.filter(state=_SENDING, lease_until__lte=now)

    def for_people(self) -> "MessageQuerySet":
        """Those nothing happens to unless a person acts, and nobody has: failed, too late, did not arrive, or perhaps sent."""
        return self.filter(_FOR_PEOPLE, handling=None)

    def of_one_content(self, message: "Message") -> "MessageQuerySet":
        """The message and its copies: what was said to one patient on one channel about one thing."""
        return self.filter(
            patient=message.patient_id,
            appointment=message.appointment_id,
            schedule_epoch=message.schedule_epoch,
            change_set=message.change_set_id,
            week_on=message.week_on,
            form_on=message.form_on,
            step=message.step,
            channel=message.channel,
        )

    def held(self) -> "MessageQuerySet":
        """Those somebody keeps back (``Message.is_held``)."""
        return self.filter(state__in=sorted(UNSENT), next_try_at=models.F("not_after"))


# that a dispatcher took a row in hand, and until when, is kept in Attempt; here it would only fill the audit
@audited(
    but_not=["updated_at", "lease_until", "token", "attempts", "unknown_outcomes", "next_try_at", "first_tried_at"],
    nor=("state", _SENDING),
)
class Message(Model):
    """What should be said to one patient on one channel: about one visit, the visits of one change set or one week, or the
    forms that open on one day.

    ``due_at`` is when it should go out, ``next_try_at`` when a dispatcher looks at it next, ``not_after`` when it has
    become useless. ``token`` rises with every claim: only who holds the newest may write the result. ``attempts``
    counts the tries, ``unknown_outcomes`` those nobody knows the end of, ``possible_duplicates`` the copies beyond the
    first that the patient may have received. ``first_tried_at`` is when a provider may first have heard of it, and
    ``provider_id`` what the one that accepted it calls it in its receipts. ``knew``, in news, is when each visit began as far
    as the patient knew: appointment id to ISO time, or null for a visit that is new; in the message about a week, when each
    begins. ``copy`` is 0 for the message itself, and rises with each time somebody has the same said once more.
    """

    # three without an index of their own: each begins one of those below, and every claim writes to all there are
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="messages", db_index=False)
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="messages", db_index=False
    )
    schedule_epoch = models.PositiveIntegerField(default=0, help_text="The appointment's, when this was written.")
    change_set = models.ForeignKey(
        ChangeSet, on_delete=models.PROTECT, null=True, blank=True, related_name="messages", db_index=False
    )
    visits = models.ManyToManyField(Appointment, related_name="plan_messages", help_text="What news are about.")
    knew: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)
    week_on = models.DateField(null=True, blank=True, help_text="The Monday of the week it is about.")
    form_on = models.DateField(null=True, blank=True, help_text="The patient's day on which the forms open.")
    step = models.CharField(max_length=20, choices=Step.choices())
    channel = models.CharField(max_length=10, choices=Channel.choices())
    copy = models.PositiveSmallIntegerField(default=0, help_text="0; 1 for the first time it is sent again.")
    due_at = models.DateTimeField()
    not_after = models.DateTimeField()
    heeds_quiet_hours = models.BooleanField(default=True, help_text="Not what the patient or staff just asked for.")

    state = models.CharField(max_length=12, choices=State.choices(), default=State.SCHEDULED.value)
    reason = models.CharField(max_length=20, choices=Reason.choices(), blank=True, default="")
    next_try_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    token = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    unknown_outcomes = models.PositiveSmallIntegerField(default=0)
    possible_duplicates = models.PositiveSmallIntegerField(default=0)
    first_tried_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=100, blank=True, default="")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "schedule_epoch", "step", "channel", "patient", "copy"],
                name="notifications_message_once_per_visit",
            ),
            models.UniqueConstraint(
                fields=["change_set", "step", "channel", "patient", "copy"],
                name="notifications_message_once_per_change_set",
            ),
            models.UniqueConstraint(
                fields=["patient", "week_on", "channel", "copy"],
                condition=Q(week_on__isnull=False),
                name="notifications_message_once_per_week",
            ),
            models.UniqueConstraint(
                fields=["patient", "form_on", "channel", "copy"],
                condition=Q(form_on__isnull=False),
                name="notifications_message_once_per_day_of_forms",
            ),
            models.CheckConstraint(
                condition=Q(step__in=_NEWS, change_set__isnull=False, appointment=None, week_on=None, form_on=None)
                | Q(step=_WEEK, week_on__isnull=False, change_set=None, appointment=None, form_on=None)
                | Q(step=_FORM, form_on__isnull=False, change_set=None, appointment=None, week_on=None)
                | (
                    ~Q(step__in=[*_NEWS, _WEEK, _FORM])
                    & Q(appointment__isnull=False, change_set=None, week_on=None, form_on=None)
                ),
                name="notifications_message_about_something",
            ),
            models.CheckConstraint(condition=Q(step__in=Step.values()), name="notifications_message_step_known"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values()), name="notifications_message_channel_known"
            ),
            models.CheckConstraint(condition=Q(state__in=State.values()), name="notifications_message_state_known"),
            models.CheckConstraint(condition=Q(reason__in=Reason.values()), name="notifications_message_reason_known"),
            models.CheckConstraint(
                condition=Q(not_after__gt=models.F("due_at")), name="notifications_message_useful_when_due"
            ),
            models.CheckConstraint(
                condition=Q(state=_SENDING, lease_until__isnull=False) | (~Q(state=_SENDING) & Q(lease_until=None)),
                name="notifications_message_leased_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_FINAL, settled_at__isnull=False, next_try_at=None)
                | (~Q(state__in=_FINAL) & Q(settled_at=None)),
                name="notifications_message_settled_when_final",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.SCHEDULED.value, State.RETRY_WAIT.value]) | Q(next_try_at__isnull=False),
                name="notifications_message_waits_for_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at", "id"], condition=Q(state__in=_WAITING), name="notifications_message_due"
            ),
            models.Index(fields=["lease_until"], condition=Q(state=_SENDING), name="notifications_message_leases"),
            models.Index(fields=["not_after"], condition=Q(state__in=_WAITING), name="notifications_message_useful"),
            models.Index(fields=["patient", "due_at"], name="notifications_message_of"),
            models.Index(fields=["state"], condition=Q(state__in=_STUCK), name="notifications_message_stuck"),
            models.Index(fields=["due_at", "id"], name="notifications_message_by_time"),
            models.Index(fields=["due_at", "id"], condition=_FOR_PEOPLE, name="notifications_message_open"),
            models.Index(
                fields=["channel", "provider_id"],
                condition=~Q(provider_id=""),
                name="notifications_message_receipts",
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="transitions", field="state", transitions=[(a.value, b.value) for a, b in TRANSITIONS]),
            pgtrigger.Protect(
                name="final_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=sorted({*_FINAL} - {_ACCEPTED}))
                | (pgtrigger.Q(old__state=_ACCEPTED) & ~pgtrigger.Q(new__state__in=_RECEIPTS)),
            ),
        ]

    @property
    def is_held(self) -> bool:
        """Whether somebody keeps it back: it waits for the very moment at which it becomes useless."""
        return self.state in UNSENT and self.next_try_at == self.not_after

    def __str__(self) -> str:
        return f"{self.get_step_display()}, {self.get_state_display()}"
