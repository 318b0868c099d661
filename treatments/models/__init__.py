"""Protocols and courses, one file per aggregate."""

from treatments.models.change import CourseChange
from treatments.models.course import Course, CourseStatus, Visit, VisitStatus
from treatments.models.protocol import Protocol, ProtocolVersion

__all__ = ["Course", "CourseChange", "CourseStatus", "Protocol", "ProtocolVersion", "Visit", "VisitStatus"]
