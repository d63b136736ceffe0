"""The forms of the second factor: codes of an app, recovery codes, passkeys. allauth checks, these say it our way.

What a browser sends as a passkey is anybody's text: whatever the library cannot read is a passkey that does not fit.
"""

from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tenants import actions
from tenants.queries.access import passkey_is_known

LONGEST_CODE = 64
LONGEST_NAME = 60
LONGEST_CREDENTIAL = 20_000
CODE_HELP = _("Six digits from your authenticator app, or one of your recovery codes.")


def _code_field(form: forms.Form, help_text: Any) -> None:
    """Let telephones offer digits and the code itself, and take nothing that cannot be a code."""
    field = form.fields["code"]
    field.label, field.help_text = _("Code"), help_text
    field.max_length = LONGEST_CODE  # type: ignore[attr-defined]  # a CharField
    field.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": str(LONGEST_CODE)}


def step_of(secret: str, code: str) -> int | None:
    """Return the latest half minute whose code this is, among those that count now."""
    steps = [
        step
        for step in totp.yield_hotp_counters_from_time()
        if compare_user_code(actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, step)))
    ]
    return max(steps, default=None)


class _OneTime(forms.Form):
    """A code counts once: tries of one person wait for each other, and a half minute that was used is over."""

    user: Any
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _code_field(self, CODE_HELP)

    def clean_code(self) -> str:
        """Accept a code of the app that was not used yet, or a recovery code, which is then used up."""
        actions.lock_person(self.user)
        code: str = super().clean_code()  # type: ignore[misc]  # allauth's form stands behind this one
        if self.authenticator.type == Authenticator.Type.TOTP:
            step = step_of(get_adapter().decrypt(self.authenticator.data["secret"]), code)
            if step is None or not actions.spend_step(self.authenticator, step):
                raise get_adapter().validation_error("incorrect_code")
        return code


class Code(_OneTime, base_forms.AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code at sign-in."""


class CodeAgain(_OneTime, base_forms.ReauthenticateForm):  # type: ignore[misc]
    """The code once more, before something that matters."""


class FirstCode(totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new app: it proves that the app has the secret."""

    step: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _code_field(self, _("The six digits that the app shows now."))

    def clean_code(self) -> str:
        """Keep which half minute was used, so that the code does not count again at a sign-in."""
        code: str = super().clean_code()
        self.step = step_of(self.secret, code)
        return code


# Passkeys -----------------------------------------------------------------------------------------


def _unreadable() -> ValidationError:
    error: ValidationError = get_adapter().validation_error("incorrect_passkey")
    return error


class CredentialField(forms.JSONField):
    """What a device says, as the browser sends it; far longer than any is, or nested without end, is nothing."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """Read it."""
        if isinstance(value, str) and len(value) > LONGEST_CREDENTIAL:
            raise _unreadable()
        try:
            return super().to_python(value)
        except RecursionError as error:
            raise _unreadable() from error

    def bound_data(self, data: Any, initial: Any) -> None:
        """Forget it: an answer is of no use a second time."""

    def prepare_value(self, value: Any) -> str:
        """Show nothing."""
        return ""


class _Answer(forms.Form):
    """What a device answers to a challenge, as the browser sends it."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        """Let the library check it; whatever it chokes on is no passkey."""
        try:
            return super().clean_credential()  # type: ignore[misc]  # allauth's form stands behind this one
        except ValidationError as error:
            throttled = getattr(error, "code", "") == "too_many_login_attempts"
            raise (error if throttled else _unreadable()) from error
        except Exception as error:  # anybody's bytes, read by three libraries
            raise _unreadable() from error


class Passkey(_Answer, webauthn_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey after the password."""


class PasskeyAlone(_Answer, webauthn_forms.LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey instead of address and password."""


class PasskeyAgain(_Answer, webauthn_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey once more, before something that matters."""


class NewPasskey(webauthn_forms.AddWebAuthnForm):  # type: ignore[misc]
    """A passkey with a name; the device has checked who holds it."""

    credential = CredentialField()
    passwordless = None  # always: a passkey signs in by itself

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _name_field(self, required=False)

    def clean_name(self) -> str:
        """Name it after its number where nothing was typed."""
        name: str = super().clean_name()
        return name[:LONGEST_NAME]

    def clean(self) -> dict[str, Any]:
        """Refuse what the library cannot read, what did not check its holder, and what is registered already."""
        actions.lock_person(self.user)
        credential = self.cleaned_data.get("credential")
        self.cleaned_data["passwordless"] = True
        try:
            data: dict[str, Any] = super().clean()
            known = credential is not None and passkey_is_known(str(credential.get("id")))
        except Exception as error:  # as above
            raise _unreadable() from error
        if known:
            raise get_adapter().validation_error("known_passkey")
        return data


class PasskeyName(webauthn_forms.EditWebAuthnForm):  # type: ignore[misc]
    """What a passkey is called."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what allauth's form takes."""
        super().__init__(*args, **kwargs)
        _name_field(self, required=True)


def _name_field(form: forms.Form, *, required: bool) -> None:
    form.fields["name"] = forms.CharField(
        label=_("Name"),
        required=required,
        max_length=LONGEST_NAME,
        help_text=_("So that you know it again: which device holds it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
