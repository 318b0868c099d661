"""Weekly wall-clock hours as they are asked for."""

from collections.abc import Mapping, Sequence
from datetime import time
from itertools import pairwise

from core.errors import InvalidInput

Week = Mapping[int, Sequence[tuple[time, time]]]
"""Weekday (Monday is 0) to windows of wall-clock time; a weekday that is not there has none."""


def check(week: Week) -> None:
    """Raises ``InvalidInput`` when a weekday does not exist, or windows are reversed or overlap."""
    for weekday, windows in week.items():
        if weekday not in range(7):
            raise InvalidInput("Number the weekdays from 0, Monday, to 6, Sunday.", pointer=f"hours/{weekday}")
        for n, (starts, ends) in enumerate(windows):
            if ends <= starts:
                raise InvalidInput("The end is not after the start.", pointer=f"hours/{weekday}/{n}")
        if any(later[0] < earlier[1] for earlier, later in pairwise(sorted(windows))):
            raise InvalidInput("Hours on the same day overlap.", pointer=f"hours/{weekday}")
