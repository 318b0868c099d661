"""What kind of obstacle a reason is, so that pages can group reasons and offer the right way out."""

from enum import StrEnum

from scheduler.engine.answer import Code, Reason
from treatments.protocols.compile import Compiled
from treatments.protocols.wishes import WISH

PEOPLE = "person"
"""The kind of resource that people are; every other kind is a thing."""


class Family(StrEnum):
    """Who or what stands in the way."""

    PLACE = "place"
    """A chair, a room, a device, or the clinic being closed."""
    PEOPLE = "people"
    COURSE = "course"
    """The protocol: distances, counts, spans, order."""
    PATIENT = "patient"
    READINESS = "readiness"
    """Something that has to be there first: a consent, a lab value, a preparation."""
    POLICY = "policy"
    """What the clinic has settled: notice, starts on the hour, how far ahead it plans."""


_BY_CODE = {
    Code.SITE_CLOSED: Family.PLACE,
    Code.WATCH_FULL: Family.PEOPLE,
    Code.HANDS_TAKEN: Family.PEOPLE,
    Code.NOT_ON_SITE: Family.PEOPLE,
    Code.PATIENT_BUSY: Family.PATIENT,
    Code.NOT_SAME_DAY: Family.PATIENT,
    Code.NOT_PREFERRED: Family.PEOPLE,
    Code.NOT_PREPARED: Family.READINESS,
    Code.DAY_FULL: Family.POLICY,
    Code.DAY_CROWDED: Family.POLICY,
    Code.OFF_STEP: Family.POLICY,
    Code.IN_THE_PAST: Family.POLICY,
    Code.BEYOND_HORIZON: Family.POLICY,
}
_OF_A_ROLE = (Code.NO_RESOURCE, Code.RESOURCE_OFF, Code.RESOURCE_BUSY, Code.OTHER_RESOURCE)


def family(reason: Reason, *, visit: str, compiled: Compiled) -> Family:
    """The family of a reason against a visit's place."""
    if reason.rule is not None and reason.rule.startswith(WISH):
        return Family.PATIENT
    if reason.code in _OF_A_ROLE:
        kinds = [
            role.kind for each in compiled.visits if each.key == visit for role in each.roles if role.key == reason.role
        ]
        return Family.PEOPLE if kinds == [PEOPLE] else Family.PLACE
    return _BY_CODE.get(reason.code, Family.COURSE)
