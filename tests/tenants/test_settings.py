"""The settings of an organization, its rates and its calendar, my profile, and what the audit tells of all that."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from tenants import actions, audit, labels, queries
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, ExchangeRate, Holiday, Membership, Organization, money_columns
from tenants.scoping import working_for
from tests.accounts.factories import make_account
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}


def url(cast: Cast, name: str, *args: Any) -> str:
    return reverse(f"tenants:{name}", args=[cast.org.slug, *args])


def form(cast: Cast, **values: Any) -> dict[str, Any]:
    org = Organization.objects.get(pk=cast.org.pk)
    return {
        "name": org.name,
        "currency": org.currency,
        "language": org.language,
        "time_zone": org.time_zone,
        "fiscal_year_start": org.fiscal_year_start,
        "working_days": list(org.working_days),
        "version": org.version,
        **values,
    }


def confirmed(client: Client, cast: Cast, **values: Any) -> dict[str, Any]:
    """Return what the form sends after its effects were read and confirmed."""
    told = client.post(url(cast, "organization_effects"), form(cast, **values), headers=HTMX).content.decode()
    found = re.search(r'name="confirmed" value="(\w+)"', told)
    return {**form(cast, **values), **({"confirmed": found[1]} if found else {})}


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


# Rates --------------------------------------------------------------------------------------------


def add_rate(cast: Cast, currency: str = "USD", on: date = date(2026, 1, 1), rate: str = "32.5") -> ExchangeRate:
    with working_for(cast.org):
        return actions.add_rate(cast.org, currency=currency, on=on, rate=Decimal(rate), by=cast.admin, at=AT)


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


# Calendar -----------------------------------------------------------------------------------------


def test_a_holiday_of_several_days_and_the_saturday_before(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    client.post(url(acme, "calendar"), {"name": "春節", "first": "2026-02-16", "last": "2026-02-20"})
    client.post(url(acme, "calendar"), {"name": "補班", "first": "2026-02-14", "is_working": "on"})
    with working_for(acme.org):
        days = queries.calendar_of(acme.org)
    assert days.count(date(2026, 2, 1), date(2026, 2, 28)) == 16
    page = client.get(url(acme, "calendar"), {"year": "2026"}).content.decode()
    assert "春節" in page
    assert '<th scope="row">February</th><td class="num">16</td>' in page
    assert "春節" not in client.get(url(acme, "calendar"), {"year": "2027"}).content.decode()


def test_adding_the_same_days_twice_adds_them_once(acme: Cast, login: Login) -> None:
    data = {"name": "春節", "first": "2026-02-16", "last": "2026-02-20"}
    client = login(acme.admin)
    assert [client.post(url(acme, "calendar"), data).status_code for _ in range(2)] == [303, 303]
    taken = client.post(url(acme, "calendar"), {"name": "Other", "first": "2026-02-20", "last": "2026-02-21"})
    assert taken.status_code == 422
    assert "2026-02-20" in taken.content.decode()
    with working_for(acme.org):
        assert Holiday.objects.count() == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "2026-02-20", "last": "2026-02-19"},
        {"first": "2026-01-01", "last": "2026-12-31"},
        {"first": "x"},
        {"first": "2026-02-20", "name": ""},
    ],
)
def test_days_that_cannot_be(acme: Cast, login: Login, wrong: dict[str, str]) -> None:
    assert login(acme.admin).post(url(acme, "calendar"), {"name": "x", **wrong}).status_code == 422


@pytest.mark.parametrize("year", ["x", "0", "99999999999", "-1", "١٢٣٤"])
def test_a_year_that_cannot_be_is_this_year(acme: Cast, login: Login, year: str) -> None:
    page = login(acme.admin).get(url(acme, "calendar"), {"year": year})
    this_year = f"/o/acme/settings/calendar/?year={timezone.now().year}"
    assert f'<a aria-current="true" href="{this_year}">' in page.content.decode()


def test_deleting_a_day_and_taking_it_back(acme: Cast, globex: Cast, login: Login) -> None:
    for cast in (acme, globex):
        with working_for(cast.org):
            actions.add_days_to_calendar(
                cast.org, first=AT.date(), last=AT.date(), name="元旦 & 連假", is_working=True, by=cast.admin, at=AT
            )
    with working_for(globex.org):
        foreign = Holiday.objects.get().pk
    with working_for(acme.org):
        pk = Holiday.objects.get().pk
    client = login(acme.admin)
    assert client.post(url(acme, "delete_holiday", foreign)).status_code == 404
    response = client.post(url(acme, "delete_holiday", pk), headers=HTMX)
    with working_for(acme.org):
        assert not Holiday.objects.exists()
    undo = response.headers["HX-Trigger"].split('"undo_url": "')[1].split('"')[0]
    client.post(undo, headers=HTMX)
    with working_for(acme.org):
        back = Holiday.objects.get()
    assert (back.name, back.on, back.is_working) == ("元旦 & 連假", AT.date(), True)


# Profile ------------------------------------------------------------------------------------------


def test_changing_my_profile(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    response = client.post(url(acme, "profile"), {"name": "林怡君", "language": "zh-hans", "theme": "dark"})
    assert response.status_code == 303
    user = acme.rep.user
    user.refresh_from_db()
    assert (user.name, user.language, user.theme, user.single_keys) == ("林怡君", "zh-hans", "dark", False)
    page = client.get(url(acme, "profile")).content.decode()
    assert '<html lang="zh-Hans" data-theme="dark" data-keys="off">' in page
    with working_for(acme.org):
        event = AuditEvent.objects.get(verb="profile.changed")
        assert event.data == {"changes": {"name": ["Rep Acme", "林怡君"]}}


@pytest.mark.parametrize("wrong", [{"name": ""}, {"language": "fr"}, {"theme": "pink"}, {"name": "x" * 81}])
def test_a_profile_that_cannot_be(acme: Cast, login: Login, wrong: dict[str, str]) -> None:
    assert (
        login(acme.rep)
        .post(url(acme, "profile"), {"name": "x", "language": "auto", "theme": "auto", **wrong}, headers=HTMX)
        .status_code
        == 422
    )


def test_the_language_is_the_profiles_then_the_organizations_then_the_browsers(acme: Cast, login: Login) -> None:
    Organization.objects.update(language="zh-hans")
    client = login(acme.rep)
    browser = {"accept-language": "zh-TW"}
    assert '<html lang="en"' in client.get(url(acme, "profile"), headers=browser).content.decode()
    acme.rep.user.language = ""
    acme.rep.user.save()
    assert '<html lang="zh-Hans"' in client.get(url(acme, "profile"), headers=browser).content.decode()
    assert '<html lang="zh-Hant"' in Client().get("/accounts/login/", headers=browser).content.decode()


def test_switching_to_another_organization(acme: Cast, globex: Cast, login: Login) -> None:
    Membership.objects.create(organization=globex.org, user=acme.rep.user, role="colleague")
    page = login(acme.rep).get(url(acme, "profile")).content.decode()
    assert reverse("salesops:start", args=["globex"]) in page
    Membership.objects.filter(organization=globex.org, user=acme.rep.user).update(is_active=False)
    assert reverse("salesops:start", args=["globex"]) not in login(acme.rep).get(url(acme, "profile")).content.decode()


# Audit --------------------------------------------------------------------------------------------


def trace(cast: Cast, verb: str = "member.changed", by: Membership | None = None, **data: Any) -> None:
    with working_for(cast.org):
        audit.record(verb, cast.rep, by=by or cast.admin, at=data.pop("at", AT), **data)


def test_the_audit_says_who_did_what_to_whom_with_before_and_after(acme: Cast, login: Login) -> None:
    trace(acme, changes={"role": ["rep", "manager"], "is_admin": [False, True]}, owner=acme.rep2.pk)
    page = login(acme.admin).get(url(acme, "audit")).content.decode()
    assert '<span class="strong">Admin Acme</span> changed a member' in page
    assert "Member" in page
    assert "Rep → <b>Manager</b>" in page
    assert "No → " in page
    assert "Rep2 Acme" in page


def test_the_audit_speaks_of_people_by_name_and_of_lists_as_lists(acme: Cast, login: Login) -> None:
    trace(acme, people=[acme.rep.pk, acme.rep2.pk], fields=["name", "role"], account=7, mapping={"team": "North"})
    page = login(acme.admin).get(url(acme, "audit")).content.decode()
    assert "<b>Rep Acme, Rep2 Acme</b>" in page
    assert "<b>Name, Role</b>" in page
    assert "<b>#7</b>" in page
    assert "<b>Team North</b>" in page


def test_the_audit_never_shows_a_secret(acme: Cast, login: Login) -> None:
    trace(
        acme,
        password="hunter2",
        token_hash="hunter3",
        changes={"api_key": ["hunter4", "hunter5"]},
        deep={"password": "hunter6"},
    )
    assert "hunter" not in login(acme.admin).get(url(acme, "audit")).content.decode()


def test_a_verb_nobody_named_is_spelled_out(acme: Cast, login: Login) -> None:
    trace(acme, verb="moon.walked_on")
    assert "moon walked on" in login(acme.admin).get(url(acme, "audit")).content.decode()


def test_every_verb_in_the_code_has_words() -> None:
    """Read from the code: the verb of each `audit.record(…)` and of the functions that pass one on."""
    get_resolver().url_patterns  # noqa: B018  # loads the labels of every app
    written = re.compile(r"""(?:audit\.record|tell|name_verb)\(\s*"([a-z_]+\.[a-z_]+)\"""")
    verbs = {
        verb
        for app in apps.get_app_configs()
        if Path(app.path).parent == settings.BASE_DIR
        for file in Path(app.path).rglob("*.py")
        for verb in written.findall(file.read_text("utf-8"))
        if "audit" in file.read_text("utf-8") and file.name != "labels.py"
    }
    assert len(verbs) > 40
    assert sorted(verb for verb in verbs if verb not in labels.VERBS) == []


