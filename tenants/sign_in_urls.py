"""The addresses of sign-in: exactly the pages of allauth that we support, each an open view that says why."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.i18n import set_language

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
]
