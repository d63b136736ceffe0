"""The Django app."""

from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    """This app, by its name."""

    name = "activities"
