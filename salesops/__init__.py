"""The project: settings, URLs, Celery, and the home pages that compose what the apps answer."""

from salesops.celery import app as celery_app

__all__ = ["celery_app"]
