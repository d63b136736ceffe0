"""How allauth makes our people, speaks to them, and sends its mails."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Writes the name of a new person as they typed it, uses our words, and mails after the commit."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is currently inactive."),
        "email_password_mismatch": _("The address or the password is not right."),
        "email_taken": _("There is already an account with this address. Sign in, or reset the password."),
        "duplicate_email": _("This is already your address."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("The password is not right."),
        "invalid_password_reset": _("This link has been used or has expired."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, or reset your password."),
        "rate_limited": _("Too many tries. Wait a minute."),
        "max_email_addresses": _("You cannot have more addresses."),
    }

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Fill in and save a person who signs up."""
        user.name = form.cleaned_data["name"]
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """Leave it: people have no user name, only an address."""

    def is_ajax(self, request: HttpRequest) -> bool:
        """Answer pages only, never JSON."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> Any:
        """Go where the person works."""
        return self.get_login_redirect_url(request)

    def format_email_subject(self, subject: str) -> str:
        """Leave the subject as it is: the template names the product."""
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send after the commit, so that no mail speaks of what was rolled back."""
        message = self.render_mail(template_prefix, email, {"request": self.request, "email": email, **context})
        transaction.on_commit(message.send, robust=True)
