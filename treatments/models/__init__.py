"""Protocols and courses, one file per aggregate."""

from treatments.models.course import Course, CourseStatus, Visit, VisitStatus
from treatments.models.protocol import Protocol, ProtocolVersion
from treatments.models.waitlist import WaitlistEntry, WaitlistStatus

__all__ = [
    "Course",
    "CourseStatus",
    "Protocol",
    "ProtocolVersion",
    "Visit",
    "VisitStatus",
    "WaitlistEntry",
    "WaitlistStatus",
]
