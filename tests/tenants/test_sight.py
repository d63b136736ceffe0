"""What may this person see? On one page, in words and numbers, telling the reader nothing that is not theirs."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import get_resolver, resolve, reverse

from accounts import actions as accounts_actions
from accounts.models import Account
from funnel import actions as funnel_actions
from funnel.models import Opportunity
from salesops.queries import KINDS, holdings, sight
from tenants import actions, labels
from tenants.labels import SETTING_PAGES
from tenants.models import Membership
from tenants.permissions import Permission, Role, grants, reasons
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.forecasting.factories import NOW, make_opportunity

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
SECRET = "Obsidian Foundry"


def page(name: str, member: Membership, slug: str = "acme") -> str:
    return reverse(name, args=[slug, member.pk])


def text(response_content: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response_content.decode()).split())


@pytest.fixture
def sold(acme: Cast) -> Opportunity:
    """An opportunity of the rep, with its customer; the colleague works with the customer, rep2 helps to sell."""
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, 100_00, date(2026, 12, 1), name=SECRET)
        make_opportunity(acme.partner, 100_00, date(2026, 12, 1), name="Far away")
        accounts_actions.add_member(opportunity.account, acme.colleague, by=acme.rep, at=NOW)
        funnel_actions.add_member(opportunity, member=acme.rep2, part="expert", by=acme.rep, at=NOW)
    return opportunity


# In numbers ---------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_lists(acme: Cast, sold: Opportunity) -> None:
    """Each total is what the member's own list counts, and the reasons add up to it."""
    with working_for(acme.org):
        for member in acme.everyone:
            found = {str(each.label): each for each in sight(member, acme.admin)}
            assert len(found) == len(KINDS)
            for kind in KINDS:
                seen = found[str(kind.label)]
                may = member.can(kind.permission)
                assert seen.allowed == may
                assert seen.count == (kind.model.objects.visible_to(member).count() if may else 0)
                assert sum(part.count for part in seen.parts) == seen.count


def test_the_reasons_are_own_the_teams_given_and_everyones(acme: Cast, sold: Opportunity) -> None:
    with working_for(acme.org):
        said = {
            member.user.email.split("@")[0]: [
                (str(part.words), part.count) for each in sight(member, acme.admin)[:3] for part in each.parts
            ]
            for member in acme.everyone
        }
    assert said == {
        "rep": [("their own", 1), ("their own", 1)],
        "rep2": [("on their sales team", 1)],
        "manager": [("of the people they lead", 1), ("of the people they lead", 1)],
        "executive": [("everyone else's, as an executive", 2)] * 2,
        "admin": [],
        "partner": [("their own", 1), ("their own", 1)],
        "colleague": [("given to work with", 1)],
    }


def test_an_admin_without_customers_learns_counts_alone(acme: Cast, sold: Opportunity, login: Login) -> None:
    for who in (acme.rep, acme.manager, acme.executive):
        for name in ("salesops:sees", "salesops:holds", "tenants:person_sight", "tenants:deactivate"):
            response = login(acme.admin).get(page(name, who), headers={"HX-Request": "true"})
            assert response.status_code == 200
            assert SECRET not in response.content.decode()
            assert reverse("funnel:opportunity", args=["acme", sold.pk]) not in response.content.decode()
    assert "Opportunities of the people they lead 1 1" in text(
        login(acme.admin).get(page("salesops:sees", acme.manager)).content
    )


def test_an_admin_reads_examples_only_of_what_they_see_by_their_own_right(
    acme: Cast, sold: Opportunity, login: Login
) -> None:
    acme.manager.is_admin = True
    acme.manager.save()
    seen = login(acme.manager).get(page("salesops:sees", acme.executive)).content.decode()
    assert SECRET in seen
    assert "Far away" not in seen
    everything = login(acme.executive).get(page("salesops:sees", acme.executive)).content.decode()
    assert "Far away" in everything


# Who may open it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tenants:person_sight", "salesops:sees"])
def test_everyone_opens_their_own_and_an_admin_all(acme: Cast, globex: Cast, login: Login, name: str) -> None:
    for reader in acme.everyone:
        for person in acme.everyone:
            expected = 200 if reader in (person, acme.admin) else 403
            assert login(reader).get(page(name, person)).status_code == expected
        assert login(reader).get(page(name, globex.rep)).status_code == 404
    assert login(globex.admin).get(page(name, acme.rep)).status_code == 404


def test_what_stands_on_a_name_is_for_admins(acme: Cast, login: Login) -> None:
    assert login(acme.rep).get(page("salesops:holds", acme.rep)).status_code == 403
    assert login(acme.admin).get(page("salesops:holds", acme.rep)).status_code == 200


def test_ones_own_page_hangs_on_the_profile(acme: Cast, login: Login) -> None:
    profile = login(acme.rep).get(reverse("tenants:profile", args=["acme"])).content.decode()
    assert page("tenants:person_sight", acme.rep) in profile


# In words -----------------------------------------------------------------------------------------


