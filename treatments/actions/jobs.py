"""Planning for many courses at once: asked for, worked out by whoever has time, looked at, carried out, taken back.

A job is worked out outside any transaction and without locks; it writes nothing but its own row. Carrying it out takes the
site's lock, looks whether everything is still as it was, and writes all of it or nothing. Whoever dies on the way leaves a
lease that runs out: then the job is due again, and after some attempts it fails visibly.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from clinics.models import Site, SiteDay, User
from clinics.permissions import Permission, require
from core import audit, clock, locks
from core.errors import Conflict, DomainError
from scheduler.actions import resources, site_hours
from scheduler.actions.terms import NotWorking, Taken
from scheduler.models import Absence, ChangeSet, Resource
from scheduler.models.change_set import Verb
from treatments.actions import changes
from treatments.actions import intakes as booking
from treatments.many import batches, closures, differing, intakes, levels
from treatments.many.batches import Answer
from treatments.many.closures import Closure
from treatments.many.differing import Difference
from treatments.many.intakes import Intake
from treatments.many.levels import Levelling
from treatments.models import JobKind, JobState, PlanningJob

LEASE = timedelta(seconds=60)
"""So long a job is held without a sign of life; progress is one."""
MOST_ATTEMPTS = 3
OUTDATED = "Courses or calendars changed since this was worked out. Ask again."
EVERY_SECONDS = 1.0
"""Progress is written at most so often."""

MAY: Mapping[str, Permission] = {
    JobKind.CLOSE: Permission.RECORD_ABSENCES,
    JobKind.BOOK: Permission.BOOK_COURSES,
    JobKind.LEVEL: Permission.EDIT_RESOURCES,
}


class NotReady(Conflict):
    """The job is not worked out, has failed or is carried out already. ``detail["state"]`` says which."""

    code = "not_ready"


class AnswerOutdated(Conflict):
    """Courses or calendars changed since the job was worked out, or another answer was seen. Ask again.

    ``detail["changed"]`` says what is different: course (or its number in the job), visit, message; the first of them.
    """

    code = "outdated"

    def __init__(self, message: str = OUTDATED, differences: Iterable[Difference] = ()) -> None:
        told = [each.to_json() for each in differences][: differing.MOST]
        super().__init__(message, detail={"changed": told})


# --- asking --------------------------------------------------------------------------------------------------


def close(*, closure: Closure, by: User, now: datetime) -> PlanningJob:
    """Asks what it does to every course that the site closes for a day, or that somebody or something is away.

    Raises ``InvalidInput``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_SITES if closure.on else MAY[JobKind.CLOSE])
    closure.check(now)
    params = {
        "reason": closure.reason,
        "on": closure.on and closure.on.isoformat(),
        "resource": closure.resource and str(closure.resource.pk),
        "starts_at": closure.starts_at and closure.starts_at.isoformat(),
        "ends_at": closure.ends_at and closure.ends_at.isoformat(),
    }
    return _asked(JobKind.CLOSE, closure.site, {name: value for name, value in params.items() if value}, by)


def book(*, site: Site, wanted: Sequence[Intake], by: User, now: datetime) -> PlanningJob:
    """Asks how several new courses fit together. Raises ``InvalidInput``, ``NotAllowed``."""
    require(by, Permission.BOOK_COURSES)
    intakes.check(site, wanted, now=now)
    return _asked(JobKind.BOOK, site, {"courses": [each.to_json() for each in wanted]}, by)


def level(*, levelling: Levelling, by: User, now: datetime) -> PlanningJob:
    """Asks which visits could go to other days of a period, so that no day has too many starts.

    Raises ``InvalidInput``, ``NotAllowed``.
    """
    require(by, MAY[JobKind.LEVEL])
    levelling.check(now)
    return _asked(JobKind.LEVEL, levelling.site, levelling.to_json(), by)


def _asked(kind: JobKind, site: Site, params: dict[str, Any], by: User) -> PlanningJob:
    with audit.acting(by):
        return PlanningJob.objects.create(kind=kind, site=site, asked_by=by, params=params)


# --- working it out ------------------------------------------------------------------------------------------


def work(*, seconds: float = batches.SECONDS) -> PlanningJob | None:
    """Works out the oldest job that is due; ``None`` when there is none. Looks for better answers for ``seconds`` at most.

    A job that cannot be answered fails with the reason. Any other error is raised, and the job is due again.
    """
    job = _claimed()
    if job is None or job.state == JobState.FAILED:
        return job
    sign = _Sign(job, seconds)
    try:
        answer = _answer(job, sign, now=clock.now())
    except DomainError as error:
        _settle(job, state=JobState.FAILED, failure=error.message[:300])
    except BaseException:
        _settle(job, state=JobState.QUEUED)
        raise
    else:
        _settle(job, state=JobState.READY, answer=answer, digest=batches.digest(answer), done=F("total"))
    job.refresh_from_db()
    return job


