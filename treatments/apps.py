"""The app's configuration."""

from django.apps import AppConfig


class TreatmentsConfig(AppConfig):
    """See the package's docstring."""

    name = "treatments"

    def ready(self) -> None:
        """Registers the receivers of announcements."""
        from treatments import receivers  # noqa: F401 - importing registers
