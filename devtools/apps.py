"""The app's configuration."""

from django.apps import AppConfig


class DevtoolsConfig(AppConfig):
    """Development only; nothing imports it."""

    name = "devtools"
