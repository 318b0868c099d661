"""The app's configuration."""

from django.apps import AppConfig


class ClinicsConfig(AppConfig):
    """See the package's docstring."""

    name = "clinics"
