"""Codes of an app, recovery codes and passkeys: set up, used once, removed, and what somebody else may send."""

import json
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp_auth
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from tenants.models import User
from tests.cast import Cast
from tests.tenants.device import PRESENT, Device, totp

pytestmark = pytest.mark.django_db
PASSWORD = "long enough 4711"
LOGIN, CODE, APP = "/accounts/login/", "/accounts/security/code/", "/accounts/security/app/"
CODES, SECURITY = "/accounts/security/recovery-codes/", "/accounts/security/"
NEW_PASSKEY, BY_PASSKEY = "/accounts/security/passkeys/new/", "/accounts/passkey/"
JSON = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def rep(acme: Cast) -> User:
    """A rep with a password."""
    user: User = acme.rep.user
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def client() -> Client:
    """A browser at the address for which passkeys are made."""
    return Client(headers={"host": "testserver"}, SERVER_NAME="testserver")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The clock of the codes, which a test may put forward."""
    now = {"ahead": 0.0}
    real = time.time

    class Clock:
        """Time, for the module that counts half minutes."""

        @staticmethod
        def time() -> float:
            return real() + now["ahead"]

    monkeypatch.setattr(totp_auth, "time", Clock)
    return now


def sign_in(client: Client, user: User) -> Any:
    """Send the password."""
    return client.post(LOGIN, {"login": user.email, "password": PASSWORD})


def is_in(client: Client) -> bool:
    """Return whether somebody is signed in."""
    return "_auth_user_id" in client.session


def confirm(client: Client) -> None:
    """Say once more that it is still me."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def set_up_app(client: Client, clock: dict[str, float]) -> str:
    """Set up an app in a signed-in browser, and return its secret; the next code is a new one."""
    confirm(client)
    secret = str(client.get(APP).context["form"].secret)
    response = client.post(APP, {"code": totp(secret, at=time.time() + clock["ahead"])})
    assert response.status_code == 302, response.content.decode()
    clock["ahead"] += 60
    return secret


def now_code(secret: str, clock: dict[str, float]) -> str:
    """Return what the app shows now."""
    return totp(secret, at=time.time() + clock["ahead"])


def see_codes(client: Client) -> list[str]:
    """Open the recovery codes, and return them."""
    return re.findall(r"<li>(\d{8})</li>", client.get(CODES).content.decode())


def add_passkey(client: Client, device: Device, name: str = "Telephone") -> Any:
    """Register a device in a signed-in browser."""
    confirm(client)
    options = client.get(NEW_PASSKEY).context["js_data"]
    return client.post(NEW_PASSKEY, {"name": name, "credential": device.register(options)})


def challenge(client: Client) -> Any:
    """Ask for what a passkey signs at the sign-in."""
    return client.get(BY_PASSKEY, headers=JSON).json()


# The app ------------------------------------------------------------------------------------------


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


# Recovery codes -----------------------------------------------------------------------------------


def test_recovery_codes_are_shown_once_and_can_be_downloaded(
    rep: User, client: Client, clock: dict[str, float]
) -> None:
    sign_in(client, rep)
    set_up_app(client, clock)
    page = client.get(CODES)
    codes = re.findall(r"<li>(\d{8})</li>", page.content.decode())
    assert len(codes) == 10
    assert f"data:text/plain;charset=utf-8,{codes[0]}%0A{codes[1]}%0A" in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    again = client.get(CODES).content.decode()
    assert not any(code in again for code in codes)
    assert "10 codes left" in again


def test_a_recovery_code_signs_in_once_until_all_are_used_up(
    rep: User, client: Client, clock: dict[str, float]
) -> None:
    sign_in(client, rep)
    set_up_app(client, clock)
    codes = see_codes(client)
    for code in codes:
        other = Client()
        sign_in(other, rep)
        assert other.post(CODE, {"code": code}).status_code == 302
        assert is_in(other)
        cache.clear()
    late = Client()
    sign_in(late, rep)
    assert late.post(CODE, {"code": codes[0]}).status_code == 422
    assert "0 codes left" in client.get(SECURITY).content.decode()


