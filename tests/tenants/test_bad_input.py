"""Numbers no key can be, and undoing twice: an answer, never an error of the server."""

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import ExchangeRate, Holiday, Membership
from tenants.scoping import working_for
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
ENDLESS = "9" * 5_000


def test_a_year_of_five_thousand_digits_shows_this_year(acme: Cast, login: Login) -> None:
    assert login(acme.admin).get("/o/acme/settings/calendar/", {"year": ENDLESS}).status_code == 200


def test_a_rate_cannot_be_restored_over_another(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    url = "/o/acme/settings/currencies/restore/?currency=USD&on=2026-01-01&rate="
    assert client.post(url + "31").status_code == 200
    answer = client.post(url + "32")
    assert answer.status_code == 204
    assert '"kind": "error"' in answer["HX-Trigger"]
    with working_for(acme.org):
        assert [rate.rate for rate in ExchangeRate.objects.all()] == [31]


def test_a_day_cannot_be_restored_over_another(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    url = "/o/acme/settings/calendar/restore/?first=2026-02-17&name="
    assert client.post(url + "One").status_code == 200
    answer = client.post(url + "Two")
    assert answer.status_code == 204
    assert '"kind": "error"' in answer["HX-Trigger"]
    with working_for(acme.org):
        assert [day.name for day in Holiday.objects.all()] == ["One"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_beyond_all_calendars_narrows_no_audit(acme: Cast, login: Login, day: str) -> None:
    assert login(acme.admin).get("/o/acme/settings/audit/", {"since": day, "until": day}).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2201-01-01", "9999-12-31"])
def test_no_calendar_and_no_rate_reaches_there(acme: Cast, login: Login, day: str) -> None:
    client = login(acme.admin)
    assert client.post("/o/acme/settings/calendar/", {"first": day, "name": "x"}).status_code == 422
    rate = {"currency": "USD", "on": day, "rate": "1"}
    assert client.post("/o/acme/settings/currencies/", rate).status_code == 422
