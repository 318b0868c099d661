"""The app's configuration."""

from django.apps import AppConfig


class SchedulerConfig(AppConfig):
    """See the package's docstring."""

    name = "scheduler"

    def ready(self) -> None:
        """Registers the receivers of announcements, and the check of the clocks."""
        from scheduler import checks, receivers  # noqa: F401 - importing registers