def test_new_codes_replace_the_old_ones_and_take_the_password(
    rep: User, client: Client, clock: dict[str, float]
) -> None:
    sign_in(client, rep)
    set_up_app(client, clock)
    old = see_codes(client)
    assert client.post(f"{CODES}new/").headers["Location"] == CODES
    new = see_codes(client)
    assert len(new) == 10
    assert not set(old) & set(new)
    other = Client()
    sign_in(other, rep)
    assert other.post(CODE, {"code": old[0]}).status_code == 422
    assert other.post(CODE, {"code": new[0]}).status_code == 302


# Passkeys -----------------------------------------------------------------------------------------


def test_a_passkey_signs_in_by_itself(rep: User, client: Client) -> None:
    sign_in(client, rep)
    device = Device()
    assert add_passkey(client, device).headers["Location"] == CODES
    client.logout()
    answer = device.sign(challenge(client))
    response = client.post(BY_PASSKEY, {"credential": answer, "next": "/o/acme/profile/"})
    assert response.headers["Location"] == "/o/acme/profile/"
    assert is_in(client)


def test_a_passkey_is_the_second_step_after_the_password(rep: User, client: Client) -> None:
    sign_in(client, rep)
    device = Device()
    add_passkey(client, device)
    client.logout()
    assert sign_in(client, rep).headers["Location"] == CODE
    options = client.get(CODE).context["js_data"]
    assert client.post(CODE, {"credential": device.sign(options)}).headers["Location"] == "/"
    assert is_in(client)


def test_a_challenge_counts_once(rep: User, client: Client) -> None:
    sign_in(client, rep)
    device = Device()
    add_passkey(client, device)
    client.logout()
    answer = device.sign(challenge(client))
    assert client.post(BY_PASSKEY, {"credential": answer}).headers["Location"] == "/"
    client.logout()
    client.post(BY_PASSKEY, {"credential": answer})
    assert not is_in(client), "without a challenge"
    challenge(client)
    client.post(BY_PASSKEY, {"credential": answer})
    assert not is_in(client), "with another challenge"


def test_what_another_device_signed_is_refused(rep: User, acme: Cast, client: Client) -> None:
    sign_in(client, rep)
    device = Device()
    add_passkey(client, device)
    client.logout()
    thief = Device(credential_id=device.credential_id, handle=device.handle)
    response = client.post(BY_PASSKEY, {"credential": thief.sign(challenge(client)), "next": "/o/acme/profile/"})
    assert response.headers["Location"] == "/accounts/login/?next=%2Fo%2Facme%2Fprofile%2F"
    assert not is_in(client)
    assert "did not fit" in client.get(LOGIN).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"flags": PRESENT}, {"origin": "https://evil.example"}, {"rp": "evil.example"}, {"flags": 0}]
)
def test_a_passkey_of_another_place_or_an_unchecked_holder_is_refused(
    rep: User, client: Client, wrong: dict[str, Any]
) -> None:
    sign_in(client, rep)
    assert add_passkey(client, Device(**wrong)).status_code == 422
    assert not rep.has_second_factor
    device = Device()
    add_passkey(client, device)
    client.logout()
    for name, value in wrong.items():
        setattr(device, name, value)
    client.post(BY_PASSKEY, {"credential": device.sign(challenge(client))})
    assert not is_in(client)


def test_a_passkey_is_registered_once(rep: User, acme: Cast, client: Client) -> None:
    sign_in(client, rep)
    device = Device()
    add_passkey(client, device)
    again = add_passkey(client, device)
    assert again.status_code == 422
    assert "registered already" in again.content.decode()
    other = acme.rep2.user
    other.set_password(PASSWORD)
    other.save()
    neighbour = Client()
    sign_in(neighbour, other)
    assert add_passkey(neighbour, device).status_code == 422, "nor for somebody else"
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_a_passkey_of_a_deleted_or_inactive_person_opens_nothing(acme: Cast, client: Client) -> None:
    person = User.objects.create_user("alone@x.example", PASSWORD, name="Alone")
    sign_in(client, person)
    device = Device()
    add_passkey(client, device)
    client.logout()
    person.is_active = False
    person.save()
    client.post(BY_PASSKEY, {"credential": device.sign(challenge(client))})
    assert not is_in(client)
    person.delete()
    response = client.post(BY_PASSKEY, {"credential": device.sign(challenge(client))})
    assert response.headers["Location"] == LOGIN
    assert not is_in(client)
    assert not Authenticator.objects.exists()


