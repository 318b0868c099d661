"""A course in words: one sentence on how it stands, and what happens next."""

from dataclasses import dataclass
from datetime import date

from core import clock
from scheduler.models import Status
from treatments.models import Course, CourseStatus, VisitStatus
from web import words
from web.visit_lines import VisitLine

_NOT_COUNTED = (VisitStatus.CANCELLED, VisitStatus.RELEASED)


@dataclass(frozen=True, slots=True)
class CoursePage:
    """A course with its visits as lines."""

    course: Course
    lines: tuple[VisitLine, ...]
    today: date

    @property
    def booked_on(self) -> date:
        """The site's local date on which it was booked."""
        return clock.local(self.course.created_at, self.course.site.zone).date()

    @property
    def counted(self) -> list[VisitLine]:
        """The visits that belong to the course as it stands."""
        return [line for line in self.lines if line.visit is not None and line.visit.status not in _NOT_COUNTED]

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

    @staticmethod
    def _here(line: VisitLine) -> bool:
        appointment = line.visit.appointment if line.visit is not None else None
        return appointment is not None and appointment.status in (Status.ARRIVED, Status.IN_TREATMENT)

    @classmethod
    def of(cls, course: Course) -> "CoursePage":
        """The page of a course read with ``treatments.queries.courses.page``."""
        zone = course.site.zone
        return cls(
            course=course,
            lines=tuple(VisitLine.of_visit(visit, zone=zone) for visit in course.visits.all()),
            today=clock.local(clock.now(), zone).date(),
        )
