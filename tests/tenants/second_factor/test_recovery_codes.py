"""Recovery codes: shown once, used once, replaced."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from tenants.models import User
from tests.tenants.second_factor.steps import CODE, CODES, SECURITY, is_in, see_codes, set_up_app, sign_in

pytestmark = pytest.mark.django_db


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
