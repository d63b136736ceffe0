"""The Django app."""

from django.apps import AppConfig


class FunnelConfig(AppConfig):
    """This app, by its name."""

    name = "funnel"