def test_the_page_says_role_team_and_what_lies_below(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        below = actions.create_team(acme.org, name="Coast", parent=acme.team, by=acme.admin, at=AT)
        Membership.objects.filter(pk=acme.rep2.pk).update(team=below)
    said = text(login(acme.admin).get(page("tenants:person_sight", acme.manager)).content)
    assert "Leads it with Coast below: 3 people in sight." in said
    Membership.objects.filter(pk=acme.manager.pk).update(team=None)
    said = text(login(acme.admin).get(page("tenants:person_sight", acme.manager)).content)
    assert "A manager without a team leads nobody" in said


def test_who_is_deactivated_sees_nothing_and_may_nothing(acme: Cast, login: Login) -> None:
    Membership.objects.filter(pk=acme.rep.pk).update(is_active=False)
    said = text(login(acme.admin).get(page("tenants:person_sight", acme.rep)).content)
    assert "They may not enter and see nothing." in said
    assert " Yes " not in said


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("is_admin", [False, True])
def test_every_permission_has_its_reason(role: Role, is_admin: bool) -> None:
    found = {reason.permission: reason for reason in reasons(role, is_admin=is_admin)}
    assert set(found) == set(Permission)
    granted = {permission for permission, reason in found.items() if reason.is_granted}
    assert granted == grants(role, is_admin=is_admin)
    for reason in found.values():
        words = labels.reason_words(reason, role)
        assert words.startswith("As: " if reason.is_granted else "Only: ")
        assert len(words) > len("Only: ")


def test_every_permission_has_words() -> None:
    assert set(labels.PERMISSIONS) == set(Permission)
    assert labels.permission_words("moon_walk") == "moon walk"


# What stands on a name ----------------------------------------------------------------------------


def test_what_waits_is_counted_before_somebody_is_deactivated(acme: Cast, sold: Opportunity, login: Login) -> None:
    said = text(login(acme.admin).get(page("salesops:holds", acme.rep)).content)
    assert "Customers they own 1" in said
    assert "Open opportunities 1" in said
    assert "Nothing: nobody" in text(login(acme.admin).get(page("salesops:holds", acme.executive)).content)
    with working_for(acme.org):
        assert [held.url for held in holdings(acme.rep, acme.admin, today=AT.date())] == ["", ""]
        urls = [held.url for held in holdings(acme.rep, acme.manager, today=AT.date())]
        assert urls == ["accounts:list", "funnel:table"]
        assert Account.objects.filter(owner=acme.rep).count() == 1


NO_SETTINGS = {"exchange:imports", "tenants:audit"}
"""What stands in the list of settings and changes none of them."""


def test_the_menu_and_the_list_of_settings_are_one(acme: Cast, login: Login) -> None:
    Membership.objects.filter(pk=acme.executive.pk).update(is_admin=True)
    client = login(Membership.objects.get(pk=acme.executive.pk))
    page = client.get(reverse("tenants:settings", args=["acme"])).content.decode()
    menu = page[page.index('<nav class="sublist"') :]
    menu, rest = menu[: menu.index("</nav>")], menu[menu.index('<ul class="list values">') :]
    in_menu, listed = re.findall(r'href="([^"]+)"', menu), re.findall(r'<a class="link" href="([^"]+)"', rest)
    assert in_menu == listed
    assert len(listed) == len(SETTING_PAGES) + 6
    for each in SETTING_PAGES:
        shown = client.get(reverse(each.view, args=["acme"])).content.decode()
        marked = re.search(r'<a href="/o/acme/settings/"( aria-current="page")?', shown)
        assert marked, each.view
        assert (marked[1] is None) is each.elsewhere, each.view


def test_every_page_of_the_settings_ends_with_its_last_changes(acme: Cast, login: Login) -> None:
    """What is changed on a page stands at its foot, with who did it, before and after; the menu says which they are."""
    get_resolver().url_patterns  # noqa: B018  # loads the labels of every app
    Membership.objects.filter(pk=acme.executive.pk).update(is_admin=True)
    client = login(Membership.objects.get(pk=acme.executive.pk))
    listed = client.get(reverse("tenants:settings", args=["acme"])).content.decode()
    pages = re.findall(r'<a class="link" href="([^"]+)"', listed[listed.index('<ul class="list values">') :])
    pages = [each for each in pages if resolve(each).view_name not in NO_SETTINGS]
    assert len(pages) > 13
    for each in pages:
        shown = re.findall(r'hx-get="(/o/acme/[^"]*)"[^>]*hx-trigger="revealed"', client.get(each).content.decode())
        assert [url for url in shown if resolve(url).view_name == "tenants:history"], each
        for url in shown:
            assert client.get(url).status_code == 200
            assert login(acme.rep).get(url).status_code == 403
    assert client.get(reverse("tenants:history", args=["acme", "moon"])).status_code == 404
    products = reverse("tenants:history", args=["acme", "products"])
    assert f'hx-get="{products}"' in client.get(reverse("accounts:products", args=["acme"])).content.decode()
    assert login(acme.manager).get(products).status_code == 200
