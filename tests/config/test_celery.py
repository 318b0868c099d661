"""Celery only wakes work: its settings, its timetable and its queues are held here."""

import inspect
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from config.beat import TIMETABLE
from config.celery import app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _tasks() -> None:
    app.loader.import_default_modules()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),
        ("task_ignore_result", True),
        ("task_serializer", "json"),
        ("accept_content", ["json"]),
        ("task_publish_retry", False),
        ("worker_enable_soft_shutdown_on_idle", True),
    ],
)
def test_settings_that_reminders_rely_on(setting: str, value: object) -> None:
    assert app.conf[setting] == value


def test_a_task_is_over_before_redis_gives_it_to_another_worker() -> None:
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"] <= 300


def test_beat_knows_intervals_and_no_wall_clock() -> None:
    assert {type(entry["schedule"]) for entry in TIMETABLE.values()} == {timedelta}


def test_every_periodic_task_exists() -> None:
    assert {entry["task"] for entry in TIMETABLE.values()} <= set(app.tasks)


def test_the_workers_consume_every_queue() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    command = compose["services"]["worker"]["command"]
    words = command if isinstance(command, list) else command.split()
    consumed = {queue for word in words for queue in word.removeprefix("--queues=").split(",")}
    used = {entry["options"]["queue"] for entry in TIMETABLE.values()} | {app.conf.task_default_queue}
    declared = {queue for task in app.tasks.values() if (queue := getattr(task, "queue", None))}
    assert used | declared <= consumed


def test_periodic_tasks_tolerate_arguments_of_another_release() -> None:
    for entry in TIMETABLE.values():
        parameters = inspect.signature(app.tasks[entry["task"]].run).parameters.values()
        assert any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters), entry["task"]
