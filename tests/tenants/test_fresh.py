"""Before what matters, "is it still you?"; and an organization that asks for a second factor, at its door."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone
from rest_framework.response import Response

from tenants import actions
from tenants.api import OrgViewSet
from tenants.models import AuditEvent, Invitation, Membership, User
from tenants.permissions import Permission, Role
from tenants.scoping import reading, working_for
from tests.cast import PASSWORD, Cast, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]
Login = Callable[..., Client]
AGAIN = "/accounts/reauthenticate/"
SECURITY = "/o/acme/settings/security/"


@pytest.fixture
def admin(acme: Cast) -> Client:
    """The admin's browser, signed in a while ago."""
    acme.admin.user.set_password(PASSWORD)
    acme.admin.user.save()
    return sign_in(acme.admin, fresh=False)


def give_factor(user: User, kind: str = "totp") -> None:
    """Give a person a second factor, as if they had set it up."""
    Authenticator.objects.create(user=user, type=kind, data={})


def require(cast: Cast) -> None:
    """Let the organization ask for a second factor."""
    cast.org.second_factor_required = True
    cast.org.save()


# Is it still you? ---------------------------------------------------------------------------------


def test_what_was_typed_waits_and_is_done(acme: Cast, admin: Client) -> None:
    url = reverse("tenants:person", args=["acme", acme.rep.pk])
    data = {"role": "manager", "team": acme.team.pk, "is_admin": "on", "version": acme.rep.version}
    asked = admin.post(f"{url}?from=list", data)
    assert asked.headers["Location"] == f"{AGAIN}?next={url.replace('/', '%2F')}"
    acme.rep.refresh_from_db()
    assert not acme.rep.is_admin
    assert admin.post(asked.headers["Location"], {"password": "wrong"}).status_code == 422
    done = admin.post(asked.headers["Location"], {"password": PASSWORD})
    assert done.headers["Location"] == reverse("tenants:people", args=["acme"])
    acme.rep.refresh_from_db()
    assert (acme.rep.is_admin, acme.rep.role) == (True, "manager")


def test_a_fragment_leaves_its_page_and_what_was_typed_is_done(acme: Cast, admin: Client) -> None:
    url = reverse("tenants:person", args=["acme", acme.rep.pk])
    data = {"role": "manager", "team": acme.team.pk, "is_admin": "on", "version": acme.rep.version}
    asked = admin.post(url, data, headers={"HX-Request": "true", "HX-Target": "person-form"})
    assert asked.status_code == 204
    assert "HTTP_HX_" not in admin.session["account_reauthentication_state"]["request"], "it will be a page"
    done = admin.post(asked.headers["HX-Redirect"], {"password": PASSWORD})
    assert done.status_code == 303, "a browser is answered now, no fragment"
    acme.rep.refresh_from_db()
    assert acme.rep.is_admin


def test_what_was_typed_wrong_is_still_there_afterwards(acme: Cast, admin: Client) -> None:
    url = reverse("tenants:invite", args=["acme"])
    asked = admin.post(url, {"emails": "no address at all", "role": "rep", "is_admin": "on"})
    page = admin.post(asked.headers["Location"], {"password": PASSWORD})
    assert page.status_code == 422
    assert "no address at all" in page.content.decode()
    with reading(acme.org):
        assert not Invitation.objects.exists()


def test_five_minutes_of_trust_and_then_again(acme: Cast, admin: Client) -> None:
    admin.post(AGAIN, {"password": PASSWORD})
    url = reverse("tenants:deactivate", args=["acme", acme.rep.pk])
    assert admin.post(url).status_code == 303
    session = admin.session
    session["account_authentication_methods"][-1]["at"] -= 301
    session.save()
    assert admin.post(reverse("tenants:reactivate", args=["acme", acme.rep.pk])).headers["Location"].startswith(AGAIN)


def test_what_waited_is_not_done_for_another_page_or_person(acme: Cast, admin: Client) -> None:
    admin.post(reverse("tenants:deactivate", args=["acme", acme.rep.pk]))
    admin.post(f"{AGAIN}?next=/o/acme/profile/", {"password": PASSWORD, "next": "/o/acme/profile/"})
    acme.rep.refresh_from_db()
    assert acme.rep.is_active, "the way led elsewhere"
    session = admin.session
    session["account_authentication_methods"] = []
    session.save()
    asked = admin.post(reverse("tenants:deactivate", args=["acme", acme.rep.pk])).headers["Location"]
    admin.logout()
    admin.force_login(acme.rep2.user, backend="tenants.sign_in.Backend")
    acme.rep2.user.set_password(PASSWORD)
    acme.rep2.user.save()
    admin.post(asked, {"password": PASSWORD})
    acme.rep.refresh_from_db()
    assert acme.rep.is_active


