"""The Django app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """This app, by its name."""

    name = "jobs"

    def ready(self) -> None:
        """Let every app register its kinds of job, for the web as for the worker: both speak of them."""
        autodiscover_modules("tasks")
