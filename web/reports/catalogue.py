"""The reports there are: what each answers, how it is made, and who may read it."""

from collections.abc import Callable
from dataclasses import dataclass

from clinics.permissions import Permission
from treatments.queries.scopes import Scope
from web.reports import attendance, courses, questionnaires, refills, reminders, response, use
from web.reports.parts import Report


@dataclass(frozen=True, slots=True)
class Kind:
    """One report. ``slug`` ends its address; ``by_visit`` says whether the kind of visit narrows it."""

    slug: str
    title: str
    question: str
    make: Callable[[Scope], Report]
    may: Permission = Permission.SEE_REPORTS
    by_visit: bool = True

    @property
    def name(self) -> str:
        """Of its page."""
        return f"report-{self.slug}"


KINDS = (
    Kind("use", "Chair and room use", "How much of the open time is booked, and when it is full.", use.report),
    Kind(
        "attendance",
        "No-shows and late cancellations",
        "Which visits are lost: by kind, by lead time, first or later.",
        attendance.report,
    ),
    Kind(
        "reminders",
        "Reminders",
        "Whether patients come whose reminders arrived, failed, or were confirmed.",
        reminders.report,
    ),
    Kind("refills", "From cancel to refill", "Whether given-up places are taken again, and how fast.", refills.report),
    Kind(
        "courses",
        "Courses finished",
        "Whether courses end as their protocols mean them to.",
        courses.report,
        by_visit=False,
    ),
    Kind(
        "questionnaires",
        "Questionnaires",
        "Whether what protocols ask patients for is filled in, in time.",
        questionnaires.report,
    ),
    Kind(
        "response",
        "Response by protocol",
        "How many patients respond, by the published limits of each measure.",
        response.report,
        may=Permission.VIEW_SCORES,
        by_visit=False,
    ),
)
"""In the order in which they are listed."""
