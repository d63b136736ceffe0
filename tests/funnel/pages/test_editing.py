"""Opening and editing an opportunity."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import actions as accounts_actions
from funnel.models import Opportunity
from tenants.models import ExchangeRate
from tests.cast import Cast
from tests.funnel.factories import make_account
from tests.funnel.pages.places import HTMX, Login, recent, text, url

pytestmark = pytest.mark.django_db


def opening(cast: Cast, **facts: Any) -> dict[str, Any]:
    return {
        "account": make_account(cast.rep, "Delta Precision", timezone.now()).pk,
        "name": "Energy monitoring",
        "amount": "1280萬",
        "quoted_currency": "TWD",
        "stage": 1,
        "owner": cast.rep.pk,
        "request_key": "0b9a4d5e-3f1c-4c0a-9a63-0a4f3e6f2b10",
        **facts,
    }


def test_a_new_opportunity_once(acme: Cast, login: Login) -> None:
    client, data = login(acme.rep), opening(acme)
    first, again = (client.post(url(acme, "new/"), data) for _each in range(2))
    opportunity = Opportunity.objects.get()
    assert first["Location"] == again["Location"] == url(acme, f"{opportunity.pk}/")
    assert opportunity.amount == 12_800_000_00


@pytest.mark.parametrize(
    "facts",
    [
        {"name": ""},
        {"name": "x" * 10_000},
        {"name": "a\x00b"},
        {"amount": "-5"},
        {"amount": "1e308"},
        {"amount": "９" * 400},
        {"amount": "much"},
        {"expected_close_on": "2001-01-01"},
        {"expected_close_on": "soon"},
        {"account": "999999999999999999999999"},
        {"account": ""},
        {"stage": "7"},
        {"owner": "0"},
        {"quoted_currency": "USD"},
        {"quoted_currency": "\x00"},
        {"request_key": "no"},
    ],
)
def test_bad_input_keeps_what_was_typed(acme: Cast, login: Login, facts: dict) -> None:
    answer = login(acme.rep).post(url(acme, "new/"), opening(acme, **{"source": "trade fair", **facts}))
    assert answer.status_code == 422
    assert "trade fair" in text(answer)
    assert not Opportunity.objects.exists()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd()", "🚀 太空", "x" * 200])
def test_odd_names_are_only_names(acme: Cast, login: Login, name: str) -> None:
    client = login(acme.rep)
    page = client.post(url(acme, "new/"), opening(acme, name=name), follow=True)
    assert page.status_code == 200
    assert "<script>alert" not in text(page)
    assert Opportunity.objects.get().name == name


def test_opening_with_another_currency(acme: Cast, login: Login) -> None:
    ExchangeRate.objects.create(currency="USD", on=timezone.now().date() - timedelta(9), rate="30")
    login(acme.rep).post(url(acme, "new/"), opening(acme, amount="1,000", quoted_currency="USD"))
    opportunity = Opportunity.objects.get()
    assert (opportunity.amount, opportunity.quoted_amount) == (30_000_00, 1_000_00)


def test_the_list_price_fills_the_amount(acme: Cast, login: Login) -> None:
    product = accounts_actions.create_product(name="Sensor", list_price=25_000_00, by=acme.executive, at=timezone.now())
    client = login(acme.rep)
    assert 'value="25000"' in text(client.get(url(acme, f"new/price/?product={product.pk}")))
    assert 'value="7"' in text(client.get(url(acme, f"new/price/?product={product.pk}&amount=7")))


def test_editing_and_a_stale_edit(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    data = {"name": "Energy, phase two", "amount": "500", "quoted_currency": "TWD", "owner": acme.rep.pk, "version": 1}
    assert client.get(url(acme, f"{opportunity.pk}/edit/"), headers=HTMX).status_code == 200
    saved = client.post(url(acme, f"{opportunity.pk}/edit/"), data, headers=HTMX)
    assert saved.status_code == 200, text(saved)
    assert saved["HX-Redirect"]
    answer = client.post(url(acme, f"{opportunity.pk}/edit/"), {**data, "amount": "700"}, headers=HTMX)
    assert answer.status_code == 409
    assert "500" in text(answer)
    assert "700" in text(answer)
    assert 'data-keep="2"' in text(answer)
    assert client.post(url(acme, f"{opportunity.pk}/edit/"), {**data, "amount": "-1"}, headers=HTMX).status_code == 422
    kept = client.post(url(acme, f"{opportunity.pk}/edit/"), {**data, "amount": "700", "version": 2}, headers=HTMX)
    assert kept["HX-Redirect"]
    assert Opportunity.objects.get().amount == 700_00
