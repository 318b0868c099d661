"""The app's configuration."""

from django.apps import AppConfig


class SchedulerConfig(AppConfig):
    """See the package's docstring."""

    name = "scheduler"

    def ready(self) -> None:
        """Registers the receivers of announcements."""
        from scheduler import receivers  # noqa: F401 - importing registers
