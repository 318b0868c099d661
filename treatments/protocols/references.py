"""What a reference such as "infusions.last" stands for in a course as it is, with visits added and visits gone."""

from collections.abc import Iterable


def block_of(key: str) -> str:
    """The block of a visit, or of a reference to visits."""
    return key.rpartition(".")[0]


def number_of(key: str) -> int:
    """Which visit of its block it is, from 1."""
    return int(key.rpartition(".")[2])


def visits_of(reference: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Those of ``keys``, the visits of a course that count, which the reference stands for; none where it is gone."""
    block, _, which = reference.partition(".")
    numbers = sorted(number_of(key) for key in keys if block_of(key) == block)
    if which == "first":
        numbers = numbers[:1]
    elif which == "last":
        numbers = numbers[-1:]
    elif which.isdigit():
        numbers = [number for number in numbers if number == int(which)]
    return tuple(f"{block}.{number}" for number in numbers)
