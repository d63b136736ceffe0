"""How allauth makes our people, speaks to them, keeps their secrets and sends its mails; when a session was seen."""

import base64
import hashlib
import io
import time
from collections.abc import Callable
from typing import Any

import qrcode
from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathFillImage

from tenants import actions
from tenants.models import User
from tenants.queries.seats import signed_in


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
        """Answer pages only, never JSON; but for the challenge that a passkey signs."""
        return request.method == "GET" and request.path == reverse("mfa_login_webauthn")

    def get_password_change_redirect_url(self, request: HttpRequest) -> Any:
        """Go where the person works."""
        return self.get_login_redirect_url(request)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Ask who has a second factor for just that, a code or a passkey: who stole the password has not got it."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        factors = [way for way in ways if way["id"] != "reauthenticate"]
        return factors or ways

    def format_email_subject(self, subject: str) -> str:
        """Leave the subject as it is: the template names the product."""
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send after the commit, so that no mail speaks of what was rolled back."""
        message = self.render_mail(template_prefix, email, {"request": self.request, "email": email, **context})
        transaction.on_commit(message.send, robust=True)


class Backend(AuthenticationBackend):  # type: ignore[misc]  # as above
    """Finds who is signed in with their seats: every page asks for both."""

    def get_user(self, user_id: int) -> User | None:
        """Return who is signed in, unless they are inactive."""
        user = signed_in(user_id)
        return user if self.user_can_authenticate(user) else None


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Uses our words, and keeps the secrets of apps and recovery codes encrypted by the SECRET_KEY."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_generate_recovery_codes": _("Recovery codes stand in for an app or a passkey: set one up first."),
        "incorrect_code": _("This code is not right, or it was used already. Take the next one."),
        "incorrect_passkey": _("This passkey did not fit. Try again, or take another way."),
        "known_passkey": _("This passkey is registered already."),
        "unverified_email": _("Confirm your address first: open the link in the mail we sent to it."),
    }

    def encrypt(self, text: str) -> str:
        """Return what is stored of a secret."""
        return _locker().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; another SECRET_KEY opens nothing, and then no code fits."""
        try:
            return _locker().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return str(generate_totp_secret())

    def build_totp_svg(self, url: str) -> str:
        """Draw dark on white, whatever the page's colours are: many cameras read nothing else."""
        drawn = io.BytesIO()
        qrcode.make(url, image_factory=SvgPathFillImage, border=2).save(drawn)
        return drawn.getvalue().decode()

    def generate_authenticator_name(self, user: User, type: Any) -> str:  # noqa: A002  # the argument's name is theirs
        """Call a passkey without a name after what it is."""
        return str(_("Passkey"))


def _locker() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"second factor" + str(key).encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


# Sessions -----------------------------------------------------------------------------------------

NOTED_FOR = 60.0
MOST_NOTED = 10_000
_noted: dict[str, float] = {}


def is_noted(key: str) -> bool:
    """Return whether this process wrote down within the last minute that this session was seen; it has, afterwards."""
    now = time.monotonic()
    if now - _noted.get(key, -NOTED_FOR) < NOTED_FOR:
        return True
    if len(_noted) >= MOST_NOTED:
        _noted.clear()
    _noted[key] = now
    return False


def note_session(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Write down once a minute where a signed-in session was seen, for the list of one's own sessions."""

    def middleware(request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated and not is_noted(key):
            try:
                ip = get_adapter().get_client_ip(request)
            except PermissionDenied:  # a local socket has none
                ip = "0.0.0.0"  # noqa: S104  # says "unknown", binds nothing
            agent = request.headers.get("User-Agent", "")
            actions.note_session(request.user, key=key, ip=ip, user_agent=agent, at=timezone.now())
        return get_response(request)

    return middleware
