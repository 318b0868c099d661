"""The app's configuration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """See the package's docstring."""

    name = "web"

    def ready(self) -> None:
        """Unlocks a screen when somebody signs in at it."""
        from django.contrib.auth.signals import user_logged_in

        from web import locking

        user_logged_in.connect(locking.opened, dispatch_uid="web.locking")
