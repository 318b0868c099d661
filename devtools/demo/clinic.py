"""Builds the demo clinic through the real actions: a site, its people and things, sixty patients, weeks of courses."""

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from clinics.actions import patients, sites, staff
from clinics.models import Patient, Role, Site, User
from core import clock
from devtools.demo import decisions, history, past, people, week
from scheduler.actions import resources, site_hours, skills
from scheduler.models import Kind, Resource
from scheduler.queries import hours

Say = Callable[[str], None]

CODE = "alder"
ZONE = "America/New_York"
LONG_AGO = date(2026, 1, 1)
OPEN = {
    **{weekday: ((time(8), time(18)),) for weekday in range(5)},
    5: ((time(9), time(15)),),
    6: ((time(10), time(16)),),
}


def ensure(say: Say) -> None:
    """Builds the clinic unless it is there already."""
    now = clock.now()
    if Site.objects.filter(code=CODE).exists():
        say("The demo clinic is there already; going on with its data")
        return
    service = User.objects.service()
    say("Loading the protocol catalogue")
    history.load_catalogue(by=service, now=now)
    say("Building the clinic: a site, its hours, chairs, rooms and people")
    site = open_site(by=service)
    add_accounts(by=service)
    add_things(site, by=service, now=now)
    add_colleagues(site, by=service, now=now)
    open_tomorrow(site, by=service, now=now)
    week.close_a_day(site, by=service, now=now)
    say("Registering sixty patients")
    everybody = register_patients(site, now=now)
    history.fill(site, everybody, now=now, say=say)
    past.fill(site, everybody, now=now, say=say)
    week.fill(site, now=now, say=say)
    decisions.fill(site, now=now, say=say)


def open_site(*, by: User) -> Site:
    """The one site, with its opening hours; New York's public holidays close it."""
    return sites.open_site(
        by=by,
        hours=OPEN,
        valid_from=LONG_AGO,
        code=CODE,
        name="Alder Infusion and Therapy",
        public_name="Alder",
        zone=ZONE,
        phone="+12025550100",
        address="48 Alder Street, Hudson, NY 12534",
        country="US",
        subdivision="NY",
    )


def add_accounts(*, by: User) -> None:
    """One sign-in for each role."""
    for account in people.SIGN_INS:
        staff.add(email=account.email, name=account.name, role=account.role, password=people.PASSWORD, by=by)


def add_things(site: Site, *, by: User, now: datetime) -> None:
    """Six chairs, two quiet rooms, the gym and the group room, which follow the site's hours; and a weekly class."""
    for code, name in people.SKILLS.items():
        skills.add(code=code, name=name, by=by)
    things = [
        *((Kind.CHAIR, f"Chair {number}", ["monitored"], 1) for number in range(1, 7)),
        (Kind.ROOM, "Quiet room A", ["quiet"], 1),
        (Kind.ROOM, "Quiet room B", ["quiet"], 1),
        (Kind.ROOM, "Gym", ["gym"], 1),
        (Kind.ROOM, "Group room", ["group"], 12),
    ]
    for position, (kind, name, has, lanes) in enumerate(things):
        resources.add(site=site, kind=kind, name=name, skills=has, lanes=lanes, position=position, by=by)
    group = resources.add(
        site=site,
        kind=Kind.GROUP,
        name="Mindfulness group",
        skills=["mindfulness_teacher"],
        lanes=12,
        position=len(things),
        by=by,
    )
    meets = {2: ((time(14), time(16)),)}
    resources.set_working_hours(resource=group, hours=meets, valid_from=LONG_AGO, by=by, now=now)


def add_colleagues(site: Site, *, by: User, now: datetime) -> None:
    """Ten people with their working hours and days off."""
    today = clock.local(now, site.zone).date()
    for number, colleague in enumerate(people.COLLEAGUES):
        account = User.objects.filter(email=colleague.account).first() if colleague.account else None
        person = resources.add(
            site=site,
            kind=Kind.PERSON,
            name=colleague.name,
            skills=[colleague.skill],
            lanes=colleague.lanes,
            position=20 + number,
            user=account,
            by=by,
        )
        resources.set_working_hours(
            resource=person,
            hours={day: ((time(start), time(end)),) for day, (start, end) in colleague.week.items()},
            valid_from=LONG_AGO,
            by=by,
            now=now,
        )
    for name, first, days, reason in people.AWAY:
        resources.add_absence(
            resource=Resource.objects.get(site=site, name=name),
            starts_at=clock.first_instant(today + timedelta(days=first), site.zone),
            ends_at=clock.first_instant(today + timedelta(days=first + days), site.zone),
            reason=reason,
            by=by,
            now=now,
        )


def open_tomorrow(site: Site, *, by: User, now: datetime) -> None:
    """Whenever the demo is run there are visits tomorrow: if that is a public holiday, the clinic opens all the same."""
    tomorrow = clock.local(now, site.zone).date() + timedelta(days=1)
    [day] = hours.site_days(site, first_on=tomorrow, days=1)
    if not day.windows:
        opens, closes = OPEN[tomorrow.weekday()][0]
        site_hours.set_day(
            site=site, on=tomorrow, open_from=opens, open_until=closes, reason=f"Open: {day.reason}", by=by, now=now
        )


def register_patients(site: Site, *, now: datetime) -> list[Patient]:
    """Sixty patients, registered by the front desk."""
    desk = User.objects.get(email=f"desk@{people.DOMAIN}", role=Role.FRONT_DESK)
    order = random.Random(60)  # always the same clinic
    return [
        patients.register(
            site=site,
            by=desk,
            now=now,
            given_name=person.given_name,
            family_name=person.family_name,
            birth_on=person.birth_on,
            phone=people.phone(number + 1),
            email=f"patient{number + 1:02d}@{people.DOMAIN}",
            language=person.language,
            may_email=person.may_email,
            may_text=order.random() < 0.7,
        )
        for number, person in enumerate(people.patients())
    ]
