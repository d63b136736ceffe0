"""The Django app of the project itself: its commands, words and home pages."""

from django.apps import AppConfig


class SalesopsConfig(AppConfig):
    """The project as an app."""

    name = "salesops"
