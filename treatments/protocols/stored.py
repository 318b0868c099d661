"""Documents as they are stored in published versions."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol


def document(data: Any) -> "Protocol":
    """A stored document, read; the last few are kept, as a version never changes."""
    return _document(json.dumps(data))


@lru_cache(maxsize=64)
def _document(text: str) -> "Protocol":
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols.reading import from_json

    return from_json(json.loads(text))
