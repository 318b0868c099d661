"""The ladder of reminders, drawn around one example visit. Reads and arranges; decides nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings

from clinics.models import Patient, Site
from core import clock
from notifications.channels import preview, words
from notifications.channels.languages import LANGUAGES
from notifications.engine import ladder, quiet_hours
from notifications.engine.budget import Allowance
from notifications.engine.ladder import DayOf, OfType, Policy
from notifications.engine.states import ASKS, Channel, Step
from notifications.queries import reach
from web.text_parts import LANGUAGE_NAMES, TextPart

LEADS = {"21": "three weeks ahead", "10": "ten days ahead", "2": "two days ahead"}
"""How long before the visit it is booked, in days: what can be looked at."""
EXAMPLE_AT = time(9, 30)
EXAMPLE_MINUTES = 90
TITLES = {
    Step.PLAN: "The plan, one message for the whole course",
    Step.YOUR_WEEK: "Your week, asks to confirm",
    Step.SEVEN_DAYS: "First reminder, asks to confirm",
    Step.THREE_DAYS: "Asks to confirm",
    Step.ONE_DAY: "Get ready",
    Step.DAY_OF: "On the day",
}
ONLY_IF = {
    Step.YOUR_WEEK: "only of a week with two visits or more, in place of those of 3 days before",
    Step.DAY_OF: "only where there is something to do before, such as fasting or a ride home",
}


@dataclass(frozen=True, slots=True)
class Bubble:
    """What one patient reads: ``subject`` of an e-mail; ``text``, of a text message, with its length."""

    language: str
    language_name: str
    channel: str
    subject: str = ""
    body: str = ""
    text: TextPart | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One message: when it goes out, what it is for, on which channels. Times are local to the site."""

    at: datetime
    step: Step
    title: str
    channels: tuple[str, ...]
    skipped_if_confirmed: bool
    only_if: str
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A visit and everything said before it."""

    starts: datetime
    rungs: tuple[Rung, ...]
    texts: int
    allowance: Allowance
    quiet_from: time
    quiet_until: time
    hold_minutes: int
    forms_at: time | None
    sends_texts: bool


def example_times(site: Site, *, lead_days: int, now: datetime) -> tuple[datetime, datetime]:
    """When the example visit begins and ends that is booked at ``now`` for so many days ahead."""
    on = clock.local(now, site.zone).date() + timedelta(days=lead_days)
    starts_at = clock.resolve(on, EXAMPLE_AT, site.zone).at
    return starts_at, starts_at + timedelta(minutes=EXAMPLE_MINUTES)


def example(site: Site, *, lead_days: int, now: datetime, policy: Policy) -> Ladder:
    """The ladder of a visit booked at ``now`` for so many days ahead. One query: the clinic's own texts."""
    starts_at, _ = example_times(site, lead_days=lead_days, now=now)
    plan_at = now + timedelta(seconds=settings.PLAN_HOLD_SECONDS)
    planned = ladder.still_to_come(
        starts_at=starts_at, zone=site.zone, now=now, booked_at=now, policy=policy, of_type=OfType(prepares=True)
    )
    week_at = ladder.your_week(ladder.week_of(starts_at, site.zone), site.zone, policy)
    said = [(each.step, each.due_at) for each in planned]
    if week_at is not None and week_at > now:
        said.append((Step.YOUR_WEEK, week_at))
    editions = words.Editions(Channel.SMS)
    anybody = Patient(site=site, email="ana@example.org", phone="+12125550100", may_email=True, may_text=True)
    rungs = [
        Rung(
            at=clock.local(at, site.zone),
            step=step,
            title=TITLES[step],
            channels=tuple(channel.label for channel in _channels(anybody, step)),
            skipped_if_confirmed=step in ASKS,
            only_if="" if step is Step.DAY_OF and policy.day_of is not DayOf.PREPARE else ONLY_IF.get(step, ""),
            bubbles=tuple(_bubbles(step, site, starts_at, editions)),
        )
        for step, at in [(Step.PLAN, plan_at), *sorted(said, key=lambda each: each[1])]
    ]
    return Ladder(
        starts=clock.local(starts_at, site.zone),
        rungs=tuple(rungs),
        texts=sum(1 for rung in rungs if Channel.SMS.label in rung.channels or Channel.WEBHOOK.label in rung.channels),
        allowance=Allowance(settings.TEXTS_PER_DAY, settings.TEXTS_PER_WEEK),
        quiet_from=quiet_hours.LAST,
        quiet_until=quiet_hours.FIRST,
        hold_minutes=settings.PLAN_HOLD_SECONDS // 60,
        forms_at=policy.forms_at,
        sends_texts=settings.TEXTS_OVER != "none",
    )


def _channels(patient: Patient, step: Step) -> list[Channel]:
    if step is Step.YOUR_WEEK:
        return [channel for channel in [reach.one_channel(patient)] if channel]
    return reach.channels_of(patient, step)


def _bubbles(step: Step, site: Site, starts_at: datetime, editions: words.Editions) -> Iterator[Bubble]:
    ends_at = starts_at + timedelta(minutes=EXAMPLE_MINUTES)
    for language in LANGUAGES:
        name = LANGUAGE_NAMES[language]
        used = editions.words(step, language)
        yield Bubble(language, name, Channel.SMS.label, text=TextPart(step, language, used.body, used.edition))
        subject, body = preview.example_mail(
            step=step, language=language, site=site, starts_at=starts_at, ends_at=ends_at
        )
        yield Bubble(language, name, Channel.EMAIL.label, subject=subject, body=body)
