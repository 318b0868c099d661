"""A small clinic that can give the courses of the tests: chairs, quiet rooms, and the people for them."""

from clinics.models import Site
from scheduler.models import Resource
from tests.factories.scheduler import ChairFactory, PersonFactory, RoomFactory

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
    made = [ChairFactory(site=site, name=f"Chair {n}", position=n, skills=["monitored"]) for n in range(1, chairs + 1)]
    made += [RoomFactory(site=site, name=f"Room {n}", position=20 + n, skills=["quiet"]) for n in range(1, rooms + 1)]
    for number, (name, skills) in enumerate(PEOPLE.items()):
        lanes = 3 if "infusion_nurse" in skills else 1
        made.append(PersonFactory(site=site, name=name, position=40 + number, skills=skills, lanes=lanes))
    return {resource.name: resource for resource in made}
