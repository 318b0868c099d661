"""A small clinic that can give the courses of the tests: chairs, quiet rooms, and the people for them."""

from clinics.models import Site
from core.ids import uuid7
from scheduler.models import Kind, Resource, Skill, WorkingHours
from tests.factories.clinics import WEEKDAYS
from tests.factories.scheduler import ChairFactory, PersonFactory, RoomFactory, SkillFactory, WorkingHoursFactory

PEOPLE = {
    "Nurse Ada": ["infusion_nurse"],
    "Nurse Ben": ["infusion_nurse"],
    "Dr Wu": ["prescriber"],
    "Dr Diaz": ["prescriber"],
    "Theo": ["psychotherapist"],
    "Tessa": ["psychotherapist"],
}


def equip(site: Site, *, chairs: int = 3, rooms: int = 2) -> dict[str, Resource]:
    """Monitored chairs, quiet rooms, two nurses who watch three patients each, two prescribers, two therapists.

    By name. Everybody works from 8 to 18 on weekdays.
    """
    made = [ChairFactory.build(site=site, name=f"Chair {n}", position=n) for n in range(1, chairs + 1)]
    made += [RoomFactory.build(site=site, name=f"Room {n}", position=20 + n) for n in range(1, rooms + 1)]
    for number, (name, skills) in enumerate(PEOPLE.items()):
        lanes = 3 if "infusion_nurse" in skills else 1
        made.append(PersonFactory.build(site=site, name=name, position=40 + number, lanes=lanes))
    # almost every test of the pages starts here: a few statements instead of a hundred
    for resource, key in zip(made, sorted(uuid7() for _ in made), strict=True):
        resource.pk = key  # made in the same instant, in the order of the list
    Resource.objects.bulk_create(made)
    _give_skills(made)
    people = [resource for resource in made if resource.name in PEOPLE]
    WorkingHours.objects.bulk_create(
        WorkingHoursFactory.build(resource=person, weekday=weekday) for person in people for weekday in WEEKDAYS
    )
    return {resource.name: resource for resource in made}


def _give_skills(made: list[Resource]) -> None:
    of_kind: dict[str, list[str]] = {Kind.CHAIR: ["monitored"], Kind.ROOM: ["quiet"]}
    wanted = [
        (resource, code) for resource in made for code in PEOPLE.get(resource.name) or of_kind.get(resource.kind, ())
    ]
    codes = {code for _, code in wanted}
    Skill.objects.bulk_create((SkillFactory.build(code=code) for code in codes), ignore_conflicts=True)
    skills = {skill.code: skill for skill in Skill.objects.filter(code__in=codes)}
    through = Resource.skills.through
    through.objects.bulk_create(through(resource=resource, skill=skills[code]) for resource, code in wanted)
