"""What waits for a clinician: decisions that are due, breaks that became too long, missed visits, make-ups too many."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, Func, IntegerField, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from clinics.models import Site
from core import clock
from treatments.models import Choice, Course, CourseStatus, DecisionRecord, ProtocolVersion, Visit, VisitStatus
from treatments.models.course import GIVEN_UP, HAPPENS
from treatments.protocols import stored, words
from treatments.protocols.references import block_of
from treatments.queries import decisions
from treatments.queries.decisions import DecisionState
from treatments.queries.readiness import AHEAD

if TYPE_CHECKING:
    from treatments.protocols.policies import Lapse


LONG_AGO = timedelta(days=366)
"""What nobody decided for so long after the last visit is not decided any more."""


class ReviewKind(StrEnum):
    """Why a clinician has to look at a course."""

    DECISION = "decision"
    LAPSE = "lapse"
    MISSED = "missed"
    SPARE = "spare"
    """A make-up of a visit that took place after all."""


@dataclass(frozen=True, slots=True)
class Review:
    """One thing to decide. It leaves the list with the next decision about the course."""

    course: Course
    kind: ReviewKind
    visit: Visit
    """The visit it follows: the last of a block, the last before a break, the missed one."""
    due_on: date
    """Decided at the latest on this local date."""
    overdue: bool
    title: str
    message: str
    then: str
    """What the protocol says: the decision's name, what follows a lapse, what follows a missed visit."""


def reviews(site: Site, *, now: datetime) -> list[Review]:
    """Everything that waits for a clinician at a site, the longest due first. Four queries.

    A course that ran out of visits waits for its open decisions all the same: until each was made, and one after its last
    visit, or it is stopped, or a year has gone by. So the courses that are read do not add up over the years.
    """
    visits = Visit.objects.select_related("appointment").order_by("position")
    made = DecisionRecord.objects.in_force().order_by("-decided_at", "-id")
    courses = (
        Course.objects.filter(Q(status=CourseStatus.ACTIVE) | _completed_undecided(now), site=site)
        .select_related("site", "patient")
        .prefetch_related(
            # fetched apart: a document read once for each course would cost more than everything else
            Prefetch("protocol_version", queryset=ProtocolVersion.objects.select_related("protocol")),
            Prefetch("visits", queryset=visits),
            Prefetch("decisions", queryset=made),
        )
    )
    found = [review for course in courses for review in of_course(course, now=now)]
    return sorted(found, key=lambda review: (review.due_on, str(review.course.pk)))


def _completed_undecided(now: datetime) -> Q:
    """Completed courses of the last year with a decision that is still open, and that nobody stopped."""
    made = DecisionRecord.objects.in_force().filter(course=OuterRef("pk"))
    visits = Visit.objects.exclude(status__in=GIVEN_UP)
    last = visits.filter(course=OuterRef("course")).order_by("-appointment__ends_at").values("appointment__ends_at")[:1]
    names = made.exclude(decision="").values("course").annotate(names=Count("decision", distinct=True)).values("names")
    asked = Func("protocol_version__document__decisions", function="jsonb_array_length", output_field=IntegerField())
    return Q(
        Exists(visits.filter(course=OuterRef("pk"), appointment__ends_at__gte=now - LONG_AGO)),
        ~Exists(made.filter(choice__in=(Choice.STOP, Choice.CROSS_OVER))),
        LessThan(Coalesce(Subquery(names), 0), asked)
        | ~Exists(made.exclude(decision="").filter(decided_at__gte=Subquery(last))),
        status=CourseStatus.COMPLETED,
        protocol_version__document__decisions__0__isnull=False,
    )


def of_course(course: Course, *, now: datetime) -> Iterator[Review]:
    """The same for one course."""
    made = list(course.decisions.all())
    for point in decisions.stand(course, list(course.visits.all()), made, now=now):
        if point.state in (DecisionState.DUE, DecisionState.OVERDUE) and point.due_on is not None:
            yield Review(
                course=course,
                kind=ReviewKind.DECISION,
                visit=point.after,
                due_on=point.due_on,
                overdue=point.state == DecisionState.OVERDUE,
                title=point.decision.title,
                message=f"To be decided by {point.due_on:%-d %B %Y}.",
                then=point.decision.decision,
            )
    yield from beside_decisions(course, now=now)


