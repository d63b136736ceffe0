"""What writes asks for the token of its form: at every address, from everybody."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, sign_in
from tests.walls.examples import addresses
from tests.walls.own import Own
from tests.walls.state import differences, whole_state

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

WITHOUT_TOKEN: dict[str, str] = {
    "web_lead": "no session speaks there: a signature over time and body is the door, and without it nothing is taken",
}
"""Addresses that take a POST without the token, each with its reason: what else proves who is asking."""


@pytest.mark.parametrize("role", ["", "executive", "admin"])
def test_nothing_is_written_without_a_token(own: Own, role: str) -> None:
    client = sign_in(getattr(own.cast, role)) if role else Client()
    client.handler.enforce_csrf_checks = True
    before = whole_state()
    taken = [
        f"{method} {address.name} → {answer.status_code}"
        for address in addresses()
        for method in ("POST", "PUT", "PATCH", "DELETE")
        if (answer := client.generic(method, address.of(own))).status_code != 403
        if not (address.name in WITHOUT_TOKEN and 400 <= answer.status_code < 500)
    ]
    assert taken == []
    assert differences(before, whole_state()) == []


def test_with_its_token_the_same_form_is_taken(acme: Cast) -> None:
    client = sign_in(acme.rep)
    client.handler.enforce_csrf_checks = True
    page = reverse("tenants:profile", args=["acme"])
    sent = {"name": "New name", "language": "en", "theme": "dark", "single_keys": "on"}
    assert client.post(page, sent).status_code == 403
    client.get(page)
    token = client.cookies["csrftoken"].value
    assert client.post(page, {**sent, "csrfmiddlewaretoken": token}).status_code == 303
    assert client.post(page, sent, headers={"X-CSRFToken": token}).status_code == 303


def test_the_list_of_exceptions_names_addresses_that_exist() -> None:
    assert set(WITHOUT_TOKEN) <= {address.name for address in addresses()}
