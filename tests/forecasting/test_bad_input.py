"""Ids no person can have, in the targets."""

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Membership
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


@pytest.mark.parametrize("owner", ["9" * 5_000, "9" * 20, "²", "-1", "", "x"])
def test_a_target_of_nobody_is_not_found(acme: Cast, login: Login, owner: str) -> None:
    typed = {"owner": owner, "period": "quarter", "starts_on": "2026-01-01", "amount": "1", "version": "0"}
    assert login(acme.executive).post("/o/acme/forecast/targets/set/", typed).status_code == 404
