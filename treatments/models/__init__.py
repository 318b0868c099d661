"""Protocols and courses, one file per aggregate."""

from treatments.models.assessment import (
    Alert,
    AlertAcknowledgement,
    AlertCall,
    Assessment,
    AssessmentDraft,
    CrisisContact,
    Mode,
)
from treatments.models.change import CourseChange
from treatments.models.course import Course, CourseStatus, Visit, VisitStatus
from treatments.models.decision import Choice, DecisionHandover, DecisionRecord, HandoverState
from treatments.models.gate import GateFulfilment, GateWithdrawal
from treatments.models.planning_job import JobKind, JobState, PlanningJob
from treatments.models.preparation import PreparationTick, Preparing
from treatments.models.protocol import Protocol, ProtocolVersion
from treatments.models.session import VisitTick
from treatments.models.waitlist import WaitlistEntry, WaitlistStatus

__all__ = [
    "Alert",
    "AlertAcknowledgement",
    "AlertCall",
    "Assessment",
    "AssessmentDraft",
    "Choice",
    "Course",
    "CourseChange",
    "CourseStatus",
    "CrisisContact",
    "DecisionHandover",
    "DecisionRecord",
    "GateFulfilment",
    "GateWithdrawal",
    "HandoverState",
    "JobKind",
    "JobState",
    "Mode",
    "PlanningJob",
    "PreparationTick",
    "Preparing",
    "Protocol",
    "ProtocolVersion",
    "Visit",
    "VisitStatus",
    "VisitTick",
    "WaitlistEntry",
    "WaitlistStatus",
]
