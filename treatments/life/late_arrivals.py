"""A patient who comes late: the visit begins as soon as it can today, and everything else stays where it is."""

from datetime import datetime, timedelta

from core.errors import Conflict
from scheduler.actions.terms import WrongStatus
from scheduler.engine.request import Placement
from scheduler.models.change_set import Verb
from treatments.life import lateness, replanning
from treatments.life.effects import block, look, seen, words, work_out
from treatments.life.events import Late
from treatments.life.lateness import LateStarts
from treatments.life.ripples import Change, Why
from treatments.life.running import Running
from treatments.models import Visit, VisitStatus
from treatments.planning import Question
from treatments.protocols.policies import LateArrival

_IN_TIME = Why("in_time", "That is in time; nothing changes.")


class TooLate(Conflict):
    """The visit cannot begin any more today. ``detail["latest"]``: until when it could have; None for not at all."""

    code = "too_late"


def starts(running: Running, visit: Visit) -> tuple[Question, LateStarts]:
    """When the visit can still begin today. Raises ``WrongStatus`` unless it was to begin today and did not."""
    from_at = max(running.now, _due(running, visit))
    question = running.ask(about={visit.key}, target=running.now, from_at=running.now)
    return question, lateness.starts_today(question, visit.key, running.standing[visit.key], from_at=from_at)


@work_out.register
def _late(event: Late, running: Running) -> Change:
    """The first start at or after the arrival that keeps every rule."""
    visit = running.visit(event.visit)
    versions = seen(visit, event.version)
    arrives_at = event.arrives_at or running.now
    due_at, policy = _due(running, visit), _policy(running, visit)
    if policy is not None and arrives_at <= due_at + timedelta(minutes=policy.grace_minutes):
        return Change(running, Verb.LATE, versions=versions, notes=(_IN_TIME,))
    question, found = starts(running, visit)
    if policy is not None and policy.then == "rebook":
        text = f"{visit.label}: who is more than {policy.grace_minutes} minutes late needs another day."
        raise TooLate(text, pointer="arrives_at", detail={"latest": None, "why": [text]})
    start = found.first_from(arrives_at)
    if start is None:
        raise _too_late(visit, found, running.course.site.zone)
    filled = found.resources[start]
    chosen = Placement(visit.key, question.request.grid.slot(start), tuple(sorted(filled.items())))
    if not replanning.differs(question.placement(running.standing[visit.key]), chosen):
        return Change(running, Verb.LATE, versions=versions, notes=(_IN_TIME,))
    look(running, question, [chosen])
    latest = lateness.at(found.latest, running.course.site.zone)
    note = Why("start_by", f"It can begin until {latest} at the latest; after that it needs another day.")
    return Change(running, Verb.LATE, question, places={visit.key: chosen}, versions=versions, notes=(note,))


def _policy(running: Running, visit: Visit) -> LateArrival | None:
    for policy in running.document.late_arrivals:
        if any(each.block == block(visit) for each in running.document.blocks_named(policy.visits)):
            return policy
    return None


def _due(running: Running, visit: Visit) -> datetime:
    """When it was to begin. Raises ``WrongStatus`` unless that is today and it did not."""
    appointment = visit.appointment
    if appointment is None or visit.status not in (VisitStatus.BOOKED, VisitStatus.TENTATIVE):
        raise WrongStatus(f"{visit.label} is {words(visit)}; nobody is late for it.")
    if not lateness.is_today(appointment.starts_at, running.now, running.course.site.zone):
        raise WrongStatus(f"{visit.label} is not today.")
    return appointment.starts_at


def _too_late(visit: Visit, found: LateStarts, zone: str) -> TooLate:
    if found.latest is None:
        text = f"{visit.label} cannot begin any more today."
    else:
        text = (
            f"{visit.label} could begin until {lateness.at(found.latest, zone)} today; after that it needs another day."
        )
    latest = found.latest.isoformat() if found.latest is not None else None
    return TooLate(text, pointer="arrives_at", detail={"latest": latest, "why": list(found.why)})
