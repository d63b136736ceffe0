"""The Django app."""

from django.apps import AppConfig


class ForecastingConfig(AppConfig):
    """This app, by its name."""

    name = "forecasting"

    def ready(self) -> None:
        """Let the funnel know who judges its opportunities."""
        from forecasting.actions import judge  # models are loaded only now
        from funnel.judges import judged_by

        judged_by(judge)
