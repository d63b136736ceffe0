"""What somebody does with a second factor, step by step."""

import re
import time
from typing import Any

from django.test import Client

from tenants.models import User
from tests.cast import PASSWORD
from tests.tenants.device import Device, totp

LOGIN, CODE, APP = "/accounts/login/", "/accounts/security/code/", "/accounts/security/app/"
CODES, SECURITY = "/accounts/security/recovery-codes/", "/accounts/security/"
NEW_PASSKEY, BY_PASSKEY = "/accounts/security/passkeys/new/", "/accounts/passkey/"
JSON = {"accept": "application/json"}


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
