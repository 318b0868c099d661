"""Documents as they are stored in published versions."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

MOST = 64
_READ: dict[int, tuple[Any, "Protocol"]] = {}
"""What was read of data that is still in memory: by its identity, which nothing else has while the data is kept here."""


def document(data: Any) -> "Protocol":
    """A stored document, read; the last few are kept, as a version never changes.

    Whoever asks again with the same data is answered at once: a page asks several times for each of many courses.
    """
    kept = _READ.get(id(data))
    if kept is None or kept[0] is not data:
        if len(_READ) >= MOST:
            _READ.clear()
        kept = _READ[id(data)] = (data, _document(json.dumps(data)))
    return kept[1]


@lru_cache(maxsize=MOST)
def _document(text: str) -> "Protocol":
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols.reading import from_json

    return from_json(json.loads(text))
