"""Codes of an app: set up, asked for, used once, removed."""

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from tenants.models import User
from tests.cast import PASSWORD
from tests.tenants.device import Device, totp
from tests.tenants.second_factor.steps import (
    APP,
    CODE,
    SECURITY,
    add_passkey,
    confirm,
    is_in,
    now_code,
    set_up_app,
    sign_in,
)

pytestmark = pytest.mark.django_db


def test_setting_up_an_app_shows_a_square_and_the_key_and_takes_the_password_first(rep: User, client: Client) -> None:
    sign_in(client, rep)
    asked = client.get(APP)
    assert asked.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Fsecurity%2Fapp%2F"
    confirm(client)
    page = client.get(APP)
    assert "data:image/svg+xml;base64," in page.content.decode()
    assert page.context["form"].secret in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_an_app_is_asked_at_the_next_sign_in(rep: User, client: Client, clock: dict[str, float]) -> None:
    sign_in(client, rep)
    secret = set_up_app(client, clock)
    client.logout()
    assert sign_in(client, rep).headers["Location"] == CODE
    assert not is_in(client)
    assert client.get("/o/acme/profile/").status_code == 302, "the password alone opens nothing"
    wrong = client.post(CODE, {"code": "000000"})
    assert wrong.status_code == 422
    assert "not right" in wrong.content.decode()
    assert client.post(CODE, {"code": now_code(secret, clock)}).headers["Location"] == "/"
    assert is_in(client)


def test_a_code_counts_once(rep: User, client: Client, clock: dict[str, float]) -> None:
    sign_in(client, rep)
    secret = set_up_app(client, clock)
    code = now_code(secret, clock)
    other = Client()
    sign_in(other, rep)
    assert other.post(CODE, {"code": code}).status_code == 302
    clock["ahead"] += 35  # the code is still within the tolerance
    cache.clear()  # what a restarted cache has forgotten
    again = Client()
    sign_in(again, rep)
    assert again.post(CODE, {"code": code}).status_code == 422
    assert not is_in(again)


def test_the_code_that_set_the_app_up_does_not_sign_in(rep: User, client: Client, clock: dict[str, float]) -> None:
    sign_in(client, rep)
    confirm(client)
    secret = str(client.get(APP).context["form"].secret)
    code = totp(secret)
    client.post(APP, {"code": code})
    other = Client()
    sign_in(other, rep)
    assert other.post(CODE, {"code": code}).status_code == 422


def test_a_wrong_first_code_sets_nothing_up_and_keeps_the_square(rep: User, client: Client) -> None:
    sign_in(client, rep)
    confirm(client)
    secret = client.get(APP).context["form"].secret
    page = client.post(APP, {"code": "12"})
    assert page.status_code == 422
    assert page.context["form"].secret == secret
    assert not rep.has_second_factor


def test_guessing_codes_is_slowed_down(rep: User, client: Client, clock: dict[str, float]) -> None:
    sign_in(client, rep)
    secret = set_up_app(client, clock)
    client.logout()
    sign_in(client, rep)
    for _ in range(6):
        client.post(CODE, {"code": "000000"})
    page = client.post(CODE, {"code": now_code(secret, clock)})
    assert page.status_code == 422
    assert "Too many tries" in page.content.decode()
    assert not is_in(client)


def test_the_secret_is_stored_encrypted_and_another_key_opens_nothing(
    rep: User, client: Client, clock: dict[str, float], settings: Settings
) -> None:
    sign_in(client, rep)
    secret = set_up_app(client, clock)
    stored = Authenticator.objects.get(user=rep, type="totp").data["secret"]
    assert secret not in stored
    client.logout()
    sign_in(client, rep)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    other = Client()
    sign_in(other, rep)
    assert other.post(CODE, {"code": now_code(secret, clock)}).status_code == 302
    settings.SECRET_KEY_FALLBACKS = []
    clock["ahead"] += 90
    third = Client()
    sign_in(third, rep)
    assert third.post(CODE, {"code": now_code(secret, clock)}).status_code == 422
    assert third.post(CODE, {"code": now_code("", clock)}).status_code == 422, "nor does no key at all"


def test_removing_the_app_takes_a_code_once_more(rep: User, client: Client, clock: dict[str, float]) -> None:
    sign_in(client, rep)
    secret = set_up_app(client, clock)
    client.logout()
    sign_in(client, rep)
    client.post(CODE, {"code": now_code(secret, clock)})
    asked = client.post("/accounts/security/app/remove/")
    assert asked.headers["Location"].startswith("/accounts/security/code/again/")
    assert Authenticator.objects.filter(user=rep, type="totp").exists()
    clock["ahead"] += 60
    client.post(asked.headers["Location"], {"code": now_code(secret, clock)})
    assert not Authenticator.objects.filter(user=rep).exists(), "the recovery codes went with it"


def test_its_owner_hears_of_every_change(
    rep: User,
    client: Client,
    clock: dict[str, float],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sign_in(client, rep)
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(client, clock)
    with django_capture_on_commit_callbacks(execute=True):
        add_passkey(client, Device())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/security/app/remove/")
    subjects = [message.subject for message in mail.outbox]
    assert subjects == [
        "salesops: an authenticator app was set up",
        "salesops: a passkey was added",
        "salesops: the authenticator app was removed",
    ]


def test_who_has_not_confirmed_their_address_sets_nothing_up(rep: User, client: Client) -> None:
    """Or somebody could take another's address, lock it with an app, and the owner would never get in."""
    client.post(
        "/accounts/signup/", {"name": "Eve", "organization": "Evil", "email": "eve@x.example", "password1": PASSWORD}
    )
    confirm(client)
    assert client.get(APP).headers["Location"] == SECURITY
    page = client.get(SECURITY).content.decode()
    assert "Confirm your address first" in page
