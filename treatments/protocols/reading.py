"""Read a protocol document: YAML or JSON data in, a sound ``schema.Protocol`` or a list of problems out."""

import difflib
import types
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from treatments.protocols import checks
from treatments.protocols.problems import Problem, ProtocolError, quoted
from treatments.protocols.schema import Protocol
from treatments.protocols.yaml_text import Path, Tree, load, written

__all__ = ["Problem", "ProtocolError", "as_json", "from_json", "read", "read_file"]

MISSING = object()
KEEPS_LAST = ("missing", "extra_forbidden", "union_tag_not_found", "union_tag_invalid")
"""Errors about a name that need not be in the document."""


def read(text: str | bytes) -> Protocol:
    """The protocol in a YAML text (JSON is YAML too).

    Raises:
        ProtocolError: with every problem found, its path and its line.
    """
    return _checked(load(text))


def read_file(path: FilePath) -> Protocol:
    """The protocol in a YAML file. Raises as ``read``, and ``OSError``."""
    return read(path.read_bytes())


def from_json(data: Any) -> Protocol:
    """The protocol in JSON data: a stored version, or a document sent to the API.

    Raises:
        ProtocolError: with every problem found and its path.
    """
    return _checked(Tree(data=data))


def as_json(document: Protocol) -> dict[str, Any]:
    """The document as JSON data, as it is stored; ``from_json`` gives an equal document."""
    return document.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _checked(tree: Tree) -> Protocol:
    if not isinstance(tree.data, dict):
        found = quoted(tree.data)
        raise ProtocolError([Problem("", found, "names with values: code, title, for, …", tree.lines.get(()))])
    try:
        document = Protocol.model_validate(tree.data)
    except ValidationError as error:
        entries = [dict(entry) for entry in error.errors(include_url=False)]
        raise ProtocolError(_problem(entry, tree) for entry in entries if not _echo(entry)) from None
    except RecursionError:
        raise ProtocolError([Problem("", "too many levels", "a flatter document")]) from None
    findings = checks.findings(document)
    if findings:
        raise ProtocolError(_located(path, found, expected, tree) for path, found, expected in findings)
    return document


def _located(path: Path, found: str, expected: str, tree: Tree) -> Problem:
    return Problem(written(path), found, expected, _line(path, tree))


def _line(path: Path, tree: Tree) -> int | None:
    """The line of the path, or of the nearest part of the document around it."""
    while path and path not in tree.lines:
        path = path[:-1]
    return tree.lines.get(path)


# --- the validator's errors in the author's words -----------------------------------------------------------------------


def _problem(error: dict[str, Any], tree: Tree) -> Problem:
    kind, location = error["type"], error["loc"]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        location = (*location, "rule")
    path = _author_path(location, tree.data, keep_last=kind in KEEPS_LAST)
    value = _value(path, tree.data)
    if kind == "extra_forbidden":
        name = quoted(str(location[-1]))
        return _located(path, f"the name {name}", _known_names(location), tree)
    if kind == "missing":
        return _located(path, "nothing", _expected_there(location), tree)
    expected = _expected(kind, error)
    hint = _HINTS.get((location[-1], value)) if isinstance(value, str) else None
    return _located(
        path, quoted(None if value is MISSING else value), f"{expected}; {hint}" if hint else expected, tree
    )


def _echo(error: dict[str, Any]) -> bool:
    """A list that is only too short because its items are wrong: the items are told already."""
    return error["type"] == "too_short" and bool(len(error["input"]) >= error["ctx"]["min_length"])


def _author_path(location: tuple[Any, ...], data: Any, *, keep_last: bool) -> Path:
    """The location without the steps that are not in the document: tags of unions, items of a list written short."""
    path: list[str | int] = []
    for n, step in enumerate(location):
        inside = (isinstance(data, dict) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if inside:
            path.append(step)
            data = data[step]
        elif keep_last and n == len(location) - 1:
            path.append(step)
    return tuple(path)


def _value(path: Path, data: Any) -> Any:
    for step in path:
        if isinstance(data, dict):
            data = data.get(str(step), MISSING)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return MISSING
    return data


_HINTS = {
    ("holidays", "skip"): "closed days are skipped by a row of days, with `consecutive_days: {closed_days: skip}`",
    ("then", "skip"): "a visit that nobody makes up for is `omit`",
}
"""What an author who wrote this may have meant."""

_SHAPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "string_unicode": "a text in Unicode",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "names with values",
    "model_type": "names with values",
    "model_attributes_type": "names with values",
    "none_required": "nothing",
}

_PATTERNS = {
    "first|last|each": "a visit of a block, such as infusions.first, infusions.3 or infusions.each",
    "all|first|last": "all, first, last or a number",
    "[01][0-9]|2[0-3]": "a time of day such as 08:30",
    "(-[a-z0-9]+)*": "lower-case words joined by hyphens",
    "[a-z][a-z0-9_]": "a name of lower-case letters, digits and underscores",
    "[A-Za-z]": "an id of letters, digits, hyphens and underscores",
}


def _expected(kind: str, error: dict[str, Any]) -> str:
    context: Mapping[str, Any] = error.get("ctx") or {}
    if kind in _SHAPES:
        return _SHAPES[kind]
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        choices = context.get("expected") or context.get("expected_tags") or ""
        return "one of " + str(choices).replace("'", "").replace(" or ", ", ")
    if kind == "union_tag_not_found":
        return "one of not_same_day_after, order, finished_before"
    if kind == "string_pattern_mismatch":
        pattern = context.get("pattern", "")
        return next(
            (words for part, words in _PATTERNS.items() if part in pattern), "words, without control characters"
        )
    limits = {
        "greater_than_equal": "at least {ge}",
        "less_than_equal": "at most {le}",
        "multiple_of": "a multiple of {multiple_of}",
        "string_too_short": "a text",
        "string_too_long": "at most {max_length} characters",
        "too_short": "at least {min_length} of them",
        "too_long": "at most {max_length} of them",
    }
    if kind in limits:
        return limits[kind].format(**context)
    return str(error.get("msg", "another value"))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models an annotation allows."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple, dict):
        return [model for argument in get_args(annotation) for model in _models_in(argument)]
    return []


def _models_at(location: tuple[Any, ...]) -> list[type[BaseModel]]:
    """The models the last step of a location may stand in."""
    models: list[type[BaseModel]] = [Protocol]
    for step in location[:-1]:
        inner = [
            found
            for model in models
            for name, info in model.model_fields.items()
            if step == (info.alias or name)
            for found in _models_in(info.annotation)
        ]
        tagged = [m for m in models if str(getattr(m.model_fields.get("rule"), "annotation", "")).find(f"'{step}'") > 0]
        models = inner or tagged or models
    return models


def _known_names(location: tuple[Any, ...]) -> str:
    names = sorted({info.alias or name for model in _models_at(location) for name, info in model.model_fields.items()})
    near = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f'"{near[0]}"' if near else "one of " + ", ".join(names)


def _expected_there(location: tuple[Any, ...]) -> str:
    for model in _models_at(location):
        for name, info in model.model_fields.items():
            if location[-1] == (info.alias or name):
                return _description(info) or "a value"
    return "a value"


def _description(info: Any) -> str:
    text = info.description or ""
    return "a value: " + text[:1].lower() + text[1:].rstrip(".") if text else ""
