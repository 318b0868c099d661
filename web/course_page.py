"""A course in words: one sentence on how it stands, and what happens next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from core import clock
from scheduler.models import ChangeSet, Status
from scheduler.models.change_set import Verb
from treatments.models import Course, CourseStatus, GateFulfilment, Visit, VisitStatus, WaitlistEntry, WaitlistStatus
from treatments.models.course import GIVEN_UP
from treatments.protocols import extras
from treatments.protocols.gates import Requirement
from treatments.queries import decisions, readiness
from treatments.queries.decisions import DecisionPoint, DecisionState
from treatments.queries.readiness import Readiness, Standing
from web import words
from web.visit_lines import VisitLine

MOST_CHANGES = 20
LOOKED_AT = timedelta(days=7)
"""So long after a missed visit it is asked what follows."""


@dataclass(frozen=True, slots=True)
class GateLine:
    """One gate: its worst standing, in words, and the visits that still wait for it."""

    key: str
    title: str
    light: str
    message: str
    visits: tuple[Visit, ...]
    per_visit: bool
    held: tuple[tuple[GateFulfilment, str], ...]
    """What is there, each with its words."""

    @property
    def is_open(self) -> bool:
        """Whether anything waits for it."""
        return bool(self.visits)


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision that was not made yet, and when it is due."""

    point: DecisionPoint
    due: str

    @property
    def is_due(self) -> bool:
        """Whether it can be made now."""
        return self.point.state in (DecisionState.DUE, DecisionState.OVERDUE)


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of the course. ``at`` is local."""

    change_set: ChangeSet
    at: datetime

    @property
    def is_undone(self) -> bool:
        """Whether it was taken back."""
        return getattr(self.change_set, "undone_by", None) is not None


@dataclass(frozen=True, slots=True)
class Freed:
    """A time that has become free. ``query``: what the page of fitting people is asked."""

    words: str
    query: str


@dataclass(frozen=True, slots=True)
class CoursePage:
    """A course with its visits as lines."""

    course: Course
    lines: tuple[VisitLine, ...]
    today: date
    now: datetime

    @property
    def booked_on(self) -> date:
        """The site's local date on which it was booked."""
        return clock.local(self.course.created_at, self.course.site.zone).date()

    @property
    def counted(self) -> list[VisitLine]:
        """The visits that belong to the course as it stands."""
        return [line for line in self.lines if line.visit is not None and line.visit.status not in GIVEN_UP]

    @property
    def done(self) -> int:
        """How many visits are done."""
        return sum(1 for line in self.counted if line.visit is not None and line.visit.status == VisitStatus.DONE)

    @property
    def waiting(self) -> list[VisitLine]:
        """The visits without a time."""
        return [line for line in self.lines if line.waits]

    @property
    def open(self) -> int:
        """How many visits would be cancelled with the course."""
        return sum(
            1
            for line in self.counted
            if line.visit is not None
            and line.visit.status not in (VisitStatus.DONE, VisitStatus.MISSED)
            and not self._here(line)
        )

    @property
    def next(self) -> VisitLine | None:
        """The next visit that stands in the calendar."""
        return next((line for line in self.lines if line.may_change or self._here(line)), None)

    @property
    def sentence(self) -> str:
        """How the course stands."""
        said = [f"{self.course.get_status_display()}."]
        said.append(f"{self.done} of {words.count(len(self.counted), 'visit')} done.")
        if self.course.status == CourseStatus.ACTIVE and self.next is not None and self.next.starts is not None:
            starts = self.next.starts
            when = f"{words.day(starts.date(), today=self.today)}, {words.clock(starts.time())}"
            said.append(f"Next: {self.next.label}, {when}.")
        if self.waiting:
            said.append(
                f"{words.count(len(self.waiting), 'visit')} {'has' if len(self.waiting) == 1 else 'have'} no time yet."
            )
        return " ".join(said)

    @property
    def may_end(self) -> bool:
        """Whether there is anything to cancel."""
        return self.course.status == CourseStatus.ACTIVE and self.open > 0

    @property
    def may_have_missed(self) -> list[VisitLine]:
        """Visits whose time has come and whose patient is not here."""
        return [line for line in self.lines if line.may_change and self._has_begun(line)]

    @property
    def missed(self) -> list[VisitLine]:
        """Visits of the last days that were only marked as missed: nobody has looked yet at what follows for the course."""
        made_up = {extra.makes_up for extra in extras.read(self.course.extra)}
        return [line for line in self.lines if self._is_only_marked(line) and line.key not in made_up]

    def _is_only_marked(self, line: VisitLine) -> bool:
        appointment = line.visit.appointment if line.visit is not None else None
        return (
            appointment is not None
            and appointment.status == Status.MISSED
            and appointment.change_set.verb == Verb.STATUS
            and appointment.starts_at > self.now - LOOKED_AT
        )

    def _has_begun(self, line: VisitLine) -> bool:
        return line.starts is not None and line.starts <= self.now

    def readiness(self) -> list[GateLine]:
        """How each gate of the protocol stands. One query, none without gates."""
        known = readiness.gates(self.course.protocol_version) if self._has_gates else ()
        if not known:
            return []
        facts = readiness.fulfilments(self.course)
        stands = readiness.stand(self.course, self.course.visits.all(), facts, now=self.now)
        return [line for gate in known if (line := self._gate_line(gate, stands, facts.get(gate.key, ()))) is not None]

    def _gate_line(self, gate: Requirement, stands: Readiness, facts: Iterable[GateFulfilment]) -> GateLine | None:
        """The gate at the visit where it stands worst; None where no visit ahead waits for it."""
        items = [(each.visit, item) for each in stands.visits for item in each.items if item.gate.key == gate.key]
        if not items:
            return None
        waiting = [(visit, item) for visit, item in items if item.standing != Standing.IN_PLACE]
        visit, worst = next((pair for pair in waiting if pair[1].standing == Standing.LATE), (waiting or items)[0])
        light = {Standing.IN_PLACE: "green", Standing.LATE: "red"}.get(worst.standing, "amber")
        told = f"{worst.told}."
        if worst.needed_by is not None and worst.standing != Standing.IN_PLACE:
            told = f"{worst.told}, for {visit.label}."
        ahead = {visit.key: visit.label for visit, _ in items}
        held = tuple((fact, self._held(fact, ahead)) for fact in facts if not fact.visit or fact.visit in ahead)
        return GateLine(gate.key, gate.title, light, told, tuple(each for each, _ in waiting), gate.per_visit, held)

    def _held(self, fact: GateFulfilment, labels: Mapping[str, str]) -> str:
        """Such as "For infusion 2, since Monday 4 May, written down by Nora Nurse"."""
        since = f"since {words.day(clock.local(fact.done_at, self.zone).date(), today=self.today)}"
        label = labels.get(fact.visit, "")
        said = f"for {label[:1].lower()}{label[1:]}, {since}" if label else since
        return f"{said[:1].upper()}{said[1:]}, written down by {fact.by.name}"

    @property
    def _has_gates(self) -> bool:
        return bool(self.course.protocol_version.document.get("gates"))

    def decisions(self) -> list[DecisionLine]:
        """The decisions of the course that were not made. One query, none without decisions."""
        if not self.course.protocol_version.document.get("decisions"):
            return []
        records = list(decisions.records(self.course))
        points = decisions.stand(self.course, list(self.course.visits.all()), records, now=self.now)
        return [DecisionLine(point, _due(point)) for point in points if point.state != DecisionState.DECIDED]

    def changes(self) -> list[ChangeLine]:
        """What was done to the course, the newest first. One query."""
        rows = (
            ChangeSet.objects.filter(course_changes__course=self.course)
            .select_related("by", "undone_by")
            .order_by("-created_at", "-id")[:MOST_CHANGES]
        )
        return [ChangeLine(row, clock.local(row.created_at, self.course.site.zone)) for row in rows]

    def waiting_for_earlier(self) -> list[WaitlistEntry]:
        """Its visits on the waitlist. One query."""
        entries = WaitlistEntry.objects.filter(visit__course=self.course, status=WaitlistStatus.WAITING)
        return list(entries.select_related("visit").order_by("joined_at"))

    def freed(self, key: str) -> Freed | None:
        """The time of a visit that was just cancelled, for those who wait for one. No query."""
        line = next((line for line in self.lines if line.visit is not None and str(line.visit.pk) == key), None)
        if line is None or line.starts is None or line.ends is None or line.starts <= clock.local(self.now, self.zone):
            return None
        when = f"{words.day(line.starts.date())}, {words.between(line.starts.time(), line.ends.time())}"
        asked = {"on": f"{line.starts:%Y-%m-%d}", "starts": f"{line.starts:%H:%M}", "ends": f"{line.ends:%H:%M}"}
        return Freed(when, urlencode({**asked, "site": self.course.site.code}))

    @property
    def zone(self) -> str:
        """Where the course takes place."""
        return self.course.site.zone

    @staticmethod
    def _here(line: VisitLine) -> bool:
        appointment = line.visit.appointment if line.visit is not None else None
        return appointment is not None and appointment.status in (Status.ARRIVED, Status.IN_TREATMENT)

    @classmethod
    def of(cls, course: Course) -> "CoursePage":
        """The page of a course read with ``treatments.queries.courses.page``."""
        zone, now = course.site.zone, clock.now()
        return cls(
            course=course,
            lines=tuple(VisitLine.of_visit(visit, zone=zone) for visit in course.visits.all()),
            today=clock.local(now, zone).date(),
            now=now,
        )


def _due(point: DecisionPoint) -> str:
    if point.due_on is None:
        return f"After {point.after.label}, which has no time yet."
    by = words.day(point.due_on)
    return {
        DecisionState.AHEAD: f"After {point.after.label}, by {by}.",
        DecisionState.OVERDUE: f"Overdue since {by}.",
    }.get(point.state, f"Due now, by {by}.")
