"""Identifiers that sort by the time they were made."""

import secrets
import time
from datetime import datetime
from uuid import UUID


def uuid7() -> UUID:
    """A version 7 UUID (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits.

    Rows made one after another lie together in an index, and a cursor over them follows time.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    high = (milliseconds & ((1 << 48) - 1)) << 80
    return UUID(int=high | (0x7 << 76) | ((random >> 62) << 64) | (0b10 << 62) | (random & ((1 << 62) - 1)))


def first_at(at: datetime) -> UUID:
    """The smallest id of a row made at an instant or later: what was made since is found by the primary key."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
