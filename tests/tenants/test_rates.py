"""Dated rates of other currencies."""

from datetime import date
from decimal import Decimal

import pytest

from tenants import labels, queries
from tenants.errors import Refused
from tenants.models import AuditEvent, ExchangeRate
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.tenants.places import HTMX, Login, add_rate, url

pytestmark = pytest.mark.django_db


def test_the_rate_of_a_day_is_the_last_one_before_it(acme: Cast) -> None:
    add_rate(acme, on=date(2026, 1, 1), rate="32.5")
    add_rate(acme, on=date(2026, 2, 1), rate="33")
    with working_for(acme.org):
        assert queries.rate_on("USD", date(2026, 1, 1)) == Decimal("32.5")
        assert queries.rate_on("USD", date(2026, 1, 31)) == Decimal("32.5")
        assert queries.rate_on("USD", date(2026, 2, 1)) == Decimal(33)
        assert queries.rate_on("USD", date(2030, 1, 1)) == Decimal(33)
        assert queries.in_reporting_currency(100_00, "USD", organization=acme.org, on=date(2026, 1, 1)) == 3250_00
        assert queries.in_reporting_currency(7, "TWD", organization=acme.org, on=date(2026, 1, 1)) == 7


@pytest.mark.parametrize(
    ("currency", "on", "day"), [("USD", date(2025, 12, 31), "31 Dec 2025"), ("EUR", date(2024, 1, 1), "1 Jan 2024")]
)
def test_a_missing_rate_is_said_clearly(acme: Cast, currency: str, on: date, day: str) -> None:
    add_rate(acme)
    with working_for(acme.org), pytest.raises(Refused) as refused:
        queries.rate_on(currency, on)
    assert labels.refusal(refused.value) == (
        f"There is no rate for {currency} on {day}. An admin can add one in the settings."
    )


def test_yen_have_no_cents(acme: Cast) -> None:
    add_rate(acme, currency="JPY", rate="0.21")
    with working_for(acme.org):
        assert queries.in_reporting_currency(100_000, "JPY", organization=acme.org, on=AT.date()) == 210_00


def test_rates_of_another_organization_do_not_count(acme: Cast, globex: Cast) -> None:
    add_rate(globex)
    with working_for(acme.org), pytest.raises(Refused):
        queries.rate_on("USD", date(2026, 2, 1))


def test_adding_a_rate_twice_is_adding_it_once_and_another_one_is_refused(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    data = {"currency": "USD", "on": "2026-01-01", "rate": "32.5"}
    assert [client.post(url(acme, "currencies"), data).status_code for _ in range(2)] == [303, 303]
    response = client.post(url(acme, "currencies"), {**data, "rate": "33"})
    assert response.status_code == 422
    assert "already a rate for USD" in response.content.decode()
    with working_for(acme.org):
        assert ExchangeRate.objects.count() == AuditEvent.objects.filter(verb="rate.added").count() == 1


@pytest.mark.parametrize(
    "wrong", [{"rate": "0"}, {"rate": "-1"}, {"rate": "1e9999"}, {"rate": "x"}, {"currency": "TWD"}, {"on": ""}]
)
def test_a_rate_that_cannot_be(acme: Cast, login: Login, wrong: dict[str, str]) -> None:
    data = {"currency": "USD", "on": "2026-01-01", "rate": "32.5", **wrong}
    assert login(acme.admin).post(url(acme, "currencies"), data).status_code == 422


def test_deleting_a_rate_and_taking_it_back(acme: Cast, globex: Cast, login: Login) -> None:
    rate = add_rate(acme)
    client = login(acme.admin)
    assert client.post(url(acme, "delete_rate", add_rate(globex).pk)).status_code == 404
    response = client.post(url(acme, "delete_rate", rate.pk), headers=HTMX)
    assert response.status_code == 200
    with working_for(acme.org):
        assert not ExchangeRate.objects.exists()
    undo = response.headers["HX-Trigger"].split('"undo_url": "')[1].split('"')[0]
    assert client.post(undo, headers=HTMX).headers["HX-Refresh"] == "true"
    with working_for(acme.org):
        assert (ExchangeRate.objects.get().rate, ExchangeRate.objects.get().on) == (Decimal("32.5"), date(2026, 1, 1))
