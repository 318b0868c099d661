"""By when a visit without a time is due: what its distances from the visits around it leave."""

from datetime import UTC, date, datetime

import pytest

from tests.factories.scheduler import AppointmentFactory
from tests.factories.treatments import CourseFactory, ProtocolVersionFactory, VisitFactory
from tests.treatments.documents import series
from treatments.models import VisitStatus
from treatments.queries import work_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def due(site):
    """The due date of one visit of the series, with others on days of May."""

    def due(key: str, **others: int) -> date | None:
        course = CourseFactory(
            patient__site=site, protocol_version=ProtocolVersionFactory(document=series()), site=site
        )
        for name, day in others.items():
            block, _, number = name.rpartition("_")
            VisitFactory(
                course=course,
                key=f"{block}.{number}",
                position=int(number) + (10 if block == "talks" else 0),
                status=VisitStatus.BOOKED,
                appointment=AppointmentFactory(
                    site=site,
                    patient=course.patient,
                    starts_at=datetime(2026, 5, day, 14, tzinfo=UTC),
                    local_on=date(2026, 5, day),
                ),
            )
        block, _, number = key.rpartition(".")
        VisitFactory(course=course, key=key, position=int(number) + (10 if block == "talks" else 0))
        [waiting] = work_list.waiting(site)
        return waiting.due_on

    return due


@pytest.mark.parametrize(
    ("key", "others", "day"),
    [
        ("infusions.1", {}, None),
        ("infusions.2", {"infusions_1": 5}, 10),  # at most five days after the one before
        ("infusions.3", {"infusions_1": 5}, 15),  # and twice that two further on
        ("infusions.2", {"infusions_3": 20}, 17),  # at least three days before the one after
        ("infusions.2", {"infusions_1": 5, "infusions_3": 11}, 8),  # whichever is earlier
        ("talks.2", {"infusions_2": 8}, 10),  # at most two days after its infusion
        ("talks.2", {"infusions_1": 5}, None),
        ("talks.2", {"talks_3": 9, "infusions_2": 8}, 9),
    ],
)
def test_the_tightest_distance_counts(due, key, others, day):
    assert due(key, **others) == (day and date(2026, 5, day))


def test_a_visit_of_no_block_has_no_date(due):
    assert due("extra.1", infusions_1=5) is None
