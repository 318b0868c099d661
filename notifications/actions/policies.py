"""Which reminders the clinic sends: looking at what another policy would change, and putting it in force."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from datetime import time as time_of_day
from typing import TypeVar

from django.db import IntegrityError, transaction

from clinics.models import Site, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput, Stale
from notifications.actions import forms, messages, templates
from notifications.actions.messages import Reconciled
from notifications.channels import preview
from notifications.channels.languages import FALLBACK
from notifications.engine import quiet_hours
from notifications.engine.ladder import OfType, Policy
from notifications.engine.states import Step
from notifications.models import ReminderPolicy
from notifications.queries import forms as due_forms
from notifications.queries import gaps, policies
from notifications.queries.gaps import Gaps
from scheduler.models import Appointment

T = TypeVar("T")
SECONDS = 15.0
"""How long a person waits in all while rows are looked at; what is left is done by the sweeps."""

TESTED = (Step.PLAN, Step.YOUR_WEEK, Step.SEVEN_DAYS, Step.THREE_DAYS, Step.ONE_DAY, Step.DAY_OF, Step.FORM)


class PolicyChanged(Stale):
    """Somebody else changed the policy meanwhile. ``detail["current"]`` has the version."""

    code = "policy_changed"


@dataclass(slots=True)
class Effect:
    """What a policy does to messages that are not sent yet: how many come, get another time, are taken away.

    ``complete``: all were looked at in the time there was.
    """

    written: int = 0
    retimed: int = 0
    withdrawn: int = 0
    complete: bool = True


def effect(*, policy: Policy, by: User, now: datetime) -> Effect:
    """What putting this policy in force would do. Writes nothing. Raises ``InvalidInput``, ``NotAllowed``."""
    require(by, Permission.EDIT_TEMPLATES)
    check(policy)
    found, end = Effect(), time.monotonic() + SECONDS
    written: set[object] = set()
    retimed: set[object] = set()
    withdrawn: set[object] = set()
    for page in _in_time(gaps.pages(now=now), found, end=end):
        for gap in _differing(page, now=now, policy=policy):
            # a week is found with each page that has one of its visits
            written |= {message.pk for message in gap.missing}
            written |= {(week.message.patient_id, week.message.week_on) for week in gap.weeks if week.is_new}
            retimed |= {wrong.message.pk for wrong in gap.mistimed}
            retimed |= {week.message.pk for week in gap.weeks if week.due_at is not None}
            withdrawn |= {message.pk for message in gap.unwanted}
    for courses in _in_time(due_forms.pages(), found, end=end):
        differing = due_forms.compare(courses, now=now, policy=policy)
        written |= {each.message.pk for each in differing.ready if each.is_new}
        retimed |= {each.message.pk for each in differing.ready if not each.is_new}
        withdrawn |= {message.pk for message in differing.unwanted}
    found.written, found.retimed, found.withdrawn = len(written), len(retimed), len(withdrawn)
    return found


def _differing(page: Sequence[Appointment], *, now: datetime, policy: Policy) -> list[Gaps]:
    """What differs about the whole page at once; where one record spoils that, one by one without it."""
    try:
        return [gaps.compare(page, now=now, policy=policy)]
    except Exception:  # noqa: BLE001 - the sweeps log it, and which record it is
        return [gap for each in page for gap in _differing([each], now=now, policy=policy)] if len(page) > 1 else []


def publish(*, policy: Policy, version: int, by: User, now: datetime) -> Effect:
    """Puts a policy in force, and brings what is not sent yet in line with it.

    ``version`` is the edition the caller saw, 0 for the shipped policy. What took too long to look at follows with the
    sweeps, those first whose visit is next.
    Raises ``InvalidInput``, ``PolicyChanged``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_TEMPLATES)
    check(policy)
    given = {field.name: getattr(policy, field.name) for field in fields(policy)}
    try:
        with transaction.atomic(), audit.acting(by):
            newest = policies.newest()
            if (newest.version if newest else 0) != version:
                raise _changed(newest.version if newest else 0)
            ReminderPolicy.objects.create(version=version + 1, by=by, **given)
    except IntegrityError:
        raise _changed(version + 1) from None
    done, made, end = Effect(), Reconciled(), time.monotonic() + SECONDS
    with audit.acting(by):
        for page in _in_time(gaps.pages(now=now), done, end=end):
            made += messages.reconcile_each(page, now=now)[0]
        for courses in _in_time(due_forms.pages(), done, end=end):
            made += forms.write_each(courses, policy=policy, now=now)
    done.written, done.retimed, done.withdrawn = made.written, made.retimed, made.withdrawn
    return done


def send_test(*, policy: Policy, site: Site, starts_at: datetime, ends_at: datetime, by: User) -> str:
    """Mails whoever asks the e-mails a made-up patient of a site would get around one visit. Gives the address.

    Raises ``NotMailed``, ``InvalidInput``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_TEMPLATES)
    check(policy)
    wanted = [step for step in TESTED if step is Step.PLAN or policy.wants(step, OfType(prepares=True))]
    parts = []
    for step in wanted:
        subject, body = preview.example_mail(
            step=step, language=FALLBACK, site=site, starts_at=starts_at, ends_at=ends_at
        )
        parts.append(f"{step.label}\n\n{subject}\n\n{body.strip()}")
    return templates.mail_test(subject="How reminders read", body="\n\n----------\n\n".join(parts) + "\n", by=by)


def check(policy: Policy) -> None:
    """Raises ``InvalidInput`` for a time in quiet hours, naming every field that has one."""
    wrong = {}
    for field in fields(policy):
        at = getattr(policy, field.name)
        if isinstance(at, time_of_day) and not quiet_hours.FIRST <= at < quiet_hours.LAST:
            wrong[field.name] = ["Choose a time from 8:00 to 20:59: nothing is sent at night."]
    if wrong:
        first = next(iter(wrong))
        raise InvalidInput(wrong[first][0], pointer=first, detail={"fields": wrong})


def _in_time(pages: Iterator[T], effect: Effect, *, end: float) -> Iterator[T]:
    """These pages until ``end``."""
    for page in pages:
        if time.monotonic() > end:
            effect.complete = False
            return
        yield page


def _changed(version: int) -> PolicyChanged:
    return PolicyChanged(
        "Somebody else changed the reminders meanwhile. Look at them again.", detail={"current": {"version": version}}
    )
