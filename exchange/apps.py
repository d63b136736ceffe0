"""The Django app."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """This app, by its name."""

    name = "exchange"