DANGEROUS: dict[str, tuple[list[str], dict[str, str]]] = {
    "tenants:security": ([], {"required": "1"}),
    "tenants:deactivate": (["person"], {}),
    "tenants:reactivate": (["person"], {}),
    "tenants:person": (["person"], {"is_admin": "on", "role": "rep"}),
    "tenants:invite": ([], {"is_admin": "on", "role": "rep", "emails": "a@x.example"}),
}


@pytest.mark.parametrize("name", DANGEROUS)
def test_what_matters_asks_first(acme: Cast, admin: Client, name: str) -> None:
    takes, data = DANGEROUS[name]
    url = reverse(name, args=["acme", *[acme.rep.pk for _ in takes]])
    assert admin.get(url).status_code in {200, 405}, "looking asks nothing"
    assert admin.post(url, data).headers["Location"].startswith(AGAIN)


def test_who_may_not_is_not_asked_either(acme: Cast) -> None:
    assert sign_in(acme.rep, fresh=False).post(SECURITY, {"required": "1"}).status_code == 403


def test_what_does_not_matter_asks_nothing(acme: Cast, admin: Client) -> None:
    url = reverse("tenants:person", args=["acme", acme.rep.pk])
    assert admin.post(url, {"role": "manager", "version": acme.rep.version}).status_code == 303


# An organization that asks for a second factor -------------------------------------------------------


def test_the_page_says_first_how_many_have_none(acme: Cast, login: Login) -> None:
    give_factor(acme.rep.user)
    page = login(acme.admin).get(SECURITY).content.decode()
    assert "6 of 7 members have none yet" in page
    assert "You have none yourself" in page
    assert acme.manager.user.email in page
    assert acme.rep.user.email not in page


def test_requiring_and_releasing_it_is_audited(acme: Cast, login: Login) -> None:
    give_factor(acme.admin.user)
    client = login(acme.admin)
    for required in ("1", "1", "0", "0"):
        assert client.post(SECURITY, {"required": required}).status_code == 303
        acme.org.refresh_from_db()
        assert acme.org.second_factor_required == (required == "1")
    with working_for(acme.org):
        told = list(AuditEvent.objects.filter(verb__startswith="security.").values_list("verb", "by_id"))
    assert told == [
        ("security.second_factor_released", acme.admin.pk),
        ("security.second_factor_required", acme.admin.pk),
    ]


def test_an_admin_does_not_lock_themselves_out(acme: Cast, login: Login) -> None:
    page = login(acme.admin).post(SECURITY, {"required": "1"})
    assert page.status_code == 422
    assert "of your own first" in page.content.decode()
    acme.org.refresh_from_db()
    assert not acme.org.second_factor_required


def test_recovery_codes_alone_are_no_second_factor(acme: Cast, login: Login) -> None:
    require(acme)
    give_factor(acme.rep.user, "recovery_codes")
    assert login(acme.rep).get("/o/acme/profile/").status_code == 302


def test_who_has_none_is_led_to_its_set_up_and_back(acme: Cast, login: Login) -> None:
    require(acme)
    client = login(acme.rep)
    led = client.get("/o/acme/profile/?theme=dark")
    assert led.headers["Location"] == "/accounts/security/needed/acme/"
    page = client.get(led.headers["Location"]).content.decode()
    assert "Acme asks for a second factor" in page
    assert "North" not in page
    give_factor(acme.rep.user)
    assert client.get(led.headers["Location"]).headers["Location"] == "/o/acme/profile/?theme=dark"
    assert client.get("/o/acme/profile/?theme=dark").status_code == 200


def test_every_page_of_the_organization_is_closed_and_others_are_open(acme: Cast, globex: Cast, login: Login) -> None:
    Membership.objects.create(organization=globex.org, user=acme.rep.user, role=Role.REP)
    require(acme)
    client = login(acme.rep)
    for name in ("salesops:start", "salesops:today", "funnel:board", "tenants:profile", "jobs:list", "accounts:list"):
        for send in (client.get, client.post):
            answer = send(reverse(name, args=["acme"]))
            assert answer.headers["Location"] == "/accounts/security/needed/acme/", name
    fragment = client.get(reverse("jobs:notifications", args=["acme"]), headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.content) == (204, b"")
    assert fragment.headers["HX-Redirect"] == "/accounts/security/needed/acme/"
    assert client.get(reverse("tenants:profile", args=["globex"])).status_code == 200
    assert "Globex" in client.get("/accounts/security/needed/acme/").content.decode()


def test_the_door_of_programs_says_it_in_words(acme: Cast, rf: RequestFactory) -> None:
    class Things(OrgViewSet):
        policy = {"list": Permission.HOME_VIEW}

        def list(self, request: HttpRequest, org: str) -> Response:
            return Response({"seen": True})

    def ask() -> Any:
        request = rf.get("/")
        request.user = acme.rep.user
        return Things.as_view({"get": "list"})(request, org="acme")

    assert ask().status_code == 200
    require(acme)
    assert ask().status_code == 403
    assert ask().data["code"] == "second_factor_needed"
    give_factor(acme.rep.user)
    assert ask().status_code == 200


