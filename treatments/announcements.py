"""What courses announce. Receivers run in the announcing transaction and may only write rows."""

from collections.abc import Sequence

from core.announcements import announcement
from treatments.models import AlertCall


@announcement
def staff_asked(*, calls: Sequence[AlertCall]) -> None:
    """These members of staff are asked to look at an alert, each by one call."""
