"""What rules that count beyond one course have to know: the patient's other courses, and the starts of each day.

Each is one query more, and only for protocols with such rules.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q

from clinics.models import Patient, Site
from core import clock
from treatments.models import ProtocolVersion, Visit, VisitStatus

COUNTED = (VisitStatus.TENTATIVE, VisitStatus.BOOKED, VisitStatus.DONE)
"""A missed visit counts for nothing."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A visit that counts beyond its course: of which visit type, on which local date of its site."""

    course: UUID
    kind: str
    on: date


def history(
    version: ProtocolVersion, patient: Patient, *, first_on: date, days: int, without: Collection[UUID] = ()
) -> Mapping[str, list[date]]:
    """For each visit type: the local dates of the patient's visits outside this course that the caps could count.

    ``without`` are the appointments of this course. ``first_on`` and ``days`` are the dates to be planned. Dates are those
    of the site of each visit.
    """
    found = histories([version], [patient.pk], first_on=first_on, days=days, without=without)
    return by_kind(found.get(patient.pk, ()))


def histories(
    versions: Iterable[ProtocolVersion],
    patients: Collection[UUID],
    *,
    first_on: date,
    days: int,
    without: Collection[UUID] = (),
) -> Mapping[UUID, Sequence[Counted]]:
    """The same for several patients, for all caps of these protocols: patient to their visits. One query at most."""
    reach = max((cap["in_days"] for version in versions for cap in version.document.get("caps", ())), default=0)
    found: dict[UUID, list[Counted]] = {}
    if reach:
        first_on, last_on = first_on - timedelta(days=reach), first_on + timedelta(days=days + reach)
        for patient, visit in _visits(Q(course__patient__in=patients), first_on, last_on, without):
            found.setdefault(patient, []).append(visit)
    return found


def by_kind(visits: Iterable[Counted]) -> dict[str, list[date]]:
    """For each visit type the local dates, in order."""
    found: dict[str, list[date]] = {}
    for visit in visits:
        found.setdefault(visit.kind, []).append(visit.on)
    return {kind: sorted(dates) for kind, dates in found.items()}


def starts_by_day(
    version: ProtocolVersion, site: Site, *, first_on: date, days: int, without: Collection[UUID] = ()
) -> Mapping[str, Mapping[date, int]]:
    """For each visit type and local date: how many visits of other courses begin then at the site."""
    return by_kind_and_day(starts([version], site, first_on=first_on, days=days, without=without))


def starts(
    versions: Iterable[ProtocolVersion], site: Site, *, first_on: date, days: int, without: Collection[UUID] = ()
) -> Sequence[Counted]:
    """The visits that begin at the site, if any of these protocols limits the starts of a day. One query at most."""
    if not any(version.document.get("daily_loads") for version in versions):
        return ()
    return [visit for _, visit in _visits(Q(course__site=site), first_on, first_on + timedelta(days=days), without)]


def by_kind_and_day(visits: Iterable[Counted]) -> Mapping[str, Mapping[date, int]]:
    """For each visit type and local date how many there are."""
    found: dict[str, Counter[date]] = {}
    for visit in visits:
        found.setdefault(visit.kind, Counter())[visit.on] += 1
    return found


def _visits(which: Q, first_on: date, last_on: date, without: Collection[UUID]) -> Iterator[tuple[UUID, Counted]]:
    """The visits from ``first_on`` to ``last_on``, each with its patient."""
    rows = (
        Visit.objects.filter(which, status__in=COUNTED)
        .filter(
            # a day more on either side: which date it is depends on the zone of the site
            appointment__starts_at__date__gte=first_on - timedelta(days=1),
            appointment__starts_at__date__lte=last_on + timedelta(days=1),
        )
        .exclude(appointment__in=list(without))
        .values_list(
            "course__patient",
            "course",
            "key",
            "appointment__starts_at",
            "course__site__zone",
            "course__protocol_version__document__blocks",
        )
    )
    for patient, course, key, starts_at, zone, blocks in rows:
        on = clock.local(starts_at, zone).date()
        block = key.rpartition(".")[0]
        kind = next((each["visit"] for each in blocks if each["block"] == block), None)
        if kind is not None and first_on <= on <= last_on:
            yield patient, Counted(course, kind, on)
