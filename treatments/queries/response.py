"""How many patients responded, by protocol and scale. Groups so small that one patient could be guessed are left out.

A group is the courses of one protocol that began in one calendar quarter, and it is shown when at least ``FEWEST`` of them can
be judged. Everything that is said is a sum of such groups: whatever two answers, for whatever periods, are held against each
other, what lies between them is a group of that size again, or nothing.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core import clock
from treatments.measures.catalogue import INSTRUMENTS
from treatments.measures.instruments import InvalidAnswers
from treatments.measures.progress import Progress, progress
from treatments.measures.scoring import scores
from treatments.models import VisitStatus
from treatments.queries.progress import INFUSION
from treatments.queries.scopes import Scope, rows_of

FEWEST = 5

_PAIRS = """
    WITH begun AS (
        SELECT v.course_id AS id, min(a.starts_at) AS began_at
        FROM treatments_visit AS v
        JOIN treatments_course AS c ON c.id = v.course_id AND c.site_id = %(site)s
        JOIN scheduler_appointment AS a ON a.id = v.appointment_id
        WHERE v.family = %(infusion)s AND v.status = %(done)s
        GROUP BY v.course_id
        HAVING min(a.starts_at) >= %(from)s AND min(a.starts_at) < %(until)s
    ), valid AS (
        SELECT s.course_id, s.measure, s.taken_at, s.id, s.answers, s.taken_at <= b.began_at AS before
        FROM begun AS b JOIN treatments_assessment AS s ON s.course_id = b.id
        WHERE NOT EXISTS (SELECT 1 FROM treatments_assessment AS r WHERE r.replaces_id = s.id)
    ), latest AS (
        SELECT DISTINCT ON (course_id, measure, before) course_id, measure, before, answers
        FROM valid ORDER BY course_id, measure, before, taken_at DESC, id DESC
    )
    SELECT p.id, p.title, b.began_at, f.measure, f.answers, l.answers
    FROM begun AS b
    JOIN treatments_course AS c ON c.id = b.id
    JOIN treatments_protocolversion AS n ON n.id = c.protocol_version_id
    JOIN treatments_protocol AS p ON p.id = n.protocol_id
    JOIN latest AS f ON f.course_id = b.id AND f.before
    JOIN latest AS l ON l.course_id = b.id AND l.measure = f.measure AND NOT l.before
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Courses of one protocol, judged by one scale. ``remitted`` is None where no such limit is published."""

    protocol: str
    scale: str
    courses: int
    responded: int
    remitted: int | None


@dataclass(frozen=True, slots=True)
class Response:
    """``groups`` that are shown; ``too_few`` names those of which every quarter was too small, as (protocol, scale).

    Counted are the courses that began from ``first_on`` to ``last_on``, whole calendar quarters.
    """

    first_on: date
    last_on: date
    groups: tuple[Group, ...]
    too_few: tuple[tuple[str, str], ...]


def response(scope: Scope) -> Response:
    """The last score of each course against the last one before its first infusion. One query.

    The quarters are those from the first day of the period on that are over by its last; at least the latest.
    """
    first_on, last_on = quarters(scope.first_on, scope.last_on)
    whole = Scope(scope.site, first_on, last_on)
    counts: dict[tuple[str, str, str], dict[int, Counter[str]]] = {}
    with_remission: set[tuple[str, str, str]] = set()
    parameters = {"infusion": INFUSION, "done": VisitStatus.DONE.value}
    for key, title, began_at, measure, first, last in rows_of(_PAIRS, whole.as_parameters | parameters):
        began_on = clock.local(began_at, scope.site.zone).date()
        for scale, found in _judged(measure, _answers(first), _answers(last)):
            group = (title, scale, str(key))
            of_quarter = counts.setdefault(group, {}).setdefault(_quarter(began_on), Counter())
            of_quarter["courses"] += 1
            of_quarter["responded"] += bool(found.responded)
            of_quarter["remitted"] += bool(found.remitted)
            if found.remitted is not None:
                with_remission.add(group)
    groups, too_few = [], []
    for group in sorted(counts):
        title, scale, _ = group
        shown = [each for each in counts[group].values() if each["courses"] >= FEWEST]
        if not shown:
            too_few.append((title, scale))
            continue
        total: Counter[str] = sum(shown, Counter())
        remitted = total["remitted"] if group in with_remission else None
        groups.append(Group(title, scale, total["courses"], total["responded"], remitted))
    return Response(first_on, last_on, tuple(groups), tuple(too_few))


def quarters(first_on: date, last_on: date) -> tuple[date, date]:
    """The first and last day of the calendar quarters from the one of ``first_on`` on that are over by ``last_on``.

    The latest that is over, where the period began after it.
    """
    ends_on = _begins(_quarter(last_on + timedelta(days=1))) - timedelta(days=1)
    return _begins(min(_quarter(first_on), _quarter(ends_on))), ends_on


def _quarter(on: date) -> int:
    return on.year * 4 + (on.month - 1) // 3


def _begins(quarter: int) -> date:
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)


def _answers(stored: Any) -> Mapping[int, int]:
    """Answers by item number; SQL hands JSON over as text."""
    data = json.loads(stored) if isinstance(stored, str) else stored
    return {int(number): value for number, value in data.items()}


def _judged(measure: str, first: Mapping[int, int], last: Mapping[int, int]) -> Iterator[tuple[str, Progress]]:
    """For each scale with a published limit of response: its title and what became of the first score."""
    instrument = INSTRUMENTS.get(measure)
    if instrument is None:
        return
    try:
        before = {score.scale: score.value for score in scores(instrument, first)}
        after = {score.scale: score.value for score in scores(instrument, last)}
    except InvalidAnswers:  # imported from elsewhere, with items missing
        return
    for scale in instrument.scales:
        if scale.response is not None:
            yield scale.title, progress(scale, before[scale.name], after[scale.name])
