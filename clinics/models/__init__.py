"""People and places, one file per aggregate."""

from clinics.models.note import PatientNote
from clinics.models.patient import Patient
from clinics.models.site import OpeningHours, Site, SiteDay
from clinics.models.token import ApiToken
from clinics.models.user import Role, User
from clinics.models.work_mark import WorkList, WorkMark

__all__ = [
    "ApiToken",
    "OpeningHours",
    "Patient",
    "PatientNote",
    "Role",
    "Site",
    "SiteDay",
    "User",
    "WorkList",
    "WorkMark",
]
