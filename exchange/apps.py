"""The Django app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ExchangeConfig(AppConfig):
    """This app, by its name."""

    name = "exchange"

    def ready(self) -> None:
        """Let every app register what can be imported into it."""
        autodiscover_modules("imports")