def _claimed() -> PlanningJob | None:
    """The oldest job that is due, held by us; or failed, when it was begun too often. Leases run on the database's clock."""
    with transaction.atomic(), audit.acting(User.objects.service()):
        due = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lte=Now())
        job = PlanningJob.objects.select_for_update(skip_locked=True).filter(due).order_by("created_at", "pk").first()
        if job is None:
            return None
        rows = PlanningJob.objects.filter(pk=job.pk)
        if job.attempts >= MOST_ATTEMPTS:
            rows.update(
                state=JobState.FAILED,
                lease_until=None,
                failure="It was begun several times and never finished. Ask for less at a time.",
                updated_at=Now(),
            )
        else:
            rows.update(
                state=JobState.RUNNING,
                lease_until=Now() + LEASE,
                token=F("token") + 1,
                attempts=F("attempts") + 1,
                updated_at=Now(),
            )
        return rows.select_related("site").get()


def _settle(job: PlanningJob, **values: Any) -> bool:
    """Ends our hold of the job; ``False`` and nothing done when somebody else has it by now."""
    rows = PlanningJob.objects.filter(pk=job.pk, token=job.token, state=JobState.RUNNING)
    with audit.acting(User.objects.service()):
        return rows.update(lease_until=None, updated_at=Now(), **values) == 1


class _Sign:
    """Signs of life of one who works on a job."""

    def __init__(self, job: PlanningJob, seconds: float) -> None:
        self.job = job
        self.until = time.monotonic() + seconds
        self.next = 0.0
        self.lost = False

    def stop(self) -> bool:
        """Whether to come to an end: time is up, or somebody else holds the job."""
        return self.lost or time.monotonic() > self.until

    def progress(self, done: int, total: int, _best: object) -> None:
        """Writes how far it is, now and then, and holds the job for longer."""
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + EVERY_SECONDS
        rows = PlanningJob.objects.filter(pk=self.job.pk, token=self.job.token, state=JobState.RUNNING)
        with audit.acting(User.objects.service()):
            held = rows.update(done=done, total=total, lease_until=Now() + LEASE, updated_at=Now())
        self.lost = held == 0


def _answer(job: PlanningJob, sign: "_Sign", *, now: datetime) -> Answer:
    if job.kind == JobKind.BOOK:
        wanted = intakes.read(job.params["courses"])
        asked = intakes.questions(job.site, wanted, now=now)
        return intakes.answer(wanted, asked, stop=sign.stop, on_progress=sign.progress)
    if job.kind == JobKind.LEVEL:
        levelling = levels.read(job.site, job.params)
        return levels.answer(levelling, now=now, stop=sign.stop, on_progress=sign.progress)
    batch = closures.batch(closure(job), now=now)
    return batch.answer(batch.changes(stop=sign.stop, on_progress=sign.progress))


def closure(job: PlanningJob) -> Closure:
    """What the job is about."""
    params = job.params
    resource = Resource.objects.filter(pk=params["resource"]).first() if "resource" in params else None
    return Closure(
        site=job.site,
        reason=params["reason"],
        on=date.fromisoformat(params["on"]) if "on" in params else None,
        resource=resource,
        starts_at=datetime.fromisoformat(params["starts_at"]) if "starts_at" in params else None,
        ends_at=datetime.fromisoformat(params["ends_at"]) if "ends_at" in params else None,
    )


# --- carrying it out, and back -------------------------------------------------------------------------------


def apply(*, job: PlanningJob, digest: str, by: User, now: datetime) -> ChangeSet:
    """Carries out the answer with this digest, as one change set: closes what is closed, moves and releases visits.

    Raises ``NotReady``, ``AnswerOutdated`` when anything changed meanwhile, ``NotAllowed``, ``Busy``.
    """
    require(by, _permission(job))

    def attempt() -> ChangeSet:
        row = PlanningJob.objects.select_for_update(of=("self",)).select_related("site").get(pk=job.pk)
        if row.state != JobState.READY:
            raise NotReady(f"This is {row.get_state_display().lower()}.", detail={"state": row.state})
        if row.digest != digest:
            raise AnswerOutdated("This is not the answer that was worked out. Look at it again.")
        locks.acquire(locks.Space.SITE, [str(row.site_id)])
        with _lost():
            made = _CARRIED_OUT[JobKind(row.kind)](row, by=by, now=now)
        row.state, row.change_set = JobState.APPLIED, made
        row.save(update_fields=["state", "change_set", "params", "updated_at"])
        return made

    with audit.acting(by):
        return locks.retrying(attempt)


def _permission(job: PlanningJob) -> Permission:
    """What it takes to carry it out and to take it back. A closed day takes more than one that is ill."""
    return Permission.EDIT_SITES if "on" in job.params else MAY[job.kind]


@contextmanager
def _lost() -> Iterator[None]:
    """A place that is lost although every course has it for itself: the answer is outdated, whoever lost it."""
    try:
        yield
    except (Taken, NotWorking) as error:
        raise AnswerOutdated(differences=[Difference(error.message)]) from error


