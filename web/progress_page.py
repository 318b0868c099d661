"""The clinician's view of a course: what is wrong first, then the chart, and what is to be done next and by whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core import clock
from scheduler.models import Status
from treatments.measures.catalogue import INSTRUMENTS
from treatments.measures.scoring import risk
from treatments.models import Alert, Assessment, Course, CourseStatus, DecisionHandover, Visit, VisitStatus
from treatments.models.course import GIVEN_UP
from treatments.protocols import stored
from treatments.queries import alerts, assessments, decisions, handovers, preparations, progress, readiness, windows
from treatments.queries.assessments import Due, DueState
from treatments.queries.decisions import DecisionPoint, DecisionState
from treatments.queries.progress import Panel, Screen
from treatments.queries.readiness import GONE, VisitReadiness
from web import charts, visit_needs, words
from web.charts import Chart
from web.course_page import CoursePage
from web.decision_words import decided
from web.forms.decisions import DecisionForm
from web.visit_needs import Need

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol


_STILL_DUE = (DueState.AHEAD, DueState.OPEN)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done: what, by whom, and by which local date, where there is one."""

    what: str
    who: str
    due_on: date | None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """The visit that has to be got ready, when it begins (local; None without a time), and what it needs."""

    visit: Visit
    starts: datetime | None
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert in words."""

    alert: Alert
    what: str
    at: datetime
    answers: tuple[tuple[str, str], ...]
    """The answers that raised it: the question, and what was answered."""

    @property
    def is_open(self) -> bool:
        """Whether nobody has acknowledged it."""
        return not hasattr(self.alert, "acknowledgement")


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row of the table beside the chart."""

    on: date
    title: str
    value: str
    band: str
    change: str
    how: str
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class ProgressPage:
    """Everything of the page."""

    page: CoursePage
    state: str
    alerts: tuple[AlertLine, ...]
    ready: Ready | None
    panels: tuple[Panel, ...]
    chart: Chart
    rows: tuple[ScoreRow, ...]
    screens: tuple[Screen, ...]
    first_due: str
    """What is to be scored first, while nothing was."""
    steps: tuple[Step, ...]
    measures: tuple[tuple[UUID, str], ...]
    ways: tuple[tuple[str, str], ...]
    """How it can go on: what its preview is asked, and in words."""
    handed: tuple[tuple[DecisionHandover, str], ...]
    """Decisions that the desk carries out, with what was decided."""
    warnings: tuple[str, ...]
    """The window for follow-ups is closing; a booster is due and not booked."""
    next_times: tuple[Visit, ...]
    """Visits for which the first fitting time can be asked: without a time, and the next one with a time."""

    @property
    def course(self) -> Course:
        """The course."""
        return self.page.course

    @property
    def has_scores(self) -> bool:
        """Whether anything was scored yet."""
        return any(panel.scores for panel in self.panels)

    @classmethod
    def of(cls, course: Course, *, now: datetime) -> "ProgressPage":
        """The page of a course read with ``treatments.queries.courses.page``. Seven more queries."""
        zone = course.site.zone
        today = clock.local(now, zone).date()
        visits = list(course.visits.all())
        rows = assessments.taken(course)
        document = stored.document(course.protocol_version.document)
        due = assessments.stand(course, visits, rows, now=now)
        points = decisions.stand(course, visits, list(decisions.records(course)), now=now)
        standing = readiness.stand(course, visits, readiness.fulfilments(course), now=now).visits
        coming = _coming(standing, now)
        panels = progress.panels(course, visits, rows, [rule.measure for rule in document.assessments], now=now)
        dated = [
            (visit, clock.local(visit.appointment.starts_at, zone).date())
            for visit in visits
            if visit.appointment is not None and visit.status not in GIVEN_UP
        ]
        waiting = [
            (point.decision.title, point.due_on)
            for point in points
            if point.due_on is not None and point.state is not DecisionState.DECIDED
        ]
        page = CoursePage.of(course)
        return cls(
            page=page,
            state=state_of(course, dated, today),
            alerts=tuple(alert_line(each) for each in alerts.of_course(course)),
            ready=_ready(course, document, coming, due) if coming else None,
            panels=panels,
            chart=charts.chart(panels, dated, waiting, today=today, window=windows.span(course, dated)),
            rows=tuple(_table(panels)),
            screens=progress.screens(course, rows),
            first_due=next((f"{each.title} {each.when}" for each in due if each.state in _STILL_DUE), ""),
            steps=tuple(_steps(visits, due, points, coming, today=today, zone=zone)),
            ways=tuple(_ways(course, points)),
            handed=tuple((each, decided(each, course)) for each in handovers.recent(course)),
            warnings=tuple(_warnings(course, visits, dated, today)),
            next_times=tuple(_next_times(visits)),
            measures=_measures(course, document),
        )


