"""Publishing protocols: a document becomes an immutable version, or its author learns everything that is wrong."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import InvalidInput
from core.text import storable
from treatments.models import Protocol, ProtocolVersion

if TYPE_CHECKING:
    from treatments.protocols.problems import Problem
    from treatments.protocols.schema import Protocol as Document

LONGEST = 500_000
"""Characters of a text; the longest reference protocol has a fiftieth of that."""


class WrongDocument(InvalidInput):
    """The document has errors. ``detail["problems"]``: list of {path, line, found, expected, message}."""

    code = "wrong_document"


class Contradiction(InvalidInput):
    """No course could keep these rules. ``detail["problems"]`` as in ``WrongDocument``: one for each rule that clashes."""

    code = "contradiction"


def publish(*, document: str | bytes | Mapping[str, Any], by: User, now: datetime) -> ProtocolVersion:  # noqa: ARG001
    """Publishes a document, YAML text or JSON data, as the next version of the protocol whose code it carries.

    A document that says the same as the newest version gives that version back, so publishing twice does no harm. An
    older one that comes again becomes a new version: the newest is the one that counts.

    Raises ``WrongDocument``, ``Contradiction``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.PUBLISH_PROTOCOLS)
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols import reading

    checked = _checked(document)
    data = reading.as_json(checked)
    if not all(storable(text) for text in _texts(data)):
        raise WrongDocument("The document has a character that cannot be stored, such as NUL.", pointer="document")
    digest = hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def attempt() -> ProtocolVersion:
        with audit.acting(by):
            # the lock on the row keeps two publications of one protocol in turn
            protocol, _ = Protocol.objects.select_for_update().get_or_create(
                code=checked.code, defaults={"title": checked.title}
            )
            newest = protocol.versions.order_by("-number").first()
            if newest is not None and newest.digest == digest:
                return newest
            if protocol.title != checked.title:
                protocol.title = checked.title
                protocol.save(update_fields=["title", "updated_at"])
            return protocol.versions.create(
                number=newest.number + 1 if newest is not None else 1, document=data, digest=digest, published_by=by
            )

    return locks.retrying(attempt)


def _checked(document: str | bytes | Mapping[str, Any]) -> "Document":
    from treatments.protocols import publishing, reading

    if isinstance(document, str | bytes) and len(document) > LONGEST:
        raise WrongDocument(f"The document is longer than {LONGEST:,} characters.", pointer="document")
    try:
        checked = reading.read(document) if isinstance(document, str | bytes) else reading.from_json(dict(document))
    except reading.ProtocolError as error:
        raise _refused(WrongDocument, error.problems) from error
    try:
        publishing.check(checked)
    except reading.ProtocolError as error:
        raise _refused(Contradiction, error.problems) from error
    return checked


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for name, value in data.items():
            yield name
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)


def _refused(kind: type[InvalidInput], problems: "tuple[Problem, ...]") -> InvalidInput:
    first = problems[0]
    more = f" There are {len(problems)} problems altogether." if len(problems) > 1 else ""
    return kind(
        f"{first}.{more}",
        pointer="document/" + first.path.replace("[", "/").replace("]", "").replace(".", "/"),
        detail={
            "problems": [
                {
                    "path": each.path,
                    "line": each.line,
                    "found": each.found,
                    "expected": each.expected,
                    "message": str(each),
                }
                for each in problems
            ]
        },
    )
