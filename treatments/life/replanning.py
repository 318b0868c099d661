"""Re-planning a course around something that is given: what stands, stays if it can; the rest changes as little as possible."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.engine.answer import Reason
from scheduler.engine.request import Keep, Placement, PlanRequest, Preferred, Rule, Window
from treatments import planning
from treatments.planning import Question

KEEP = "keep"
"""The key of the rule that a visit stays; what it gives up is shown as a move, not told as a broken wish."""


@dataclass(frozen=True, slots=True)
class Replanned:
    """Where visits go that do not stay: those that stood, and those that were added. ``unplaced``: those without a place.

    ``said``: what there is to say about those that stood and have a place, see ``following``.
    """

    places: Mapping[str, Placement] = field(default_factory=dict)
    unplaced: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    said: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)


def around(
    question: Question,
    *,
    given: Sequence[Placement],
    loose: Sequence[Placement],
    added: Collection[str] = (),
    mending: bool = False,
) -> Replanned:
    """New places for ``loose`` visits where they cannot stay beside the ``given`` ones, and places for ``added`` visits.

    Whatever may stay does: only if the given and added visits fit nowhere beside all others do others move, as few and
    as little as possible. A visit that stood never gives way to an added one without getting another place.
    """
    beside: Replanned | None = None
    if not _clashes(question.request, given, loose, mending=mending):
        if not added:
            return Replanned()
        beside = _planned(question, given=[*given, *loose], loose=())
        if beside is not None and not beside.unplaced:
            return beside
    moved = _planned(question, given=given, loose=loose)
    if moved is None:
        return beside or Replanned()
    if beside is not None and (moved.unplaced.keys() - set(added) or len(moved.unplaced) >= len(beside.unplaced)):
        return beside
    return moved


def _planned(question: Question, *, given: Sequence[Placement], loose: Sequence[Placement]) -> Replanned | None:
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import followers

    request = question.request
    stood = {placement.visit: placement for placement in loose}
    keeps = tuple(Keep(f"{KEEP}.{each.visit}", each.visit, each.start, each.resources) for each in loose)
    wanted = replace(
        request,
        fixed=(*request.fixed, *given),
        rules=(*agreed(request, loose), *keeps),
    )
    placements, unplaced = followers.kept(
        wanted, stood.keys(), lambda asked: planning.best(replace(question, request=asked))
    )
    told = {each.visit for each in wanted.fixed}
    places = {
        each.visit: each
        for each in placements
        if each.visit not in told and (each.visit not in stood or differs(stood[each.visit], each))
    }
    if not loose and _clashes(request, [*given, *places.values()], ()):
        return None  # what is fixed and what was added cannot both be where they are
    return Replanned(places, unplaced, following(request, loose, places, unplaced, given=given))


def following(
    request: PlanRequest,
    stood: Sequence[Placement],
    places: Mapping[str, Placement],
    unplaced: Collection[str],
    *,
    given: Sequence[Placement] = (),
) -> dict[str, tuple[Reason, ...]]:
    """Of the visits that ``stood`` and have a place, those that follow others: why.

    One that they are counted from has no place; or they move because where they stood they would break these rules, now that
    others go elsewhere. Of those that a calendar drives away nothing is said.
    """
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import followers, rules
    from scheduler.engine.order import needs
    from scheduler.engine.schedule import Schedule

    before = Schedule(request, stood)
    staying = [each for each in stood if each.visit not in {*places, *unplaced}]
    after = Schedule(request, [*given, *staying, *places.values()])
    bereft = followers.bereft(request, unplaced) if unplaced else {}
    # what is counted from a visit goes after it, not the other way round
    behind = {(need.anchor, need.rule, (need.visit,)) for need in needs(request) if need.visit in places}
    found: dict[str, tuple[Reason, ...]] = {}
    for place in stood:
        visit = place.visit
        why = list(bereft.get(visit, ()))
        if visit in places:
            known = set(rules.against(before, visit))
            why += [
                reason
                for reason in rules.against(after.with_visit(place), visit)
                if reason.hard and reason not in known and (visit, reason.rule, reason.subjects) not in behind
            ]
        if why:
            found[visit] = tuple(why)
    return found


def differs(stood: Placement, after: Placement) -> bool:
    """Whether it is another place than the booked one; who only looks on is booked by nobody and does not matter."""
    booked = dict(stood.resources)
    taken = {role: resource for role, resource in after.resources if role in booked}
    return stood.start != after.start or taken != booked


def _clashes(
    request: PlanRequest, given: Sequence[Placement], loose: Sequence[Placement], *, mending: bool = False
) -> bool:
    """Whether the given places bring about something that is forbidden and was not before, or was when ``mending``."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.check import check

    before = set() if mending else set(check(request, loose))
    return any(found not in before for found in check(request, [*given, *loose]))


def agreed(request: PlanRequest, loose: Sequence[Placement]) -> tuple[Rule, ...]:
    """The rules, but no firm wish about a visit that somebody has agreed to have outside it."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import rules
    from scheduler.engine.schedule import Schedule

    outside = {(found.reason.rule, found.visit) for found in rules.findings(Schedule(request, loose))}
    kept: list[Rule] = []
    for rule in request.rules:
        if isinstance(rule, Window | Preferred) and rule.hard and planning.is_wish(rule.key):
            visits = tuple(key for key in rule.visits if (rule.key, key) not in outside)
            kept += [replace(rule, visits=visits)] if visits else []
        else:
            kept.append(rule)
    return tuple(kept)
