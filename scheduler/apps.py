"""The app's configuration."""

from django.apps import AppConfig


class SchedulerConfig(AppConfig):
    """See the package's docstring."""

    name = "scheduler"