def _coming(standing: Sequence[VisitReadiness], now: datetime) -> VisitReadiness | None:
    """The next infusion; where there is none, the next visit for which something has to be there."""
    ahead = [each for each in standing if each.visit.appointment is None or each.visit.appointment.ends_at > now]
    infusions = (each for each in ahead if each.visit.family == progress.INFUSION)
    return next(infusions, None) or next((each for each in ahead if each.items), None)


def _ready(course: Course, document: "Protocol", coming: VisitReadiness, due: Sequence[Due]) -> Ready:
    """What it needs: gates, measures that are taken before it, and fasting. Two queries at most."""
    visit, zone = coming.visit, course.site.zone
    needs = list(visit_needs.gates(coming))
    at = visit.appointment
    if at is not None:
        before = [each for each in due if each.visit == visit and each.closes_at and each.closes_at <= at.starts_at]
        needs += [visit_needs.measure(each, zone) for each in before if each.state is not DueState.TOO_SOON]
        keys = [each.key for each in course.visits.all() if each.status not in GONE]
        prepare = preparations.of_visit(visit, document, keys)
        seen_to = preparations.done([at], {at.pk: prepare})[at.pk] if prepare.critical else preparations.Done()
        needs += visit_needs.fasting_ahead(prepare, seen_to.ticks, zone)
    return Ready(visit, clock.local(at.starts_at, zone) if at is not None else None, tuple(needs))


def _ways(course: Course, points: Sequence[DecisionPoint]) -> Iterable[tuple[str, str]]:
    """Those of the decision that is due, else those that are always open; none of a course that is cancelled."""
    if course.status == CourseStatus.CANCELLED:
        return []
    due = next((each for each in points if each.state in (DecisionState.DUE, DecisionState.OVERDUE)), None)
    return DecisionForm(course=course, point=due).links()


def _warnings(
    course: Course, visits: Sequence[Visit], dated: Sequence[tuple[Visit, date]], today: date
) -> Iterable[str]:
    """What the panel says of follow-ups and boosters, in the same words."""
    if course.status != CourseStatus.ACTIVE:
        return
    window = windows.window(visits, dated)
    if window is not None and window.is_closing(today):
        yield f"{window.words}."
    for booster in windows.overdue(course, dated, today=today):
        yield f"{booster.words}."


def _next_times(visits: Sequence[Visit]) -> Iterable[Visit]:
    yield from [visit for visit in visits if visit.status == VisitStatus.TO_PLACE][:3]
    ahead = [
        visit
        for visit in visits
        if visit.status in (VisitStatus.BOOKED, VisitStatus.TENTATIVE)
        and visit.appointment is not None
        and visit.appointment.status == Status.BOOKED
    ]
    yield from ahead[:1]


def state_of(course: Course, dated: Sequence[tuple[Visit, date]], today: date) -> str:
    """Such as "day 9 of 21, infusion 4 of 6 tomorrow"."""
    if course.status != CourseStatus.ACTIVE:
        return str(course.get_status_display()).lower()
    if not dated:
        return "no visit has a time yet"
    first, last = min(on for _, on in dated), max(on for _, on in dated)
    length = (last - first).days + 1
    if today < first:
        said = f"begins {words.day(first)}"
    elif today > last:
        said = f"last visit was {words.day(last)}"
    else:
        said = f"day {(today - first).days + 1} of {length}"
    infusions = [(visit, on) for visit, on in dated if visit.family == progress.INFUSION]
    coming = (VisitStatus.BOOKED, VisitStatus.TENTATIVE)
    ahead = [(visit, on) for visit, on in infusions if on >= today and visit.status in coming]
    if ahead:
        visit, on = min(ahead, key=lambda each: each[1])
        said += f" · {visit.label.lower()} of {len(infusions)} {words.relative_day(on, today)}"
        said += ", tentative" if visit.status == VisitStatus.TENTATIVE else ""
    return f"on hold · {said}" if course.on_hold else said