def test_an_app_names_its_own_verbs(acme: Cast, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "VERBS", dict(labels.VERBS))
    monkeypatch.setattr(labels, "KINDS", dict(labels.KINDS))
    labels.name_verb("moon.walked_on", "walked on the moon")
    labels.name_kind("tenants.membership", "Astronaut")
    trace(acme, verb="moon.walked_on")
    page = login(acme.admin).get(url(acme, "audit")).content.decode()
    assert "walked on the moon" in page
    assert "Astronaut" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("verb=rate.added", {"B"}),
        ("by={manager}", {"C"}),
        ("since=2026-03-01", {"D"}),
        ("until=2026-01-05", {"A", "B", "C"}),
        ("since=2026-01-06&until=2026-02-01", set()),
        ("kind=tenants.membership", {"A", "B", "C", "D"}),
        ("kind=tenants.team", set()),
        ("text=rep+ac", {"A", "B", "C", "D"}),
        ("text=%25", set()),
        ("by=x&since=yesterday&before=-3&verb=", {"A", "B", "C", "D"}),
    ],
)
def test_the_audit_is_narrowed_by_its_address(acme: Cast, login: Login, query: str, shown: set[str]) -> None:
    trace(acme, letter="is-A")
    trace(acme, verb="rate.added", letter="is-B")
    trace(acme, by=acme.manager, letter="is-C")
    trace(acme, at=AT + timedelta(days=60), letter="is-D")
    page = login(acme.admin).get(f"{url(acme, 'audit')}?{query.format(manager=acme.manager.pk)}").content.decode()
    assert {letter for letter in "ABCD" if f"is-{letter}" in page} == shown


