"""The pages of allauth on apps, codes and passkeys, where ours differ from its own.

They are its classes, because it has no other form; each changes what its docstring says and nothing else.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.internal.auth import begin_registration
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from tenants import actions
from tenants.models import User
from tenants.queries import access


def _lone_no_more(request: HttpRequest, had: bool) -> None:
    """With the first second factor, end the sessions that were begun without one."""
    if had or not request.user.is_authenticated:
        return
    if actions.end_sessions(request.user, but=str(request.session.session_key)):
        messages.info(request, _("Your other sessions are ended: they began without a second factor."))


class SetUpApp(ActivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    """The first code does not count again; sessions begun without a second factor end."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Let the same click sent twice wait for the first: then the app is there already, and nothing is to do."""
        if request.method == "POST" and isinstance(request.user, User):
            actions.lock_person(request.user)
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep the app."""
        user = self.request.user
        had = user.has_second_factor
        response: HttpResponse = super().form_valid(form)
        app = access.authenticator_of(user, Authenticator.Type.TOTP)
        if app is not None and form.step is not None:
            actions.spend_step(app, form.step)
        _lone_no_more(self.request, had)
        return response


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]
    """Every passkey can sign in by itself: the device keeps it, and checks who holds it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Ask the device for such a passkey; a form that was refused says why."""
        context: dict[str, Any] = {**super().get_context_data(**kwargs), **kwargs}
        context["js_data"] = {"creation_options": begin_registration(self.request.user, True)}
        return context

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep the passkey."""
        had = self.request.user.has_second_factor
        response: HttpResponse = super().form_valid(form)
        _lone_no_more(self.request, had)
        return response


class SignInSecondStep(AuthenticateView):  # type: ignore[misc]
    """What cannot be accepted says so beside the button that was used."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Name the form that was sent."""
        return {**super().get_context_data(**kwargs), "refused": getattr(self, "refused", None)}

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Answer 422."""
        self.refused = form
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 422
        return response


class SignInByPasskey(LoginWebAuthnView):  # type: ignore[misc]
    """A passkey that does not fit leads back to the sign-in, and the page that was wanted is not forgotten."""

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Say so on the sign-in page."""
        return _back_with_words(self.request, form, reverse("account_login"))


class ConfirmByPasskey(ReauthenticateWebAuthnView):  # type: ignore[misc]
    """A passkey that does not fit leaves everything as it is: the question stays, with what waits behind it."""

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Ask again."""
        return _back_with_words(self.request, form, self.request.path)


def _back_with_words(request: HttpRequest, form: forms.Form, to: str) -> HttpResponse:
    adapter = get_adapter()
    for words in form.errors.get("credential", []):
        adapter.add_message(request, messages.ERROR, message=words)
    wanted = request.POST.get("next", "")
    return HttpResponseRedirect(f"{to}?{urlencode({'next': wanted})}" if wanted else to)
