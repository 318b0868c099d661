"""The planner: plain Python on frozen dataclasses.

No Django, no database, no clock and no unseeded randomness: the same request always gives the same answer.
Only ``scheduler`` and ``benchmarks`` import it; ``treatments`` uses the request and answer types.
"""
