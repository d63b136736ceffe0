"""The addresses of sign-in: exactly the pages of allauth that we support, each an open view that says why."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views
from allauth.mfa.base import views as factor_views
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as app_views
from allauth.mfa.webauthn import views as passkey_views
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.i18n import set_language

from tenants.views import second_factor, security
from tenants.web import open_view

View = Callable[..., HttpResponse]


def _page(view: View, reason: str) -> View:
    """Mark a page of allauth as open, write in one transaction, and answer 422 to what cannot be accepted."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            response = view(request, *args, **kwargs)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if request.method == "POST" and response.status_code == 200 and form is not None and form.errors:
            response.status_code = 422
        return response

    return open_view(reason)(wrapper)


BEFORE = "opened before anyone has signed in"
OWN = "asks for a signed-in person itself; it is about the person, not an organization"
LINK = "opened by a link from a mail"
SECURITY = reverse_lazy("mfa_index")


def _own(view: View) -> View:
    """Mark a page of allauth that is about the signed-in person; no browser keeps it, it may show secrets."""
    return _page(never_cache(view), OWN)


urlpatterns = [
    path(
        "language/",
        open_view("keeps the language of a browser in which nobody has signed in")(set_language),
        name="set_language",
    ),
    path("login/", _page(views.login, BEFORE), name="account_login"),
    path("signup/", _page(views.signup, BEFORE), name="account_signup"),
    path("logout/", _page(views.logout, OWN), name="account_logout"),
    path("inactive/", _page(views.account_inactive, BEFORE), name="account_inactive"),
    path("reauthenticate/", _page(views.reauthenticate, OWN), name="account_reauthenticate"),
    path("email/", _page(views.email, OWN), name="account_email"),
    path("confirm-email/", _page(views.email_verification_sent, BEFORE), name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", _page(views.confirm_email, LINK), name="account_confirm_email"),
    path("password/change/", _page(views.password_change, OWN), name="account_change_password"),
    path("password/set/", _page(views.password_set, OWN), name="account_set_password"),
    path("password/reset/", _page(views.password_reset, BEFORE), name="account_reset_password"),
    path("password/reset/done/", _page(views.password_reset_done, BEFORE), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        _page(views.password_reset_from_key, LINK),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        _page(views.password_reset_from_key_done, BEFORE),
        name="account_reset_password_from_key_done",
    ),
    # Apps, codes, passkeys. The names are allauth's, which leads from one to the next by them.
    path("security/", security.overview, name="mfa_index"),
    path("security/needed/<slug:slug>/", security.needed, name="second_factor_needed"),
    path("security/code/", _page(second_factor.SignInSecondStep.as_view(), BEFORE), name="mfa_authenticate"),
    path("security/code/again/", _own(factor_views.reauthenticate), name="mfa_reauthenticate"),
    path("security/app/", _own(second_factor.SetUpApp.as_view()), name="mfa_activate_totp"),
    path("security/app/remove/", _own(app_views.deactivate_totp), name="mfa_deactivate_totp"),
    path("security/recovery-codes/", _own(code_views.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("security/recovery-codes/new/", _own(code_views.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("security/passkeys/new/", _own(second_factor.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path(
        "security/passkeys/<int:pk>/name/",
        _own(passkey_views.EditWebAuthnView.as_view(success_url=SECURITY)),
        name="mfa_edit_webauthn",
    ),
    path(
        "security/passkeys/<int:pk>/remove/",
        _own(passkey_views.RemoveWebAuthnView.as_view(success_url=SECURITY)),
        name="mfa_remove_webauthn",
    ),
    path(
        "security/passkeys/again/", _own(second_factor.ConfirmByPasskey.as_view()), name="mfa_reauthenticate_webauthn"
    ),
    path("passkey/", _page(second_factor.SignInByPasskey.as_view(), BEFORE), name="mfa_login_webauthn"),
    # Where one is signed in.
    path("sessions/", security.sessions, name="usersessions_list"),
    path("sessions/<int:pk>/end/", security.end_session, name="end_session"),
    path("sessions/end-others/", security.end_other_sessions, name="end_other_sessions"),
]
