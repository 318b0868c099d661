"""How long a visit may wait for a gate that is not passed yet, such as labs or an illness."""

from datetime import date, timedelta

from scheduler.engine.request import Window
from treatments.protocols.policies import Delay
from treatments.protocols.schema import Protocol


def delay_of(document: Protocol, visit: str) -> Delay | None:
    """What the document says about a delay of the visit with this key; ``None`` where it says nothing."""
    block = document.block(visit.rpartition(".")[0])
    return next((delay for delay in document.delays if {block.block, block.visit} & set(delay.visits)), None)


def window(document: Protocol, visit: str, *, due_on: date) -> Window | None:
    """When the visit, due on ``due_on`` (local date) and held up by a gate, may still take place.

    ``None`` where the document says nothing. After the window, ``delay_of(...).then`` says what follows.
    """
    delay = delay_of(document, visit)
    if delay is None:
        return None
    return Window(f"delay.{visit}", (visit,), from_on=due_on, until_on=due_on + timedelta(days=delay.max_days))
