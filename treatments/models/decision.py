"""What clinicians decided about a course. A decision is never changed; a later one counts instead."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from core.audit import audited
from core.models import Model
from scheduler.models import ChangeSet
from treatments.models.course import Course


class Choice(models.TextChoices):
    """What was decided."""

    GO_TO = "go_to", "Go on with a block"
    CONTINUE = "continue", "Go on as planned"
    SPACING = "spacing", "Change the distance"
    HOLD = "hold", "Pause"
    RESUME = "resume", "Resume"
    STOP = "stop", "Stop"
    CROSS_OVER = "cross_over", "Cross over"
    """Everything ahead is given up; the patient goes on with another protocol, as a course of its own."""


WITH_BLOCK = (Choice.GO_TO, Choice.SPACING)


UNDONE_AT_MOST = 5
"""So many times a decision and its undo can take turns; more are looked at no further."""


class DecisionQuerySet(models.QuerySet["DecisionRecord"]):
    """Decisions, as a set."""

    def in_force(self) -> "DecisionQuerySet":
        """Those whose change set was not undone, or whose undo was undone."""
        path, wanted = "change_set", Q()
        for _ in range(UNDONE_AT_MOST):
            undone = f"{path}__undone_by"
            wanted |= Q(**{f"{undone}__isnull": True, f"{path}__isnull": False})
            path = f"{undone}__undone_by"
        return self.filter(wanted)


@audited()
class DecisionRecord(Model):
    """One decision: which, what was chosen, why, by whom, and the change set that carried it out.

    ``decision`` is its name in the protocol, empty for one that the protocol did not ask for.
    """

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=40, blank=True)
    after = models.CharField(max_length=80, blank=True, help_text="The key of the visit that made it due.")
    choice = models.CharField(max_length=10, choices=Choice.choices)
    block = models.CharField(
        max_length=40, blank=True, help_text="The block it goes on with or whose distance changes."
    )
    gap_days = models.PositiveSmallIntegerField(null=True, help_text="The new distance, in local dates.")
    reason = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    change_set = models.OneToOneField(ChangeSet, on_delete=models.PROTECT, related_name="decision")

    objects: "models.Manager[DecisionRecord]" = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(choice__in=Choice.values), name="treatments_decisionrecord_choice_known"
            ),
            models.CheckConstraint(
                condition=(~Q(block="") & Q(choice__in=WITH_BLOCK)) | (Q(block="") & ~Q(choice__in=WITH_BLOCK)),
                name="treatments_decisionrecord_block_where_needed",
            ),
            models.CheckConstraint(
                condition=Q(choice=Choice.SPACING, gap_days__isnull=False, gap_days__gte=1)
                | (~Q(choice=Choice.SPACING) & Q(gap_days=None)),
                name="treatments_decisionrecord_gap_where_needed",
            ),
        ]
        indexes = [models.Index(fields=["course", "decided_at"], name="treatments_decision_of")]
        triggers = [
            pgtrigger.Protect(name="decisions_never_change", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.get_choice_display()


class HandoverState(models.TextChoices):
    """Where a decision stands that was handed to the desk."""

    OPEN = "open", "Waits for the desk"
    DONE = "done", "Carried out"
    WITHDRAWN = "withdrawn", "Withdrawn"
    RETURNED = "returned", "Sent back"


@audited()
class DecisionHandover(Model):
    """A clinician's decision that the desk carries out: what was chosen, why, and what became of it.

    ``note`` is what the desk says when it sends the decision back.
    """

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="handovers")
    decision = models.CharField(max_length=40, blank=True)
    choice = models.CharField(max_length=10, choices=Choice.choices)
    block = models.CharField(max_length=40, blank=True)
    gap_days = models.PositiveSmallIntegerField(null=True)
    cancel_booked = models.BooleanField(default=False)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=HandoverState.choices, default=HandoverState.OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    change_set = models.OneToOneField(ChangeSet, on_delete=models.PROTECT, null=True, related_name="handover")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=HandoverState.values), name="treatments_decisionhandover_state_known"
            ),
            models.UniqueConstraint(
                fields=["course"], condition=Q(state=HandoverState.OPEN), name="treatments_decisionhandover_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state=HandoverState.OPEN, closed_at=None, closed_by=None)
                | (~Q(state=HandoverState.OPEN) & Q(closed_at__isnull=False, closed_by__isnull=False)),
                name="treatments_decisionhandover_closed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state=HandoverState.DONE, change_set__isnull=False)
                | (~Q(state=HandoverState.DONE) & Q(change_set=None)),
                name="treatments_decisionhandover_done_by_a_change",
            ),
        ]

    def __str__(self) -> str:
        return self.get_choice_display()
