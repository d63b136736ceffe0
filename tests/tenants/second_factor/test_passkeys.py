"""Passkeys: registered, used, named, and what somebody else may send."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tenants.models import User
from tests.cast import PASSWORD, Cast
from tests.tenants.device import PRESENT, Device
from tests.tenants.second_factor.steps import (
    BY_PASSKEY,
    CODE,
    CODES,
    LOGIN,
    NEW_PASSKEY,
    SECURITY,
    add_passkey,
    challenge,
    confirm,
    is_in,
    sign_in,
)

pytestmark = pytest.mark.django_db


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
