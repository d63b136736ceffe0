"""One's own profile, its language, and the way to another organization."""

import pytest
from django.test import Client
from django.urls import reverse

from tenants.models import AuditEvent, Membership, Organization
from tenants.scoping import working_for
from tests.cast import Cast
from tests.tenants.places import HTMX, Login, url

pytestmark = pytest.mark.django_db


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
