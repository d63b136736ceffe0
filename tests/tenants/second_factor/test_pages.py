"""All the pages of second factors, and the way back in for who lost everything."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from tenants.models import User
from tests.tenants.device import Device
from tests.tenants.second_factor.steps import (
    APP,
    CODE,
    CODES,
    NEW_PASSKEY,
    SECURITY,
    add_passkey,
    confirm,
    set_up_app,
    sign_in,
)

pytestmark = pytest.mark.django_db


def test_who_runs_the_server_lets_in_who_lost_everything(
    rep: User, client: Client, clock: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(client, rep)
    set_up_app(client, clock)
    call_command("reset_second_factor", "REP@acme.example")
    assert "2 taken from rep@acme.example" in capsys.readouterr().out
    assert client.get("/o/acme/profile/").status_code == 302, "their sessions ended"
    assert sign_in(client, rep).headers["Location"] == "/"
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "nobody@acme.example")


@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_the_pages_are_ours(rep: User, client: Client, clock: dict[str, float], language: str) -> None:
    rep.language = language
    rep.save()
    sign_in(client, rep)
    urls = [SECURITY, APP, NEW_PASSKEY]
    confirm(client)
    for url in urls:
        assert 'class="plain-card' in client.get(url).content.decode(), url
    set_up_app(client, clock)
    add_passkey(client, Device())
    passkey = Authenticator.objects.get(type="webauthn")
    later = [
        SECURITY,
        CODES,
        CODES,
        f"{CODES}new/",
        f"{APP}remove/",
        "/accounts/security/code/again/",
        "/accounts/security/passkeys/again/",
        reverse("mfa_edit_webauthn", args=[passkey.pk]),
        reverse("mfa_remove_webauthn", args=[passkey.pk]),
        "/accounts/sessions/",
    ]
    for url in later:
        page = client.get(url)
        assert page.status_code == 200, url
        assert 'class="plain-card' in page.content.decode(), url
    client.logout()
    sign_in(client, rep)
    assert 'class="plain-card' in client.get(CODE).content.decode()
