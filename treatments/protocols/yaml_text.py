"""YAML as protocols use it: plain mappings, lists and values, with the line of everything.

A small, safe part of YAML 1.2. No tags, anchors, aliases or merge keys, so nothing can be constructed or multiplied;
names are given once; ``yes``, ``on`` and ``12:30`` are texts, not truth values or numbers. The tree is built from
parser events without recursion.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from treatments.protocols.problems import Problem, ProtocolError, quoted, shown

MOST_BYTES = 200_000
MOST_NODES = 20_000
MOST_DEPTH = 20

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}\Z")
_CONSTANTS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass
class Tree:
    """The data of a text, and the line at which each part of it begins."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)


def written(path: Path) -> str:
    """A path as people read it: ``blocks[1].gap.max_days``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{shown(step)}" if text else shown(step)
    return text


def load(text: str | bytes) -> Tree:
    """The data in a YAML text.

    Raises:
        ProtocolError: the text is too large, is not UTF-8, is not YAML, or uses what protocols do not.
    """
    plain = _decoded(text)
    builder = _Builder()
    try:
        for event in yaml.parse(plain, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = str(getattr(error, "problem", None) or "it cannot be read").removeprefix("found ")
        line = mark.line + 1 if mark is not None else None
        raise ProtocolError([Problem("", f"text that is not YAML ({shown(what)})", "YAML", line)]) from None
    if builder.problems:
        raise ProtocolError(builder.problems)
    return builder.tree


def _decoded(text: str | bytes) -> str:
    if len(text) > MOST_BYTES:
        raise ProtocolError([Problem("", f"{len(text)} characters", f"at most {MOST_BYTES}")])
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text.encode().decode()
    except UnicodeError:
        raise ProtocolError([Problem("", "bytes that are not UTF-8", "text in UTF-8")]) from None
    for number, line in enumerate(plain.split("\n"), start=1):
        for character in line:
            if (character < " " and character not in "\t\r") or character == "\x7f":
                expected = "text without control characters"
                raise ProtocolError([Problem("", f"the character {ord(character):#04x}", expected, number)])
    return plain


@dataclass
class _Open:
    """A mapping or list that is being filled."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


class _Builder:
    def __init__(self) -> None:
        self.tree = Tree()
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Add what one parser event says."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise ProtocolError([Problem("", "a second document", "one document in a file", line)])
        elif isinstance(event, yaml.AliasEvent):
            alias = shown(str(event.anchor))
            raise ProtocolError([Problem(self._path(), f"the alias *{alias}", "the value itself", line)])
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()

    def _path(self) -> str:
        return written(self._open[-1].path) if self._open else ""

    def _node(self, event: Any, line: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise ProtocolError([Problem("", f"more than {MOST_NODES} values", "a shorter document", line)])
        if event.anchor is not None:
            raise ProtocolError([Problem(self._path(), f"the anchor &{shown(event.anchor)}", "no anchors", line)])
        if event.tag is not None and event.tag != "!":
            raise ProtocolError([Problem(self._path(), f"the tag {shown(event.tag)}", "no tags", line)])
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._name(top, event, line)
            return
        if isinstance(event, yaml.ScalarEvent):
            self._place(top, _scalar(event), line)
            return
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._place(top, value, line)
        self._open.append(_Open(value, path))
        if len(self._open) > MOST_DEPTH:
            raise ProtocolError([Problem("", f"more than {MOST_DEPTH} levels", "a flatter document", line)])

    def _name(self, top: _Open, event: Any, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise ProtocolError([Problem(self._path(), "a list or mapping as a name", "a text as a name", line)])
        if event.value in top.value:
            path = written((*top.path, event.value))
            self.problems.append(Problem(path, f"{quoted(event.value)} a second time", "each name once", line))
        top.key = event.value
        self.tree.lines.setdefault((*top.path, event.value), line)

    def _place(self, top: _Open | None, value: Any, line: int) -> Path:
        if top is None:
            self.tree.data = value
            self.tree.lines[()] = line
            return ()
        if isinstance(top.value, list):
            top.value.append(value)
            path = (*top.path, len(top.value) - 1)
            self.tree.lines[path] = line
            return path
        name, top.key = top.key or "", None
        top.value[name] = value
        return (*top.path, name)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
