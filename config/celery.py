"""Celery, wired. It only wakes work that stands in the database; every setting here says why.

Redis may vanish with everything in it: beat's next tick wakes the same work again.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from config.beat import TIMETABLE

app = Celery("courseline")
app.conf.update(
    broker_url=settings.REDIS_URL,
    task_ignore_result=True,  # no result store: results would be another copy of what the database knows
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="default",
    task_create_missing_queues=True,
    task_acks_late=True,  # a killed worker's task runs again; every task may run twice
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_time_limit=60,
    task_soft_time_limit=50,  # only the soft limit lets a task clean up
    worker_soft_shutdown_timeout=20,
    worker_enable_soft_shutdown_on_idle=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 180,  # all tasks end within 60 s, so 3 minutes is a lost one
        "socket_timeout": 5,
        "socket_connect_timeout": 2,  # fail fast: a web request never waits for Redis
    },
    task_publish_retry=False,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule=TIMETABLE,
    beat_max_loop_interval=5,
)
app.autodiscover_tasks()
