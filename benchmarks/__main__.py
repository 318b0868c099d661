"""``python -m benchmarks [NAME …]``: the timed scenarios, one after another, each in a process of its own.

Numbers are ratios against a baseline measured in the same run; wall times are this machine's and nobody else's.
"""

import subprocess
import sys

SCENARIOS = {
    "planner": ["benchmarks.planner"],
    "many": ["benchmarks.many"],
    "courses": ["benchmarks.courses"],
    "desk": ["benchmarks.desk"],
    "patients": ["benchmarks.patients"],
    "paint": ["benchmarks.paint"],
    "clinicians": ["benchmarks.clinicians"],
    "reports": ["benchmarks.reports"],
    "availability": ["benchmarks.availability"],
    "booking": ["benchmarks.booking"],
    "dispatch": ["benchmarks.dispatch"],
    "claims": ["benchmarks.claims"],
    "burst": ["benchmarks.burst"],
    "one_task_each": ["benchmarks.one_task_each"],
    "sweeps": ["benchmarks.sweeps"],
    "processes": ["benchmarks.processes"],
}


def main(names: list[str]) -> int:
    """Runs the named scenarios, or all. 2 when there is none of that name, otherwise the first failure's status."""
    unknown = sorted(set(names) - SCENARIOS.keys())
    if unknown:
        print(f"There is no scenario {unknown[0]}. Choose from {', '.join(SCENARIOS)}.", file=sys.stderr)
        return 2
    for name in names or SCENARIOS:
        print(f"\n== {name}", flush=True)
        status = subprocess.run([sys.executable, "-m", *SCENARIOS[name]], check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
