"""Ids no row can have, in the addresses and bodies of opportunities and targets."""

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Membership
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


@pytest.mark.parametrize("account", ["9" * 5_000, "9" * 20, "²", "１２", "-1", "x\x00"])
def test_a_customer_that_cannot_be_is_no_customer(acme: Cast, login: Login, account: str) -> None:
    client = login(acme.rep)
    assert client.get("/o/acme/funnel/new/", {"account": account}).status_code == 200
    assert client.post("/o/acme/funnel/new/", {"account": account, "name": "x"}).status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "１２"])
@pytest.mark.parametrize("page", ["", "table/"])
def test_a_day_beyond_all_calendars_narrows_nothing(acme: Cast, login: Login, page: str, day: str) -> None:
    asked = dict.fromkeys(["due_from", "due_to", "closed_from", "closed_to"], day)
    assert login(acme.manager).get(f"/o/acme/funnel/{page}", asked).status_code == 200
