"""The app's configuration."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """See the package's docstring."""

    name = "notifications"

    def ready(self) -> None:
        """Registers the receivers of announcements."""
        from notifications import receivers  # noqa: F401 - importing registers
