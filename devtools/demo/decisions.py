"""How courses go on: a decision that is due, one that the desk has to carry out, one it sent back, a course on hold."""

from collections.abc import Callable
from datetime import datetime

from clinics.models import Site, User
from devtools.demo import people
from treatments.actions import changes, handovers
from treatments.life.events import Decide
from treatments.models import Choice, Course, CourseStatus
from treatments.protocols import stored
from treatments.queries import reviews
from treatments.queries.reviews import Review, ReviewKind

ON_HOLD = "infliximab"
"""The protocol of the course that waits for the insurance."""


def fill(site: Site, *, now: datetime, say: Callable[[str], None]) -> None:
    """Makes the decisions that are due the longest. Of the last three one is left, one handed over, one sent back."""
    desk = User.objects.get(email=f"desk@{people.DOMAIN}")
    clinician = User.objects.get(email=f"clinician@{people.DOMAIN}")
    due = [review for review in reviews.reviews(site, now=now) if review.kind == ReviewKind.DECISION]
    for review in due[:-3]:
        changes.apply(event=_first_way(review), by=clinician, now=now, reason="It helps: go on")
    if len(due) > 1:
        reason = "Much better, by the scores too: go on"
        handovers.hand_over(event=_first_way(due[-2]), by=clinician, now=now, reason=reason)
    if len(due) > 2:
        handed = handovers.hand_over(
            event=_first_way(due[-1]), by=clinician, now=now, reason="Better: go on as planned"
        )
        note = "Moves house next month and asks whether this could go on at another clinic. Please call first."
        handovers.send_back(handover=handed, by=desk, now=now, note=note)
    waiting = Course.objects.filter(site=site, status=CourseStatus.ACTIVE, protocol_version__protocol__code=ON_HOLD)
    for course in waiting.order_by("-start_on")[:1]:
        reason = "The insurance has still to agree"
        changes.apply(event=Decide(course.pk, Choice.HOLD), by=clinician, now=now, reason=reason)
    say(f"{len(due[-3:])} decisions are due, one of them waits for the desk, one came back; one course is on hold")


def _first_way(review: Review) -> Decide:
    """The first way that the protocol offers at this point, if it is a block."""
    document = stored.document(review.course.protocol_version.document)
    blocks = {block.block for block in document.blocks}
    [point] = [each for each in document.decisions if each.decision == review.then]
    way = next((choice.goes_to for choice in point.choices if choice.goes_to in blocks), "")
    choice = Choice.GO_TO if way else Choice.CONTINUE
    return Decide(review.course.pk, choice, decision=review.then, block=way)
