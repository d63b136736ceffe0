"""The Django app."""

from django.apps import AppConfig


class CoachingConfig(AppConfig):
    """This app, by its name."""

    name = "coaching"
