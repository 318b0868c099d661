"""What is announced about patients. Receivers run in the announcing transaction and may only write rows."""

from datetime import datetime

from clinics.models import Patient, User
from core.announcements import announcement


@announcement
def patient_changed(*, patient: Patient, by: User, now: datetime, agreed_to: str) -> None:
    """This patient was registered, or details were changed, by a member of staff.

    ``agreed_to`` is the sentence the patient agreed to, where a choice of contact was made by one; else empty.
    """


@announcement
def patients_merged(*, kept: Patient, duplicate: Patient, by: User, now: datetime) -> None:
    """Two records were one person: whatever is the duplicate's becomes the other's.

    Both rows and both patients' locks are held. A receiver that cannot take over what it keeps raises a ``DomainError``,
    and nothing is merged.
    """
