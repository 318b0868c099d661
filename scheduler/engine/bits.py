"""Sets of slots as Python integers: bit ``n`` is slot ``n``.

An operation on a quarter of a year costs about a microsecond, however full the calendar is.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Slots = NDArray[np.int64]
"""Slot numbers, ascending."""


def span(start: int, end: int) -> int:
    """The slots from ``start`` (0 where negative) up to, not including, ``end``."""
    start = max(start, 0)
    return ((1 << (end - start)) - 1) << start if end > start else 0


def union(periods: Iterable[tuple[int, int]], size: int) -> int:
    """All slots of half-open periods, cut to the first ``size`` slots."""
    mask = np.zeros(size, dtype=np.bool_)
    for start, end in periods:
        mask[max(start, 0) : max(end, 0)] = True
    return from_mask(mask)


def eroded(free: int, length: int) -> int:
    """The starts from which ``length`` slots in a row are in ``free``."""
    have = 1
    while have < length:
        step = min(have, length - have)
        free &= free >> step
        have += step
    return free


def dilated(starts: int, first: int, last: int) -> int:
    """The slots that are ``first`` to ``last`` after one of a set."""
    length, have = last - first + 1, 1
    if length < 1:
        return 0
    while have < length:
        step = min(have, length - have)
        starts |= starts << step
        have += step
    return moved_back(starts, -first)


def moved_back(bits: int, by: int) -> int:
    """Every slot ``by`` earlier; later when ``by`` is negative."""
    return bits >> by if by >= 0 else bits << -by


def lowest(bits: int) -> int:
    """The first slot of a set that is not empty."""
    return (bits & -bits).bit_length() - 1


def members(bits: int) -> Slots:
    """The slots of a set, ascending."""
    if not bits:
        return np.zeros(0, dtype=np.int64)
    low = lowest(bits)
    bits >>= low
    raw = np.frombuffer(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(raw, bitorder="little")).astype(np.int64) + low


def from_mask(mask: NDArray[np.bool_]) -> int:
    """The set of the slots at which an array is true."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")
