"""My day: the visits of a person or of a site today, what each needs, and the presses that tick it off."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from clinics.models import Patient, Site, User
from core import clock
from scheduler.models import Appointment, Status
from treatments.models import Alert, Visit, VisitTick
from treatments.queries import my_day, sessions
from treatments.queries.my_day import DayVisit
from web import statuses, visit_needs, words
from web.statuses import Press, State
from web.visit_lines import who_and_where
from web.visit_needs import Need

_AHEAD = (Status.BOOKED, Status.ARRIVED)
_HERE = (Status.ARRIVED, Status.IN_TREATMENT)


@dataclass(frozen=True, slots=True)
class TickLine:
    """One step: to be ticked by its key, or ticked ``at`` a local time by somebody. ``due`` is local.

    ``is_late``: due and not ticked while the patient is here.
    """

    key: str
    title: str
    when: str
    tick: VisitTick | None
    at: datetime | None
    due: datetime | None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class DayLine:
    """One visit of the day. Times are local."""

    visit: Visit
    appointment: Appointment
    starts: datetime
    ends: datetime
    place: str
    people: str
    state: State
    presses: tuple[Press, ...]
    needs: tuple[Need, ...]
    alerts: tuple[Alert, ...]
    checks: tuple[TickLine, ...]
    marks: tuple[TickLine, ...]
    """Start, end and escort, as far as their turn has come."""
    observed_until: datetime | None
    observed_minutes: int
    """How much of the observation is left, in whole minutes; 0 when it is over."""
    left: TickLine | None

    @property
    def patient(self) -> Patient:
        """Who comes."""
        return self.visit.course.patient

    @property
    def is_here(self) -> bool:
        """Whether the patient is in the house."""
        return self.appointment.status in _HERE

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done."""
        return self.appointment.status in (Status.DONE, Status.MISSED)

    @property
    def shows_checks(self) -> bool:
        """Whether there is something to tick or that was ticked."""
        return bool(self.checks) and (self.is_here or any(line.tick for line in self.checks))

    @property
    def has_steps(self) -> bool:
        """Whether there is any step to tick or that was ticked."""
        return bool(self.shows_checks or self.marks or self.left or self.is_here)

    @property
    def late(self) -> int:
        """How many checks are due and not ticked."""
        return sum(1 for line in self.checks if line.is_late)


@dataclass(frozen=True, slots=True)
class MyDay:
    """The page. ``everybody``: it shows the whole site."""

    site: Site
    lines: tuple[DayLine, ...]
    everybody: bool
    today: datetime

    @property
    def sentence(self) -> str:
        """How the day stands."""
        if not self.lines:
            return "No visits today."
        here = sum(1 for line in self.lines if line.is_here)
        over = sum(1 for line in self.lines if line.is_over)
        said = f"{words.count(len(self.lines), 'visit')}: {here} here, {over} over."
        late = sum(line.late for line in self.lines)
        return f"{said} {words.count(late, 'check')} due now." if late else said

    @classmethod
    def of(cls, site: Site, user: User, *, everybody: bool, now: datetime) -> "MyDay":
        """Today at the site."""
        today = clock.local(now, site.zone)
        found = my_day.visits(site, today.date(), now=now, of=None if everybody else user)
        return cls(site, tuple(day_line(each, now=now) for each in found), everybody, today)


def address(visit: UUID | None = None, *, site: Site, several: bool, everybody: bool) -> str:
    """The query and fragment of the page that shows this again."""
    query = ({"site": site.code} if several else {}) | ({"who": "all"} if everybody else {})
    return (f"?{urlencode(query)}" if query else "") + (f"#visit-{visit}" if visit else "")


def day_line(found: DayVisit, *, now: datetime) -> DayLine:
    """One visit in words."""
    visit, appointment, session = found.visit, found.appointment, found.session
    zone = visit.course.site.zone
    place, people = who_and_where(each.resource for each in appointment.allocations.all())
    until = session.observed_until
    left = max(timedelta(), until - now) if until is not None else timedelta()
    return DayLine(
        visit=visit,
        appointment=appointment,
        starts=clock.local(appointment.starts_at, zone),
        ends=clock.local(appointment.ends_at, zone),
        place=place,
        people=people,
        state=statuses.of_appointment(appointment),
        presses=tuple(
            press
            for press in statuses.presses(appointment)
            if (appointment.status in (Status.ARRIVED, Status.MISSED) if press.back else press.status == Status.ARRIVED)
        ),
        needs=tuple(_needs(found, zone)) if appointment.status in _AHEAD else (),
        alerts=found.alerts,
        checks=tuple(
            TickLine(
                key=check.key,
                title=check.title,
                when=check.when,
                tick=check.tick,
                at=clock.local(check.tick.at, zone) if check.tick else None,
                due=clock.local(check.due_at, zone) if check.due_at else None,
                is_late=appointment.status in _HERE and check.is_late(now),
            )
            for check in session.checks
        ),
        marks=tuple(_marks(found, zone)),
        observed_until=clock.local(until, zone) if until is not None else None,
        observed_minutes=-int(-left.total_seconds() // 60),
        left=_mark(found, sessions.LEFT, "Left", zone) if session.tick(sessions.LEFT) else None,
    )


def _marks(found: DayVisit, zone: str) -> Iterable[TickLine]:
    """The steps whose turn it is, and those that were done."""
    here = found.appointment.status in _HERE
    started, ended = found.session.tick(sessions.START), found.session.tick(sessions.END)
    if started or here:
        yield _mark(found, sessions.START, "Started" if started else "Start", zone)
    if ended or (here and started):
        yield _mark(found, sessions.END, "Treatment ended" if ended else "End of treatment", zone)
    escort = found.session.tick(sessions.ESCORT)
    if escort or (here and found.session.needs_escort):
        yield _mark(found, sessions.ESCORT, "Escort confirmed" if escort else "Escort is here", zone)


def _mark(found: DayVisit, step: str, title: str, zone: str) -> TickLine:
    tick = found.session.tick(step)
    return TickLine(step, title, "", tick, clock.local(tick.at, zone) if tick else None, None)


def _needs(found: DayVisit, zone: str) -> Iterable[Need]:
    """Gates, what can be answered now, and until when the patient could eat and drink."""
    yield from visit_needs.gates(found.ready)
    yield from (visit_needs.measure(due, zone) for due in found.due)
    until = visit_needs.fasting(found.prepare, zone)
    if until is not None:
        yield Need(f"Ask: no food since {until[0]}, nothing to drink since {until[1]}", visit_needs.TELLS)