def test_who_removes_it_is_led_to_the_set_up_again(acme: Cast, login: Login) -> None:
    require(acme)
    give_factor(acme.rep.user, "webauthn")
    client = login(acme.rep)
    assert client.get("/o/acme/profile/").status_code == 200
    Authenticator.objects.all().delete()
    assert client.get("/o/acme/profile/").headers["Location"] == "/accounts/security/needed/acme/"


def test_the_explanation_is_for_members_alone(acme: Cast, globex: Cast, login: Login) -> None:
    require(globex)
    assert login(acme.rep).get("/accounts/security/needed/globex/").status_code == 404
    assert login(acme.rep).get("/accounts/security/needed/nowhere/").status_code == 404
    assert Client().get("/accounts/security/needed/globex/").headers["Location"].startswith("/accounts/login/")


def test_where_nothing_is_asked_the_explanation_leads_in(acme: Cast, login: Login) -> None:
    assert login(acme.rep).get("/accounts/security/needed/acme/").headers["Location"] == "/o/acme/"


def test_asking_costs_no_query(acme: Cast, login: Login, django_assert_max_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    give_factor(acme.rep.user)
    client = login(acme.rep)
    client.get("/o/acme/profile/")
    with CaptureQueriesContext(connection) as without:
        client.get("/o/acme/profile/")
    require(acme)
    with CaptureQueriesContext(connection) as asked:
        client.get("/o/acme/profile/")
    assert len(asked) == len(without)


def test_the_first_second_factor_ends_the_other_sessions(acme: Cast, login: Login) -> None:
    """Whoever knew the password and was in already is out."""
    user = acme.rep.user
    user.set_password(PASSWORD)
    user.save()
    thief, own = Client(), Client()
    for client in (thief, own):
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        assert client.get("/o/acme/profile/").status_code == 200
    from tests.tenants.device import totp

    own.post(AGAIN, {"password": PASSWORD})
    secret = own.get("/accounts/security/app/").context["form"].secret
    own.post("/accounts/security/app/", {"code": totp(secret)})
    assert thief.get("/o/acme/profile/").status_code == 302
    assert own.get("/o/acme/profile/").status_code == 200


def test_only_pages_that_change_something_ask(acme: Cast) -> None:
    view = resolve(SECURITY).func
    assert view.policy == Permission.SETTINGS_EDIT  # type: ignore[attr-defined]
    with reading(acme.org):
        assert not actions.require_second_factor(acme.org, required=False, by=acme.admin, at=timezone.now())


# Whose word it takes --------------------------------------------------------------------------------


def test_who_has_an_app_gives_a_code_and_the_password_is_not_taken(acme: Cast, admin: Client) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from tests.tenants.device import totp

    secret = generate_totp_secret()
    TOTP.activate(acme.admin.user, secret)
    url = reverse("tenants:deactivate", args=["acme", acme.rep.pk])
    asked = admin.post(url).headers["Location"]
    assert asked.startswith("/accounts/security/code/again/")
    assert admin.post(AGAIN, {"password": PASSWORD}).headers["Location"] == "/accounts/security/code/again/"
    acme.rep.refresh_from_db()
    assert acme.rep.is_active
    assert admin.post(asked, {"code": totp(secret)}).status_code == 303
    acme.rep.refresh_from_db()
    assert not acme.rep.is_active


def test_who_has_a_passkey_alone_is_asked_for_it(acme: Cast, admin: Client) -> None:
    give_factor(acme.admin.user, "webauthn")
    asked = admin.post(reverse("tenants:deactivate", args=["acme", acme.rep.pk])).headers["Location"]
    assert asked.startswith("/accounts/security/passkeys/again/")


@pytest.mark.parametrize(
    ("who", "data", "asks"),
    [
        ("rep", {"role": "executive"}, True),
        ("rep", {"role": "manager"}, False),
        ("rep", {"role": "rep", "is_admin": "on"}, True),
        ("executive", {"role": "executive"}, False),
        ("admin", {"role": "rep"}, True),
        ("admin", {"role": "colleague", "is_admin": "on"}, False),
    ],
)
def test_power_given_or_taken_asks(acme: Cast, admin: Client, who: str, data: dict[str, str], asks: bool) -> None:
    member: Membership = getattr(acme, who)
    answer = admin.post(reverse("tenants:person", args=["acme", member.pk]), {**data, "version": member.version})
    assert answer.headers.get("Location", "").startswith(AGAIN) == asks


@pytest.mark.parametrize(
    ("data", "asks"),
    [
        ({"role": "executive", "emails": "a@x.example"}, True),
        ({"role": "rep", "emails": "a@x.example\nb@x.example, Executive"}, True),
        ({"role": "rep", "emails": "a@x.example"}, False),
    ],
)
def test_inviting_somebody_who_sees_everything_asks(
    acme: Cast, admin: Client, data: dict[str, str], asks: bool
) -> None:
    answer = admin.post(reverse("tenants:invite", args=["acme"]), data)
    assert answer.headers.get("Location", "").startswith(AGAIN) == asks
