"""Reading request bodies: JSON without the liberties, and protocol documents as they are."""

import json
import math
from collections.abc import Iterator
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser

DEEPEST = 40
"""Levels of nesting; a protocol document needs about ten."""
MOST_DIGITS = 18
"""Of a whole number: what fits into 64 bits."""


def read_text(stream: IO[bytes]) -> str:
    """The body as text.

    Raises ``RequestDataTooBig`` over ``DATA_UPLOAD_MAX_MEMORY_SIZE``, ``ParseError`` when it is not UTF-8.
    """
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: byte {error.start} cannot be read.") from error


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it, and no more.

    Refused, each with the place: a name given twice, NaN and infinities, numbers beyond 64 bits, nesting beyond
    ``DEEPEST``, and text that no database can store (NUL, lone surrogates).
    """

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """The value. Raises ``ParseError``, ``ValidationError``, ``RequestDataTooBig``."""
        text = read_text(stream)
        try:
            value = json.loads(
                text,
                object_pairs_hook=_object,
                parse_constant=_refuse_constant,
                parse_int=_whole_number,
                parse_float=_number,
            )
        except json.JSONDecodeError as error:
            raise ParseError(
                f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
            ) from error
        except RecursionError as error:
            raise ParseError(f"The body is nested deeper than {DEEPEST} levels.") from error
        _check_text(value)
        return value


class ProtocolTextParser(BaseParser):
    """A protocol document, as text: reading it is the domain's business, which answers with paths into it."""

    media_type = "application/yaml"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """The text. Raises ``ParseError``, ``RequestDataTooBig``."""
        return read_text(stream)


class ProtocolJSONTextParser(ProtocolTextParser):
    """The same for documents in JSON, which is YAML too."""

    media_type = "application/json"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ParseError(f"The name {_shown(twice)} is given twice in one object.")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not JSON.")


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS + digits.startswith("-"):
        raise ParseError(f"A whole number has more than {MOST_DIGITS} digits.")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ParseError("A number is too large.")
    return value


def _check_text(value: Any) -> None:
    for path, text in _texts(value, (), 1):
        if text.isascii() and "\x00" not in text:
            continue
        if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text):
            sentence = "Text may not contain NUL or half a surrogate pair."
            detail: Any = [ErrorDetail(sentence, "unstorable_text")]
            for step in reversed(path):
                detail = {_shown(step): detail}
            raise ValidationError(detail)


def _texts(value: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a JSON value, names of fields included, with its path."""
    if depth > DEEPEST and isinstance(value, dict | list):
        raise ParseError(f"The body is nested deeper than {DEEPEST} levels.")
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield path, name
            yield from _texts(part, (*path, name), depth + 1)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _texts(part, (*path, str(number)), depth + 1)


def _shown(name: str) -> str:
    """A name from the request as it may stand in an answer: short and storable."""
    return name[:60].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
