"""What a change of a setting will do is said before it is done; what changes numbers is asked about first."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions as accounts_actions
from funnel import actions as funnel_actions
from funnel.models import Opportunity
from tenants import actions, queries
from tenants.effects import seal
from tenants.errors import Refused
from tenants.models import AuditEvent, ExchangeRate, Membership, Organization
from tenants.scoping import working_for
from tests.accounts.factories import make_account
from tests.cast import AT, Cast
from tests.forecasting.factories import NOW, make_opportunity, win
from tests.tenants.places import add_rate, form, url

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}


def told(client: Client, cast: Cast, **values: Any) -> str:
    response = client.post(url(cast, "organization_effects"), form(cast, **values), headers=HTMX)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# The organization ---------------------------------------------------------------------------------


def test_nothing_changed_says_nothing(acme: Cast, login: Login) -> None:
    assert told(login(acme.admin), acme) == ""


@pytest.mark.parametrize(
    ("values", "words", "asks"),
    [
        ({"name": "Obsidian"}, "Every page and mail says Obsidian from now on; the address /o/acme/ stays", False),
        ({"language": "zh-hans"}, "0 people who have chosen no language will read 简体中文", False),
        ({"time_zone": "America/New_York"}, "What is due and overdue follows.", True),
        ({"fiscal_year_start": 2}, "The fiscal year begins in February from now on", True),
        ({"working_days": list("123456")}, "working days instead of", True),
        ({"currency": "CNY"}, "amounts in TWD then need a dated rate", True),
    ],
)
def test_each_setting_says_what_it_will_do(
    acme: Cast, login: Login, values: dict[str, Any], words: str, asks: bool
) -> None:
    client = login(acme.admin)
    said = told(client, acme, **values)
    assert words in said
    assert ("I have read this" in said) == asks
    response = client.post(url(acme, "organization"), form(acme, **values))
    assert response.status_code == (422 if asks else 303)
    if asks:
        assert words in " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
        assert Organization.objects.get(pk=acme.org.pk).version == 1


def test_a_confirmation_counts_for_what_was_read_alone(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    other = seal({"fiscal_year_start": 3})
    assert client.post(url(acme, "organization"), form(acme, fiscal_year_start=2, confirmed=other)).status_code == 422
    right = seal({"fiscal_year_start": 2})
    assert client.post(url(acme, "organization"), form(acme, fiscal_year_start=2, confirmed=right)).status_code == 303
    history = client.get(reverse("tenants:history", args=["acme", "organization"])).content.decode()
    assert "Admin Acme" in history
    assert "January → <b>February</b>" in history


def test_a_stale_form_is_told_so_before_anything_is_asked(acme: Cast, login: Login) -> None:
    data = form(acme, fiscal_year_start=2, name="Mine")
    with working_for(acme.org):
        actions.change_organization(acme.org, seen=1, by=acme.admin, at=timezone.now(), name="Theirs")
    assert login(acme.admin).post(url(acme, "organization"), data).status_code == 409


def test_a_preview_changes_nothing_and_is_for_admins(acme: Cast, login: Login) -> None:
    told(login(acme.admin), acme, name="Other", currency="USD")
    assert Organization.objects.get(pk=acme.org.pk).name == "Acme"
    for name in ("organization_effects", "rate_effects", "calendar_effects"):
        assert login(acme.executive).post(url(acme, name), {}).status_code == 403
        assert login(acme.admin).post(url(acme, name), {}).status_code == 200
        assert login(acme.admin).get(url(acme, name)).status_code == 405


def test_the_currency_says_what_holds_it(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    add_rate(acme)
    assert "The rates of USD are in TWD. Delete them first" in told(client, acme, currency="CNY")
    with working_for(acme.org):
        make_account(acme, turnover=100)
    said = told(client, acme, currency="CNY")
    assert "This cannot be done" in said
    assert "Amounts are kept in TWD and would mean something else: Customer." in said
    assert "I have read this" not in said


def test_a_win_near_midnight_may_fall_into_another_month(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, 100_00, None)
        win(opportunity, at=NOW.replace(month=11, day=1, hour=1))  # 09:00 in Taipei, still October in New York
    client = login(acme.admin)
    assert "1 win near midnight would be counted in another month." in told(client, acme, time_zone="America/New_York")
    assert "near midnight would" not in told(client, acme, time_zone="Asia/Tokyo")


def test_without_script_the_effects_are_a_page(acme: Cast, login: Login) -> None:
    page = login(acme.admin).post(url(acme, "organization_effects"), form(acme, fiscal_year_start=2))
    assert page.status_code == 200
    assert "<title>" in page.content.decode()
    assert 'name="confirmed"' in page.content.decode()


# Rates and days -----------------------------------------------------------------------------------


def quoted(cast: Cast, currency: str = "USD") -> Opportunity:
    """An opportunity typed in another currency."""
    account = accounts_actions.create_account(name=f"Buyer {currency}", owner=cast.rep, by=cast.rep, at=NOW)
    return funnel_actions.open_opportunity(
        account, name="Line", owner=cast.rep, by=cast.rep, at=NOW, amount=100_00, quoted_currency=currency
    )


def test_the_only_rate_of_a_currency_in_use_stays(acme: Cast, login: Login) -> None:
    rate = add_rate(acme)
    with working_for(acme.org):
        opportunity = quoted(acme)
    client = login(acme.admin)
    for headers in ({}, HTMX):
        response = client.post(url(acme, "delete_rate", rate.pk), headers=headers)
        assert response.status_code == 422
        assert "Amounts in USD were converted at this rate (1)" in response.content.decode()
    earlier = add_rate(acme, on=date(2025, 1, 1), rate="30")
    assert client.post(url(acme, "delete_rate", rate.pk)).status_code == 303
    with working_for(acme.org):
        assert ExchangeRate.objects.get() == earlier
        before = opportunity.amount
        opportunity.refresh_from_db()
        assert opportunity.amount == before == 3250_00, "what is recorded keeps its value"


def test_a_rate_nobody_uses_can_go(acme: Cast, globex: Cast) -> None:
    rate = add_rate(acme)
    add_rate(globex)
    with working_for(globex.org):
        quoted(globex)
    with working_for(acme.org):
        actions.delete_rate(rate, by=acme.admin, at=AT)
        assert not ExchangeRate.objects.exists()


def test_an_amount_in_a_currency_without_rate_is_refused(acme: Cast) -> None:
    with working_for(acme.org), pytest.raises(Refused, match="rate_missing"):
        quoted(acme, "EUR")


def test_a_new_rate_says_from_when_to_when_it_counts(acme: Cast, login: Login) -> None:
    add_rate(acme, on=date(2026, 1, 1), rate="32.5")
    add_rate(acme, on=date(2027, 1, 1), rate="33")
    with working_for(acme.org):
        quoted(acme)
    data = {"currency": "USD", "on": "2026-12-01", "rate": "32.9"}
    page = login(acme.admin).post(url(acme, "rate_effects"), data, headers=HTMX).content.decode()
    assert "It counts until the next rate from 2027-01-01." in page
    assert "Until then 32.5 from 2026-01-01 counts." in page
    assert "What is won or lost keeps its value." in page
    with working_for(acme.org):
        assert ExchangeRate.objects.count() == 2
        new = queries.NewRate(currency="EUR", on=date(2026, 1, 1), rate=Decimal(36))
        found = queries.rate_told(acme.org, new, NOW)
        assert (found.before, found.next_on) == (None, None)
        assert [effect.text for effect in found.effects] == ["No open opportunity changes its value by it."]


def test_a_rate_that_comes_or_goes_says_what_open_opportunities_become(acme: Cast, login: Login) -> None:
    today = timezone.now().astimezone(acme.org.zone).date()
    add_rate(acme, on=date(2026, 1, 1), rate="32.5")
    client = login(acme.admin)
    with working_for(acme.org):
        quoted(acme)
    for on, night in ((today, today), (today + timedelta(9), today + timedelta(9))):
        data = {"currency": "USD", "on": on.isoformat(), "rate": "33"}
        page = client.post(url(acme, "rate_effects"), data, headers=HTMX).content.decode()
        said = f"In the night of {night}, 1 open opportunity in USD is valued anew: 3,250 becomes 3,300."
        assert said in page
    rate = add_rate(acme, on=today, rate="33")
    with working_for(acme.org):
        funnel_actions.revalue(on=today, at=timezone.now())
    gone = client.post(url(acme, "delete_rate", rate.pk), headers=HTMX)
    assert "3,300 becomes 3,250." in json.loads(gone.headers["HX-Trigger"])["toast"]["text"]


def test_days_off_say_what_they_leave_of_the_month(acme: Cast, login: Login) -> None:
    data = {"name": "春節", "first": "2026-02-16", "last": "2026-02-20"}
    client = login(acme.admin)
    off = client.post(url(acme, "calendar_effects"), data, headers=HTMX).content.decode()
    assert "15 working days instead of 20" in off
    made_up = {"name": "補班", "first": "2026-02-14", "is_working": "on"}
    assert "21 working days instead of 20" in client.post(url(acme, "calendar_effects"), made_up).content.decode()
    assert (
        'class="notice"'
        not in client.post(url(acme, "calendar_effects"), {"first": "x"}, headers=HTMX).content.decode()
    )


# The list of settings -----------------------------------------------------------------------------


def test_the_list_says_what_each_setting_stands_at(acme: Cast, login: Login) -> None:
    add_rate(acme)
    with working_for(acme.org):
        accounts_actions.create_product(
            name="Press", series="", list_price=None, is_active=True, by=acme.manager, at=AT
        )
    client = login(acme.admin)
    page = " ".join(re.sub(r"<[^>]+>", " ", client.get(url(acme, "settings")).content.decode()).split())
    for words in (
        "TWD Asia/Taipei January English",
        "7 people",
        "3 teams",
        "1 other currency USD",
        "0 / 10 / 20 / 40 / 60 / 80 / 100 %",
        "buys within 6 months",
        "0 web forms",
        "1 on sale",
        "high from TWD",
    ):
        assert words in page


def test_a_product_says_who_keeps_it_when_it_is_off_sale(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        product = accounts_actions.create_product(
            name="Press", series="", list_price=None, is_active=True, by=acme.manager, at=AT
        )
        account = accounts_actions.create_account(name="Buyer", owner=acme.rep, by=acme.rep, at=NOW)
        funnel_actions.open_opportunity(
            account, name="Line", owner=acme.rep, by=acme.rep, at=NOW, amount=1, product=product
        )
    page = login(acme.admin).get(reverse("accounts:product_edit", args=["acme", product.pk])).content.decode()
    assert "1 open opportunity is about it and keeps it" in page


def test_a_gate_says_whom_it_would_hold(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep, 100_00, None)
    page = login(acme.admin).get(reverse("funnel:stages", args=["acme"])).content.decode()
    assert "1 open one lacks evidence here" in " ".join(page.split())


def test_the_history_of_a_page_is_short_and_its_own(acme: Cast, login: Login) -> None:
    for n in range(12):
        add_rate(acme, on=date(2026, 1, 1 + n), rate=str(Decimal(30) + n))
    client = login(acme.admin)
    rates = client.get(reverse("tenants:history", args=["acme", "currencies"])).content.decode()
    assert rates.count("added an exchange rate") == 8
    assert "2026-01-12" in rates
    assert (
        "added an exchange rate"
        not in client.get(reverse("tenants:history", args=["acme", "calendar"])).content.decode()
    )
    one = client.get(reverse("tenants:history", args=["acme", "teams"]), {"thing": acme.team.pk}).content.decode()
    assert "North" in one
    assert "South" not in one
    with working_for(acme.org):
        assert AuditEvent.objects.filter(verb="rate.added").count() == 12


# People and teams ---------------------------------------------------------------------------------


def said_of(client: Client, address: str, data: dict[str, Any]) -> str:
    for headers in ({}, HTMX):
        response = client.post(address, data, headers=headers)
        assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_moving_a_team_says_who_loses_and_who_gains_sight(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        coast = actions.create_team(acme.org, name="Coast", parent=acme.team, by=acme.admin, at=AT)
    Membership.objects.filter(pk=acme.rep2.pk).update(team=coast)
    Membership.objects.filter(pk=acme.partner.pk).update(role="manager")
    client, address = login(acme.admin), url(acme, "team_effects", coast.pk)
    said = said_of(client, address, {"name": "Coast", "parent": acme.other_team.pk, "version": 1})
    assert said == ("1 person moves with it. No longer see them: Manager Acme See them from now on: Partner Acme")
    assert said_of(client, address, {"name": "Coast", "parent": acme.team.pk, "version": 1}) == ""
    assert said_of(client, address, {"name": "Coast", "parent": coast.pk, "version": 1}) == ""
    assert login(acme.manager).post(address, {}).status_code == 403


def test_another_role_says_whose_records_it_shows(acme: Cast, login: Login) -> None:
    client, address = login(acme.admin), url(acme, "person_effects", acme.rep.pk)
    now = {"role": "rep", "team": acme.team.pk, "version": 1}
    assert said_of(client, address, now) == ""
    leads = said_of(client, address, {**now, "role": "manager"})
    assert "they see the records of 3 people, themselves included. Now: 1." in leads
    assert "see the records of everyone. Now: 1." in said_of(client, address, {**now, "role": "executive"})
    assert "Reaches people, teams, settings" in said_of(client, address, {**now, "is_admin": "on"})
    acme.rep.refresh_from_db()
    assert acme.rep.role == "rep"
    assert login(acme.manager).post(address, now).status_code == 403
