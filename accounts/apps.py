"""The Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """This app, by its name."""

    name = "accounts"
