"""The Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """This app, by its name."""

    name = "jobs"
