"""The board costs the same number of queries however much is on it. Three of them are every page's."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.scheduler import AllocationFactory, ChairFactory, PersonFactory
from tests.factories.treatments import BookedVisitFactory, ProtocolVersionFactory
from tests.treatments.documents import series

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 5, 4, 13, tzinfo=UTC)
GATES = [{"gate": "escort", "title": "A ride home", "before": "infusions.each", "source": "T"}]


@pytest.mark.parametrize("view", ["resources", "people", "list"])
@pytest.mark.parametrize("rows", [1, 3, 30])
def test_the_board(desk, site, rows, view, django_assert_num_queries):
    version = ProtocolVersionFactory(document=series(gates=GATES))
    for number in range(rows):
        made = BookedVisitFactory(
            course__patient__site=site,
            course__protocol_version=version,
            key="infusions.2",
            appointment__starts_at=NINE + timedelta(minutes=15 * number),
        )
        for resource, role in ((ChairFactory(site=site), "chair"), (PersonFactory(site=site), "nurse")):
            AllocationFactory(appointment=made.appointment, resource=resource, role=role)
    desk.get(f"/?view={view}")  # the protocol is read once and kept: it never changes
    with django_assert_num_queries(11):
        page = desk.get(f"/?view={view}").content.decode()
    assert page.count('<form class="presses"') == rows
    assert page.count("Escort needed") == rows
