"""What an organization is: its name, money, time and language."""

from typing import Any

import pytest
from django.utils import timezone

from tenants import actions
from tenants.errors import Stale
from tenants.models import AuditEvent, Organization, money_columns
from tenants.scoping import working_for
from tests.accounts.factories import make_account
from tests.cast import AT, Cast
from tests.tenants.places import HTMX, Login, add_rate, confirmed, form, url

pytestmark = pytest.mark.django_db


def test_changing_everything_at_once(acme: Cast, login: Login) -> None:
    wanted = {
        "name": "曜石科技",
        "currency": "CNY",
        "language": "zh-hans",
        "time_zone": "Asia/Shanghai",
        "fiscal_year_start": 4,
        "working_days": ["6", "1", "2"],
    }
    client = login(acme.admin)
    unread = client.post(url(acme, "organization"), form(acme, **wanted))
    assert unread.status_code == 422
    shown = unread.content.decode()
    places = [shown.index(each) for each in ('id="organization-effects"', "data-focus", 'name="confirmed"')]
    assert places == sorted(places), "what is to be done first is said, and focused, beside the box that asks for it"
    response = client.post(url(acme, "organization"), confirmed(client, acme, **wanted))
    assert response.status_code == 303
    org = Organization.objects.get(pk=acme.org.pk)
    assert (org.name, org.currency, org.language, org.time_zone) == ("曜石科技", "CNY", "zh-hans", "Asia/Shanghai")
    assert (org.fiscal_year_start, org.working_days, org.version) == (4, "126", 2)
    with working_for(acme.org):
        changes = AuditEvent.objects.get(verb="organization.changed").data["changes"]
    assert changes["currency"] == ["TWD", "CNY"]
    assert changes["name"] == ["Acme", "曜石科技"]


def test_saving_without_a_change_leaves_no_trace(acme: Cast, login: Login) -> None:
    login(acme.admin).post(url(acme, "organization"), form(acme))
    with working_for(acme.org):
        assert not AuditEvent.objects.filter(verb="organization.changed").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"currency": "XXX"},
        {"language": "fr"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"fiscal_year_start": 13},
        {"working_days": []},
        {"working_days": ["8"]},
        {"version": "x"},
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(acme: Cast, login: Login, wrong: dict[str, Any]) -> None:
    response = login(acme.admin).post(url(acme, "organization"), form(acme, **wrong), headers=HTMX)
    assert response.status_code == 422
    if isinstance(value := next(iter(wrong.values())), str) and value and "version" not in wrong and len(value) > 4:
        assert value in response.content.decode()
    assert Organization.objects.get(pk=acme.org.pk).version == 1


def test_a_stale_form_shows_both_values_and_who_was_faster(acme: Cast, login: Login) -> None:
    stale = form(acme, name="Mine", language="zh-hant")
    with working_for(acme.org):
        actions.change_organization(acme.org, seen=1, by=acme.admin, at=timezone.now(), name="Theirs")
    for headers in ({}, HTMX):
        response = login(acme.admin).post(url(acme, "organization"), stale, headers=headers)
        page = response.content.decode()
        assert response.status_code == 409
        assert "Admin Acme" in page
        assert "<td>Theirs</td>" in page
        assert '<td class="strong">Mine</td>' in page
        assert '<td class="strong">繁體中文</td>' in page
        assert "Asia/Taipei</td>" not in page
    assert Organization.objects.get(pk=acme.org.pk).name == "Theirs"
    kept = {**stale, "version": 2}
    assert login(acme.admin).post(url(acme, "organization"), kept).status_code == 303


def test_the_currency_stays_once_there_are_amounts(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        make_account(acme, turnover=100)
    response = login(acme.admin).post(url(acme, "organization"), form(acme, currency="USD"))
    assert response.status_code == 422
    assert "amounts are already recorded in TWD" in response.content.decode()
    assert login(acme.admin).post(url(acme, "organization"), form(acme, name="Still")).status_code == 303


def test_the_currency_stays_while_there_are_rates(acme: Cast, login: Login) -> None:
    add_rate(acme)
    response = login(acme.admin).post(url(acme, "organization"), form(acme, currency="CNY"))
    assert response.status_code == 422
    assert "Delete them before" in response.content.decode()


def test_what_counts_as_an_amount() -> None:
    """A new bigint that is no amount must be named here, or it would hold the currency fast."""
    names = {f"{model._meta.label}.{name}" for model, name in money_columns()}
    assert {"funnel.Opportunity.amount", "accounts.Product.list_price", "forecasting.Target.amount"} <= names
    told = {"funnel.Opportunity.size"}  # how large the customer says it is: an amount
    assert not [name for name in names - told if name.endswith(("count", "size", "version"))]


def test_a_stale_caller_of_the_action_is_told_what_stands(acme: Cast) -> None:
    with working_for(acme.org), pytest.raises(Stale) as stale:
        actions.change_organization(acme.org, seen=0, by=acme.admin, at=AT, name="x")
    assert (stale.value.theirs, stale.value.version) == ({"name": "Acme"}, 1)
