"""The planner: plain Python on frozen dataclasses.

No Django, no database, no clock and no unseeded randomness: the same request always gives the same answer.
Only ``scheduler``, ``treatments`` and ``benchmarks`` import it; pages and endpoints never do.
"""
