"""The app's configuration."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """A small library without clinic knowledge."""

    name = "core"
