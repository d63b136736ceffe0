"""The Django app."""

from django.apps import AppConfig


class ForecastingConfig(AppConfig):
    """This app, by its name."""

    name = "forecasting"
