"""How allauth makes our people."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.forms import BaseForm
from django.http import HttpRequest

from tenants.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Writes the name of a new person as they typed it."""

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Fill in and save a person who signs up."""
        user.name = form.cleaned_data["name"]
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """Leave it: people have no user name, only an address."""

    def get_login_redirect_url(self, request: HttpRequest) -> Any:
        """Go to the start page of the person's role."""
        return super().get_login_redirect_url(request)
