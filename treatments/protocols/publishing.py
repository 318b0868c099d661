"""What is checked before a version is published: that its rules can hold together at all."""

from dataclasses import replace
from datetime import date

from treatments.protocols.compile import compile as compile_course
from treatments.protocols.problems import Problem, ProtocolError
from treatments.protocols.rulebook import RuleNote
from treatments.protocols.schema import Protocol

LONGEST_COURSE = 1100
"""Days."""
ANY_MONDAY = date(2001, 1, 1)
"""The rules of a document do not depend on the date; the compiler wants one."""


def check(document: Protocol) -> None:
    """Make sure that some calendar exists on which every rule of the document holds.

    Raises:
        ProtocolError: the rules contradict each other; one problem for each rule of the smallest clashing set. Or
            the course is longer than can be planned.
    """
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


def _clash(notes: list[RuleNote]) -> list[Problem]:
    """A problem for each rule that takes part."""
    problems = []
    for note in notes:
        others = [f"{other.path} ({other.words})" for other in notes if other is not note]
        expected = f"a rule that can hold together with {' and '.join(others)}" if others else "a rule that can hold"
        problems.append(Problem(note.path, f'"{note.words}"', expected))
    return problems