def beside_decisions(course: Course, *, now: datetime) -> Iterator[Review]:
    """What waits beside the decisions of its protocol."""
    if course.status != CourseStatus.ACTIVE:
        return
    document = stored.document(course.protocol_version.document)
    made = course.decisions.all()
    today = clock.local(now, course.site.zone).date()
    decided_at = max((record.decided_at for record in made), default=None)
    for lapse in document.lapses:
        blocks = {block.block for block in document.blocks_named(lapse.visits)}
        yield from _lapsed(course, lapse, blocks, decided_at, today)
    escalated = [missed for missed in document.missed if missed.then == "escalate"]
    blocks = {block.block for missed in escalated for block in document.blocks_named(missed.visits)}
    yield from _missed(course, blocks, decided_at, today)
    yield from _spare(course, decided_at, today)


def _lapsed(
    course: Course, lapse: "Lapse", blocks: Collection[str], decided_at: datetime | None, today: date
) -> Iterator[Review]:
    """A break between the last visit that took place and the next one, or today, that is longer than it may be."""
    concerned = [visit for visit in course.visits.all() if block_of(visit.key) in blocks]
    done = [visit for visit in concerned if visit.status == VisitStatus.DONE and visit.appointment is not None]
    ahead = [visit for visit in concerned if visit.status in AHEAD]
    if not done or not ahead:
        return
    last = max(done, key=_starts_at)
    if decided_at is not None and decided_at > _starts_at(last):
        return
    zone = course.site.zone
    last_on = clock.local(_starts_at(last), zone).date()
    timed = [clock.local(_starts_at(visit), zone).date() for visit in ahead if visit.appointment is not None]
    next_on = max(today, min(timed, default=today))
    limit_on = last_on + timedelta(days=lapse.after_days)
    if next_on > limit_on:
        yield Review(
            course=course,
            kind=ReviewKind.LAPSE,
            visit=last,
            due_on=limit_on,
            overdue=today > limit_on,
            title=f"A break of {(next_on - last_on).days} days",
            message=f"{last.label} was on {last_on:%-d %B %Y}; after {lapse.after_days} days somebody has to decide.",
            then=lapse.then,
        )


def _missed(course: Course, blocks: Collection[str], decided_at: datetime | None, today: date) -> Iterator[Review]:
    """Missed visits of which the protocol says that a clinician decides."""
    for visit in course.visits.all():
        if visit.status != VisitStatus.MISSED or block_of(visit.key) not in blocks:
            continue
        starts_at = _starts_at(visit)
        if decided_at is not None and decided_at > starts_at:
            continue
        on = clock.local(starts_at, course.site.zone).date()
        yield Review(
            course=course,
            kind=ReviewKind.MISSED,
            visit=visit,
            due_on=on,
            overdue=today > on,
            title=f"{visit.label} was missed",
            message=f"It was on {on:%-d %B %Y}. The protocol leaves it to a clinician how to go on.",
            then="escalate",
        )


def _spare(course: Course, decided_at: datetime | None, today: date) -> Iterator[Review]:
    """Make-ups that are still ahead although the patient came to the visit they were added for."""
    visits = {visit.key: visit for visit in course.visits.all()}
    for extra in course.extra:
        made_up, visit = visits.get(extra["makes_up"]), visits.get(extra["key"])
        if made_up is None or visit is None or made_up.status not in HAPPENS or visit.status not in AHEAD:
            continue
        if decided_at is not None and decided_at > _starts_at(made_up):
            continue
        due_on = visit.appointment.local_on if visit.appointment is not None else today
        yield Review(
            course=course,
            kind=ReviewKind.SPARE,
            visit=visit,
            due_on=due_on,
            overdue=today > due_on,
            title=f"{visit.label} is one too many",
            message=f"It was added to make up for {words.in_sentence(made_up.label)}, to which the patient came after all.",
            then="cancel",
        )


def _starts_at(visit: Visit) -> datetime:
    assert visit.appointment is not None  # noqa: S101 - visits with these statuses have one
    return visit.appointment.starts_at