def test_a_day_of_the_audit_is_a_day_in_the_organizations_time_zone(acme: Cast, login: Login) -> None:
    late = AT.replace(hour=17)  # already the sixth in Taipei
    trace(acme, at=late, letter="at-night")
    client = login(acme.admin)
    assert "at-night" in client.get(url(acme, "audit"), {"since": "2026-01-06"}).content.decode()
    assert "at-night" not in client.get(url(acme, "audit"), {"until": "2026-01-05"}).content.decode()


def test_the_audit_pages_back_without_counting(acme: Cast, login: Login) -> None:
    for n in range(queries.AUDIT_ROWS + 10):
        trace(acme, letter=f"number-{n}-")
    client = login(acme.admin)
    first = client.get(url(acme, "audit"), {"verb": "member.changed"})
    assert "number-59-" in first.content.decode()
    assert "number-9-" not in first.content.decode()
    older = first.context["older"]
    second = client.get(url(acme, "audit"), {"verb": "member.changed", "before": older}).content.decode()
    assert "number-9-" in second
    assert "number-0-" in second
    assert "number-10-" not in second
    assert "Newest" in second


def test_a_stale_caller_of_the_action_is_told_what_stands(acme: Cast) -> None:
    with working_for(acme.org), pytest.raises(Stale) as stale:
        actions.change_organization(acme.org, seen=0, by=acme.admin, at=AT, name="x")
    assert (stale.value.theirs, stale.value.version) == ({"name": "Acme"}, 1)
