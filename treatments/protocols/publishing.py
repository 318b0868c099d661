"""What is checked before a version is published: that its rules can hold together, and missed visits be made up for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from treatments.protocols.compile import compile as compile_course
from treatments.protocols.problems import Problem, ProtocolError
from treatments.protocols.rulebook import RuleNote
from treatments.protocols.schema import Block, Protocol

LONGEST_COURSE = 1100
"""Days."""
ANY_MONDAY = date(2001, 1, 1)
"""The rules of a document do not depend on the date; the compiler wants one."""


def check(document: Protocol) -> None:
    """Make sure that some calendar exists on which every rule of the document holds.

    Raises:
        ProtocolError: the rules contradict each other; one problem for each rule of the smallest clashing set. Or
            the course is longer than can be planned, or visits could never be made up for as the document says.
    """
    hopeless = list(_never_made_up(document))
    if hopeless:
        raise ProtocolError(hopeless)
    # imported here: publishing is the only part that runs the planner's own code
    from scheduler.engine.contradictions import contradiction

    compiled = compile_course(document, start_on=ANY_MONDAY)
    # under the place in the document as their common key, all offsets of one gap count as one rule
    notes = {note.path: note for note in compiled.notes.values()}
    rules = [replace(rule, key=compiled.notes[rule.key].path) for rule in compiled.rules]
    clash = contradiction(compiled.visits, [rule for rule in rules if rule.key])
    if clash is not None:
        raise ProtocolError(_clash([notes[path] for path in clash]))
    if compiled.horizon_days > LONGEST_COURSE:
        found = f"a course of up to {compiled.horizon_days} days"
        raise ProtocolError([Problem("blocks", found, f"at most {LONGEST_COURSE} days")])


def _never_made_up(document: Protocol) -> Iterator[Problem]:
    """What is to follow a missed visit of a block whose pattern has no room for it. Versions out already may have it."""
    for block in document.blocks:
        n = next((n for n, each in enumerate(document.missed) if block in document.blocks_named(each.visits)), None)
        why = None if n is None else _no_room(block, document.missed[n].then)
        if n is not None and why is not None:
            found = f'"{document.missed[n].then}" for the block "{block.block}"'
            yield Problem(f"missed[{n}].then", found, f"another policy, as {why}")


def _no_room(block: Block, then: str) -> str | None:
    """Why visits of the block cannot be made up for in this way; ``None`` where they can."""
    fixed = next((name for name in ("on_days", "cycle") if getattr(block, name) is not None), None)
    if then == "append":
        if fixed is not None:
            return f"`{fixed}` gives each visit its days, so that there is no end to add one to"
        paired = any((anchor.after or anchor.before or "").endswith((".each", ".next")) for anchor in block.anchors)
        if paired and block.gap is None and block.consecutive_days is None:
            return "each visit belongs to one of another block, so that there is no end to add one to"
    if then in ("shift", "fill") and block.holidays == "forbid":
        return "with `holidays: forbid` each visit has its very day and none moves"
    if then == "fill" and block.consecutive_days is not None and block.per_day is None:
        return "a row of days has no free day in it"
    return None


def _clash(notes: list[RuleNote]) -> list[Problem]:
    """A problem for each rule that takes part."""
    problems = []
    for note in notes:
        others = [f"{other.path} ({other.words})" for other in notes if other is not note]
        expected = f"a rule that can hold together with {' and '.join(others)}" if others else "a rule that can hold"
        problems.append(Problem(note.path, f'"{note.words}"', expected))
    return problems
