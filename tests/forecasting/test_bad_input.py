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


@pytest.mark.parametrize("page", ["changes/", "past/", "flow/", "flow/time/", "flow/stages/", "behind/"])
@pytest.mark.parametrize("asked", ["until=0001-01-01", "until=1989-12-31&since=", "since=0001-01-01"])
def test_a_day_before_all_days_is_no_end_of_the_world(acme: Cast, login: Login, page: str, asked: str) -> None:
    for more in ("", "&what=moved&bucket=new", "&what=went&by=category&came=new&went=lost"):
        assert login(acme.executive).get(f"/o/acme/forecast/{page}?{asked}{more}").status_code < 500