def alert_line(alert: Alert) -> AlertLine:
    """An alert in words; its answers, course, site and patient are loaded."""
    assessment = alert.assessment
    zone = assessment.course.site.zone
    title = INSTRUMENTS[assessment.measure].title if assessment.measure in INSTRUMENTS else assessment.measure
    if assessment.measure == "cssrs":
        what = f"C-SSRS screener: {risk(assessment.values).name.lower()} risk."
    else:
        items = words.listing([f"{number}" for number in alert.items])
        what = f"{title}: question {items} answered above 0."
    return AlertLine(alert, what, clock.local(assessment.taken_at, zone), _answers(alert))


def _answers(alert: Alert) -> tuple[tuple[str, str], ...]:
    assessment = alert.assessment
    instrument = INSTRUMENTS.get(assessment.measure)
    if instrument is None:
        return ()
    found = []
    for number in alert.items:
        item = instrument.item(number)
        value = assessment.values.get(number)
        said = next((choice.words["en"] for choice in item.choices if choice.value == value), str(value))
        if (item.lowest, item.highest) == (0, 1):
            said = "Yes" if value else "No"
        found.append((item.ask.get("en", item.name), said))
    return tuple(found)


def _table(panels: Sequence[Panel]) -> Iterable[ScoreRow]:
    found = []
    for panel in panels:
        for each in panel.scores:
            change = ""
            if panel.first is not None and each is not panel.first and panel.first.value:
                share = round(float((panel.first.value - each.value) / panel.first.value) * 100)
                change = f"{abs(share)} % {'lower' if share > 0 else 'higher'}" if share else "no change"
            elif each is panel.first:
                change = "first score"
            found.append(
                ScoreRow(
                    on=each.on,
                    title=panel.scale.title,
                    value=f"{charts.number(each.value)} of {panel.scale.highest}",
                    band=each.band,
                    change=change,
                    how="in the clinic" if each.assessment.by_id else "by phone",
                    assessment=each.assessment,
                )
            )
    return sorted(found, key=lambda row: (row.on, row.title), reverse=True)


def _steps(
    visits: Sequence[Visit],
    due: Sequence[Due],
    points: Sequence[DecisionPoint],
    coming: VisitReadiness | None,
    *,
    today: date,
    zone: str,
) -> list[Step]:
    """What is to be done, the most urgent first."""
    found = [
        Step(f"Decide: {point.decision.title}", "clinician", point.due_on, point.state is DecisionState.OVERDUE)
        for point in points
        if point.state in (DecisionState.DUE, DecisionState.OVERDUE)
    ]
    for item in coming.items if coming is not None else ():
        if item.standing is not readiness.Standing.IN_PLACE and coming is not None:
            by = clock.local(item.needed_by, zone).date() if item.needed_by else None
            late = item.standing is readiness.Standing.LATE
            what = f"{item.gate.title} for {coming.visit.label.lower()}"
            found.append(Step(f"{what}, {item.told}" if late else what, "desk", by, late))
    for each in due:
        if each.state in (DueState.OPEN, DueState.OVERDUE) and each.closes_at is not None:
            last = each.best_on or clock.local(each.closes_at, zone).date()
            late = each.state is DueState.OVERDUE
            found.append(Step(f"{each.title} {each.when}", each.filled_by, last, late))
    unplaced = [visit for visit in visits if visit.status == VisitStatus.TO_PLACE]
    if unplaced:
        found.append(Step(f"Find a time for {words.count(len(unplaced), 'visit')}", "desk", None))
    return sorted(found, key=lambda step: (step.due_on is None, step.due_on or today))


def _measures(course: Course, document: "Protocol") -> tuple[tuple[UUID, str], ...]:
    """What may be recorded: first what the protocol asks for, then the rest. What its address has for it, and title."""
    titles = {rule.measure: rule.title for rule in document.assessments}
    titles |= {name: instrument.title for name, instrument in INSTRUMENTS.items()}
    return tuple((assessments.form_id(course, name), title) for name, title in titles.items())
