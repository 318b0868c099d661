"""The dispatcher against what is usual with Celery: one task for each message, which connects, sends and marks it as sent.

    python -m devtools.local run -- python -m benchmarks.one_task_each [messages] [rounds]

One worker with one process, one dispatcher, the same server and the same words; rounds alternate. The time of the worker
begins when it is up and the tasks are queued, so that neither its start nor the queueing counts.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from celery import Celery

from benchmarks import scratch

ROOT = Path(__file__).resolve().parents[1]
QUEUE = "one-task-each"
app = Celery("one_task_each", broker=os.environ.get("REDIS_URL", ""))
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=1, task_default_queue=QUEUE)


@app.task(name="benchmarks.send_one")  # type: ignore[untyped-decorator]
def send_one(key: str) -> None:
    """Reads the row, writes the words, connects, sends, marks it as sent."""
    from django.utils import timezone

    from notifications.channels.email.smtp import SmtpSender
    from notifications.models import Message

    message = Message.objects.select_related("patient__site", "appointment__site").get(pk=key)
    now = timezone.now()
    Message.objects.filter(pk=key).update(state="sending", lease_until=now)
    sender = SmtpSender()
    sender.send(sender.compose(message, [message.appointment]), key)
    sender.close()
    Message.objects.filter(pk=key).update(
        state="accepted", lease_until=None, next_try_at=None, settled_at=timezone.now()
    )


def main(number: int, rounds: int) -> None:
    from benchmarks.dispatch import make_due, point_to, sink, with_the_dispatcher

    with scratch.database(), tempfile.TemporaryDirectory() as folder, sink(folder) as port:
        point_to(port)
        ratios = []
        with worker(port):
            make_due(1)
            by_tasks(1)  # it is up
            for _ in range(rounds):
                make_due(number)
                start = perf_counter()
                assert with_the_dispatcher(port) == number
                ours = number / (perf_counter() - start)
                make_due(number)
                theirs = number / by_tasks(number)
                print(f"dispatcher {ours:.0f}/s, one task each {theirs:.0f}/s, ratio {ours / theirs:.2f}")
                ratios.append(ours / theirs)
    print(f"dispatcher to one task for each message: {scratch.percentile(ratios, 0.5):.2f}")


def by_tasks(number: int) -> float:
    """Seconds from the first to the last of all that is due, each in a task of its own."""
    from notifications.models import Message

    waiting = Message.objects.filter(state="scheduled")
    for key in waiting.values_list("pk", flat=True):
        send_one.delay(str(key))
    first, left = perf_counter(), waiting.count()
    behind = number - left  # what was sent while the others were queued
    while waiting.exists() or Message.objects.filter(state="sending").exists():
        time.sleep(0.01)
    return (perf_counter() - first) * number / max(number - behind, 1)


@contextmanager
def worker(port: int) -> Iterator[None]:
    """One process that takes these tasks, on this scenario's database."""
    from django.db import connection

    given = urlsplit(os.environ["DATABASE_URL"])
    variables = {
        **os.environ,
        "DATABASE_URL": f"{given.scheme}://{given.netloc}/{connection.settings_dict['NAME']}?{given.query}",
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "LOG_LEVEL": "WARNING",
    }
    command = ["-m", "celery", "-A", "benchmarks.one_task_each:app", "worker", "-Q", QUEUE, "-c", "1", "-l", "WARNING"]
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, env=variables, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main(*(int(argument) for argument in [*sys.argv[1:], "300", "3"][:2]))
