"""How long a visit may wait for a gate."""

from datetime import date

from scheduler.engine.request import Window
from tests.treatments.protocols.documents import short
from treatments.protocols import delays, reading

DUE = date(2026, 12, 28)


def test_the_window_of_a_delayed_visit_has_an_end() -> None:
    document = short() | {"delays": [{"visits": "infusion", "max_days": 7, "then": "omit", "source": "A1"}]}
    found = reading.from_json(document)
    held = delays.window(found, "infusions.3", due_on=DUE)
    assert held == Window("delay.infusions.3", ("infusions.3",), from_on=DUE, until_on=date(2027, 1, 4))
    delay = delays.delay_of(found, "infusions.3")
    assert delay is not None
    assert delay.then == "omit"
    assert delays.window(found, "talks.1", due_on=DUE) is None
