"""The forms of sign-in and sign-up, in our words; allauth does the work."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tenants import actions, queries
from tenants.actions.locking import one_at_a_time
from tenants.forms.names import NameField
from tenants.models import User

PASSWORD_HELP = _("At least 10 characters; not a common word, and not your name.")
DEFAULTS = {"zh-hans": {"currency": "CNY", "time_zone": "Asia/Shanghai"}}


def _speak(form: forms.BaseForm, words: dict[str, Any], **helps: Any) -> None:
    """Give the fields our labels and helps, and drop placeholders that only repeat the label."""
    for name, field in form.fields.items():
        field.label = words.get(name, field.label)
        field.help_text = helps.get(name, "")
        field.widget.attrs.pop("placeholder", None)


class SignIn(allauth_forms.LoginForm):  # type: ignore[misc]  # allauth ships no types
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, {"login": _("E-mail address"), "password": _("Password")})
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class SignUp(allauth_forms.SignupForm):  # type: ignore[misc]
    """Who founds an organization: their name, its name, address and password."""

    name = NameField(label=_("Your name"), max_length=80)
    organization = NameField(label=_("Company"), max_length=120)
    field_order = ["name", "organization", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, {"email": _("E-mail address"), "password1": _("Password")}, password1=PASSWORD_HELP)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["organization"].widget.attrs["autocomplete"] = "organization"

    def clean_email(self) -> str:
        """Let the same click sent twice wait for the first: then the address has an account, and is treated so."""
        one_at_a_time(f"address {self.cleaned_data['email'].lower()}")
        email: str = super().clean_email()
        return email

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        """Found the organization, in the language of the browser."""
        language = get_language() or "en"
        actions.found_organization(
            user,
            name=self.cleaned_data["organization"],
            language=language,
            at=timezone.now(),
            **DEFAULTS.get(language, {}),
        )


class ForgotPassword(allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """The address to which the link goes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, {"email": _("E-mail address")})


NEW_WORDS = {
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password, once more"),
}


class NewPasswordByMail(allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, NEW_WORDS, password1=PASSWORD_HELP)


class ChangePassword(allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """The password until now, and a new one, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, NEW_WORDS, password1=PASSWORD_HELP)


class SetPassword(allauth_forms.SetPasswordForm):  # type: ignore[misc]
    """A first password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, NEW_WORDS, password1=PASSWORD_HELP)


class ChangeAddress(allauth_forms.AddEmailForm):  # type: ignore[misc]
    """A new address, which counts once the link sent to it was opened."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, {"email": _("New e-mail")})

    def clean_email(self) -> str:
        """Refuse an address with which somebody signs in already."""
        email: str = super().clean_email()
        if queries.has_account(email):
            raise get_adapter().validation_error("email_taken")
        return email

    def save(self, request: HttpRequest) -> EmailAddress:
        """Hold the address and send the link that makes it count."""
        address = actions.ask_for_address(self.user, email=self.cleaned_data["email"])
        send_verification_email_to_address(request, address)
        return address


class ConfirmItIsMe(allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _speak(self, {"password": _("Password")})


class Join(forms.Form):
    """What an invited person without an account types; the address stands in the invitation."""

    name = NameField(label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        """Take the invited address, which the password must not resemble."""
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Hold the password to the same rules as everywhere."""
        data: dict[str, Any] = super().clean() or {}
        if password := data.get("password"):
            try:
                validate_password(password, User(email=self.email, name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data
