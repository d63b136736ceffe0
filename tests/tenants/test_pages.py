"""Settings and profile: who may open them, what they show, and that they stay cheap."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tenants import actions
from tenants.models import Membership
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import AT, Cast, make_user

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]

PAGES = [
    "settings",
    "organization",
    "currencies",
    "calendar",
    "people",
    "invite",
    "teams",
    "new_team",
    "audit",
    "profile",
]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_an_admin_opens_every_page_in_every_language(acme: Cast, login: Login, name: str, language: str) -> None:
    user = acme.admin.user
    user.language = language
    user.save()
    response = login(acme.admin).get(reverse(f"tenants:{name}", args=[acme.org.slug]))
    assert response.status_code == 200
    assert acme.org.name in response.content.decode()


@pytest.mark.parametrize("name", [name for name in PAGES if name != "profile"])
@pytest.mark.parametrize("who", ["rep", "manager", "executive", "colleague", "partner"])
def test_who_is_no_admin_is_told_whom_to_ask(acme: Cast, login: Login, name: str, who: str) -> None:
    response = login(getattr(acme, who)).get(reverse(f"tenants:{name}", args=[acme.org.slug]))
    assert response.status_code == 403
    assert acme.admin.user.email in response.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_finds_nothing(acme: Cast, globex: Cast, login: Login, name: str) -> None:
    assert login(globex.admin).get(reverse(f"tenants:{name}", args=[acme.org.slug])).status_code == 404


def test_pages_about_one_thing_of_another_organization_are_not_found(acme: Cast, globex: Cast, login: Login) -> None:
    client = login(acme.admin)
    for name, pk in [("person", globex.rep.pk), ("team", globex.team.pk)]:
        url = reverse(f"tenants:{name}", args=[acme.org.slug, pk])
        assert client.get(url).status_code == client.post(url).status_code == 404
    with working_for(globex.org):
        invited = actions.invite(
            globex.org, emails=["new@x.example"], role=Role.REP, team=None, is_admin=False, by=globex.admin, at=AT
        )
    for name in ("resend", "withdraw"):
        url = reverse(f"tenants:{name}", args=[acme.org.slug, invited.sent[0][0].pk])
        assert client.post(url).status_code == 404


def test_every_page_says_in_which_organization_one_is(acme: Cast, globex: Cast, login: Login) -> None:
    Membership.objects.create(organization=globex.org, user=acme.admin.user, role=Role.REP)
    page = login(acme.admin).get(reverse("tenants:profile", args=[globex.org.slug])).content.decode()
    assert "<title>My profile · Globex</title>" in page
    assert reverse("salesops:start", args=[acme.org.slug]) in page


def count(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("name", ["people", "teams", "audit", "calendar", "currencies", "settings", "profile"])
def test_pages_cost_the_same_with_one_row_and_with_thirty(acme: Cast, login: Login, name: str) -> None:
    client = login(acme.admin)
    url = reverse(f"tenants:{name}", args=[acme.org.slug])
    before = count(client, url)
    with working_for(acme.org):
        for n in range(30):
            team = actions.create_team(acme.org, name=f"Team {n}", parent=acme.team, by=acme.admin, at=AT)
            Membership.objects.create(
                organization=acme.org, user=make_user(f"more{n}", "acme"), role=Role.MANAGER, team=team
            )
        actions.invite(
            acme.org,
            emails=[f"new{n}@x.example" for n in range(30)],
            role=Role.REP,
            team=team,
            is_admin=False,
            by=acme.admin,
            at=AT,
        )
    assert count(client, url) == before
    assert before <= 15
