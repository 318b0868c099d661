"""The calendar, one file per aggregate."""

from scheduler.models.appointment import Allocation, Appointment, Status
from scheduler.models.change_set import ChangeLine, ChangeSet
from scheduler.models.resource import Absence, Kind, Resource, ResourceSkill, Skill, WorkingHours

__all__ = [
    "Absence",
    "Allocation",
    "Appointment",
    "ChangeLine",
    "ChangeSet",
    "Kind",
    "Resource",
    "ResourceSkill",
    "Skill",
    "Status",
    "WorkingHours",
]