def _around(job: PlanningJob, *, by: User, now: datetime) -> ChangeSet:
    """Closes what is closed and changes the courses as the answer says. Raises ``AnswerOutdated``."""
    changes.keep_apart(each["course"] for each in job.answer["courses"])
    batch = closures.batch(closure(job), now=now)
    restored = batch.restored(job.answer)
    if restored is None:
        raise AnswerOutdated(differences=differing.of_batch(batch, job.answer))
    job.params |= _closed(closure(job), by=by, now=now)
    reason = str(job.params["reason"])
    if restored:
        return changes.write(restored, by=by, now=now, reason=reason)
    return ChangeSet.objects.create(verb=batch.verb, by=by, site=job.site, reason=reason)


def _booked(job: PlanningJob, *, by: User, now: datetime) -> ChangeSet:
    """Books the courses as the answer says. Raises ``AnswerOutdated``."""
    wanted = intakes.read(job.params["courses"])
    intakes.check(job.site, wanted, now=now)
    asked = intakes.questions(job.site, wanted, now=now, choosing=False)
    planned = []
    for course in job.answer["courses"]:
        number = course["number"]
        placements = intakes.placements(asked[number], course)
        found = list(differing.of_intake(number, asked[number], placements))
        if found:
            raise AnswerOutdated(differences=found)
        planned.append((wanted[number], asked[number], placements))
    return booking.book(site=job.site, planned=planned, by=by, now=now)


def _levelled(job: PlanningJob, *, by: User, now: datetime) -> ChangeSet:
    """Moves the visits as the answer says. Raises ``AnswerOutdated``."""
    changes.keep_apart(each["course"] for each in job.answer["courses"])
    restored, found = levels.restored(levels.read(job.site, job.params), job.answer, now=now)
    if restored is None:
        raise AnswerOutdated(differences=found)
    if not restored:
        return ChangeSet.objects.create(verb=Verb.LEVEL, by=by, site=job.site)
    return changes.write(restored, by=by, now=now)


_CARRIED_OUT = {JobKind.CLOSE: _around, JobKind.BOOK: _booked, JobKind.LEVEL: _levelled}


def _closed(closure: Closure, *, by: User, now: datetime) -> dict[str, Any]:
    """Writes the closure. Gives what it takes to take it back."""
    if closure.on is not None:
        before = SiteDay.objects.filter(site=closure.site, on=closure.on).values("opens", "closes", "reason").first()
        site_hours.set_day(
            site=closure.site, on=closure.on, reason=closure.reason, by=by, now=now, accept_consequences=True
        )
        return {"before": before and {name: value and str(value) for name, value in before.items()}}
    assert closure.resource is not None and closure.starts_at and closure.ends_at  # noqa: S101, PT018 - checked
    known = set(Absence.objects.filter(resource=closure.resource).values_list("pk", flat=True))
    resources.add_absence(
        resource=closure.resource,
        starts_at=closure.starts_at,
        ends_at=closure.ends_at,
        reason=closure.reason,
        by=by,
        now=now,
        accept_consequences=True,
    )
    made = Absence.objects.filter(resource=closure.resource).exclude(pk__in=known).get()
    return {"absence": str(made.pk)}


def undo(*, job: PlanningJob, by: User, now: datetime) -> ChangeSet:
    """Opens again what was closed and takes back everything the job did to courses, all or nothing.

    Raises ``NotReady`` when it was not carried out, and whatever ``changes.take_back`` raises.
    """
    require(by, _permission(job))

    def attempt() -> ChangeSet:
        row = PlanningJob.objects.select_for_update(of=("self",)).select_related("site").get(pk=job.pk)
        if row.state != JobState.APPLIED or row.change_set is None:
            raise NotReady(f"This is {row.get_state_display().lower()}.", detail={"state": row.state})
        locks.acquire(locks.Space.SITE, [str(row.site_id)])
        if row.kind == JobKind.CLOSE:
            _reopened(row, by=by, now=now)
        return changes.take_back(change_set=row.change_set, by=by, now=now)

    with audit.acting(by):
        return locks.retrying(attempt)


def _reopened(job: PlanningJob, *, by: User, now: datetime) -> None:
    params = job.params
    absence = Absence.objects.select_related("resource__site").filter(pk=params.get("absence")).first()
    if absence is not None:
        resources.remove_absence(absence=absence, by=by, now=now, accept_consequences=True)
    elif "on" in params:
        on, before = date.fromisoformat(params["on"]), params.get("before")
        site_hours.clear_days(site=job.site, dates=[on], by=by, now=now, accept_consequences=True)
        if before is not None:
            opens, closes = (before[name] and _time(before[name]) for name in ("opens", "closes"))
            site_hours.set_day(
                site=job.site, on=on, reason=before["reason"], open_from=opens, open_until=closes, by=by, now=now,
                accept_consequences=True,
            )  # fmt: skip


def _time(text: str) -> Any:
    return datetime.strptime(text, "%H:%M:%S").time()  # noqa: DTZ007 - a wall-clock time of day
