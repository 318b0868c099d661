"""How many random examples the planner's tests try: few by default, many under ``make soak``."""

import os

from hypothesis import HealthCheck, settings


def examples(number: int) -> settings:
    """So many examples; ``SOAK`` says how many times as many."""
    times = int(os.environ.get("SOAK", "1"))
    return settings(deadline=None, max_examples=number * times, suppress_health_check=list(HealthCheck))
