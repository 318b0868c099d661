"""How long each process takes to start and how much memory it holds, against a bare Django.

The web process must not pay for planning before somebody plans: ratios against Django alone, in the same run.
"""

import statistics
import subprocess
import sys

ROUNDS = 5
REPORT = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
PROGRAMS = {
    "bare Django": (
        "import django; from django.conf import settings; settings.configure(); django.setup();"
        "from django.core.wsgi import get_wsgi_application; get_wsgi_application()"
    ),
    "web": "from config.wsgi import application",
    "web, addresses loaded": "from config.wsgi import application; from django.urls import get_resolver;"
    "get_resolver().url_patterns; import web.urls, api.urls",
    "worker": "from config.celery import app; import django; django.setup(); app.loader.import_default_modules()",
    "web that has planned": (
        "from config.wsgi import application; import scheduler.engine.plan, treatments.protocols.compile,"
        "treatments.protocols.reading"
    ),
}


def measured(program: str) -> tuple[float, int]:
    """Seconds to start (median) and resident megabytes."""
    timed = f"import time; began = time.perf_counter(); {program}; print(time.perf_counter() - began); {REPORT}"
    runs = [
        subprocess.run([sys.executable, "-W", "ignore", "-c", timed], check=True, capture_output=True, text=True)
        for _ in range(ROUNDS)
    ]
    times, memory = zip(*(run.stdout.split() for run in runs), strict=True)
    return statistics.median(map(float, times)), int(statistics.median(map(int, memory)))


def main() -> None:
    """Prints start-up and memory of each process, with ratios to a bare Django."""
    base_time = base_memory = 0.0
    print(f"{'process':<24}{'start s':>9}{'ratio':>7}{'MB':>6}{'ratio':>7}")
    for name, program in PROGRAMS.items():
        seconds, megabytes = measured(program)
        base_time, base_memory = base_time or seconds, base_memory or megabytes
        print(f"{name:<24}{seconds:>9.2f}{seconds / base_time:>7.1f}{megabytes:>6}{megabytes / base_memory:>7.1f}")


if __name__ == "__main__":
    main()