RUBBISH = [
    "[" * 15_000,
    "[" * 100_000,
    '"' + "x" * 30_000 + '"',
    "",
    "{",
    "[]",
    "7",
    '"x"',
    "null",
    "{}",
    '{"response": {}}',
    '{"response": {"userHandle": null}}',
    '{"id": 7, "rawId": 7, "type": "public-key", "response": {"userHandle": "!", "clientDataJSON": "e30"}}',
    json.dumps(
        {
            "id": "AA",
            "rawId": "AA",
            "type": "public-key",
            "response": dict.fromkeys(
                ("userHandle", "clientDataJSON", "authenticatorData", "signature", "attestationObject"), "AA"
            ),
            "clientExtensionResults": {},
        }
    ),
]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_is_no_passkey(rep: User, client: Client, rubbish: str) -> None:
    challenge(client)
    assert client.post(BY_PASSKEY, {"credential": rubbish}).status_code == 302
    sign_in(client, rep)
    add_passkey(client, Device())
    client.get(NEW_PASSKEY)
    assert client.post(NEW_PASSKEY, {"credential": rubbish}).status_code == 422
    again = "/accounts/security/passkeys/again/"
    client.get(again)
    assert client.post(again, {"credential": rubbish, "next": SECURITY}).headers["Location"].startswith(again)
    client.logout()
    sign_in(client, rep)
    client.get(CODE)
    assert client.post(CODE, {"credential": rubbish}).status_code == 422
    assert not is_in(client)
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_damaged_answers_of_a_real_device_are_refused(rep: User, client: Client) -> None:
    sign_in(client, rep)
    device = Device()
    add_passkey(client, device)
    client.logout()
    damages: list[Any] = ["", "AAAA", "%%%", 7, None, [], {}]
    for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for value in damages:
            answer = json.loads(device.sign(challenge(client)))
            answer["response"][name] = value
            assert client.post(BY_PASSKEY, {"credential": json.dumps(answer)}).status_code in {302, 429}
            assert not is_in(client), (name, value)
            cache.clear()
    for name in ("id", "rawId", "type", "response", "clientExtensionResults"):
        for damaged in ({}, {name: 7}):
            stranger = Client()
            answer = json.loads(device.sign(challenge(stranger)))
            del answer[name]
            said = stranger.post(BY_PASSKEY, {"credential": json.dumps({**answer, **damaged})})
            assert said.status_code == 302, (name, damaged)


def test_a_passkey_is_named_and_renamed(rep: User, client: Client) -> None:
    sign_in(client, rep)
    add_passkey(client, Device(), name="<b>Work</b> telephone")
    page = client.get(SECURITY).content.decode()
    assert "&lt;b&gt;Work&lt;/b&gt; telephone" in page
    passkey = Authenticator.objects.get(type="webauthn")
    url = reverse("mfa_edit_webauthn", args=[passkey.pk])
    assert client.post(url, {"name": ""}).status_code == 422
    assert client.post(url, {"name": "x" * 61}).status_code == 422
    assert client.post(url, {"name": "Tablet"}).headers["Location"] == SECURITY
    assert "Tablet" in client.get(SECURITY).content.decode()


@pytest.mark.parametrize("name", ["mfa_edit_webauthn", "mfa_remove_webauthn"])
def test_the_passkey_of_another_is_not_there(rep: User, acme: Cast, client: Client, name: str) -> None:
    sign_in(client, rep)
    add_passkey(client, Device())
    passkey = Authenticator.objects.get(type="webauthn")
    other = acme.rep2.user
    other.set_password(PASSWORD)
    other.save()
    neighbour = Client()
    sign_in(neighbour, other)
    confirm(neighbour)
    url = reverse(name, args=[passkey.pk])
    assert neighbour.get(url).status_code == 404
    assert neighbour.post(url, {"name": "Mine"}).status_code == 404
    passkey.refresh_from_db()
    assert passkey.data["name"] == "Telephone"


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


# All the pages ------------------------------------------------------------------------------------


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
