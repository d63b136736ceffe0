"""Every address has a door, and every door asks for a sign-in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, path
from rest_framework.response import Response

from tenants.api import OrgViewSet
from tenants.models import Team
from tenants.permissions import ADMIN_GRANTS, GRANTS, Permission, Role, grants
from tenants.scoping import current_organization_id, reading
from tenants.web import OrgRequest, open_view, org_view
from tests.cast import Cast

OPEN_INSIDE = {"tenants:join"}
"""Addresses of an organization that a stranger may open: the secret link of an invitation."""

Found = tuple[str, str, URLPattern]


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "", spaces: tuple[str, ...] = ()) -> Iterator[Found]:
    """Yield every address: its route, its name with the namespaces, its pattern."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from walk(pattern.url_patterns, route, inner)
        else:
            yield route, ":".join([*spaces, pattern.name or ""]), pattern


def doorless(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[str]:
    """Return the routes whose view carries no policy, or a weaker one than its place asks for."""
    bad = []
    for route, name, pattern in walk(patterns, prefix):
        view = pattern.callback
        api: type | None = getattr(view, "cls", None)
        if api is not None and issubclass(api, OrgViewSet):
            if not api.policy:
                bad.append(route)
        elif route.startswith("o/<slug:org>/") and name not in OPEN_INSIDE:
            if not isinstance(getattr(view, "policy", None), Permission):
                bad.append(route)
        elif not getattr(view, "policy", None):
            bad.append(route)
    return bad


def test_every_address_has_a_door() -> None:
    assert doorless(get_resolver().url_patterns) == []


def _bare(request: HttpRequest, /, **kwargs: str) -> HttpResponse:
    return HttpResponse()


class Naked(OrgViewSet):
    """An API class that forgot its policy."""

    def list(self, request: HttpRequest, org: str) -> HttpResponse:
        """Never reached."""
        raise AssertionError


def test_the_walk_notices_a_view_without_a_door() -> None:
    assert doorless([path("bare/", _bare)]) == ["bare/"]
    assert doorless([path("bare/", _bare)], "o/<slug:org>/") == ["o/<slug:org>/bare/"]
    assert doorless([path("open/", open_view("why")(_bare))]) == []
    assert doorless([path("open/", open_view("why")(_bare))], "o/<slug:org>/") == ["o/<slug:org>/open/"]
    assert doorless([path("x/", org_view(Permission.HOME_VIEW)(_bare))], "o/<slug:org>/") == []
    assert doorless([path("api/", Naked.as_view({"get": "list"}))]) == ["api/"]


EXAMPLES = {"slug": "acme", "int": "1", "str": "x", "uuid": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "path": "x"}


def example(route: str) -> str:
    """Fill in the blanks of a route."""
    parts = []
    for part in route.replace(">", "<").split("<"):
        kind, colon, _name = part.partition(":")
        parts.append(EXAMPLES[kind] if colon and kind in EXAMPLES else part)
    return "/" + "".join(parts)


INSIDE = [
    route
    for route, name, _pattern in walk(get_resolver().url_patterns)
    if route.startswith("o/<slug:org>/") and name not in OPEN_INSIDE
]


@pytest.mark.django_db
def test_every_page_asks_for_a_sign_in_first(acme: Cast) -> None:
    client = Client()
    assert len(INSIDE) > 50
    for route in INSIDE:
        for send in (client.get, client.post):
            response = send(example(route))
            assert response.status_code in {302, 401, 403}, route
            if response.status_code == 302:
                assert response.headers["Location"].startswith("/accounts/login/?next=/o/acme/"), route


@pytest.mark.django_db
def test_a_fragment_sends_its_page_to_the_sign_in(acme: Cast) -> None:
    response = Client().get(
        "/o/acme/settings/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/o/acme/profile/"}
    )
    assert response.status_code == 204
    assert response.headers["HX-Redirect"].startswith("/accounts/login/?next=")


# Roles and permissions ----------------------------------------------------------------------------

P = Permission
SALES = {
    P.ACCOUNT_VIEW,
    P.ACCOUNT_EDIT,
    P.FUNNEL_VIEW,
    P.FUNNEL_EDIT,
    P.VISIT_VIEW,
    P.VISIT_LOG,
}
LEADS = {
    P.APPROVAL_DECIDE,
    P.EVIDENCE_JUDGE,
    P.REVIEW_RUN,
    P.COACHING_RUN,
    P.TARGET_EDIT,
    P.IMPORT_RUN,
    P.PRODUCT_EDIT,
}
ADMIN = {P.IMPORT_RUN, P.PRODUCT_EDIT, P.SETTINGS_EDIT, P.PEOPLE_EDIT, P.AUDIT_VIEW}
EVERYONE = {P.HOME_VIEW, P.PROFILE_EDIT}

MATRIX = {
    Role.REP: EVERYONE | SALES | {P.FORECAST_VIEW, P.COACHING_VIEW},
    Role.MANAGER: EVERYONE | SALES | {P.FORECAST_VIEW, P.COACHING_VIEW} | LEADS,
    Role.EXECUTIVE: EVERYONE | SALES | {P.FORECAST_VIEW, P.COACHING_VIEW} | LEADS,
    Role.COLLEAGUE: EVERYONE | {P.ACCOUNT_VIEW, P.FUNNEL_VIEW},
    Role.PARTNER: EVERYONE | SALES,
}


@pytest.mark.parametrize("role", Role)
def test_what_a_role_may_do(role: Role) -> None:
    assert grants(role, is_admin=False) == MATRIX[role]
    assert grants(role, is_admin=True) == MATRIX[role] | ADMIN


def test_the_table_of_grants_names_every_role_and_every_permission() -> None:
    assert set(GRANTS) == set(Role)
    assert frozenset().union(*GRANTS.values(), ADMIN_GRANTS) == set(Permission)


def test_an_admin_sees_no_customers_by_that_alone() -> None:
    customers = {P.ACCOUNT_VIEW, P.ACCOUNT_EDIT, P.FUNNEL_VIEW, P.FUNNEL_EDIT, P.VISIT_VIEW, P.FORECAST_VIEW}
    assert not customers & ADMIN_GRANTS


# The door itself ----------------------------------------------------------------------------------


@dataclass
class Room:
    """Two rooms behind doors, which note what they saw of those who came in."""

    seen: list[tuple[str, int | None, bool]] = field(default_factory=list)

    def open(self, request: HttpRequest, kind: str = "page") -> int:
        """Knock, and return the status of the answer."""
        try:
            if kind == "page":
                return self.page(request, org="acme").status_code
            return self.api(request, org="acme").status_code
        except Http404:
            return 404
        except PermissionDenied:
            return 403

    def note(self, request: Any) -> HttpResponse:
        """Note the organization that the door put on the request, the scope, and whether a transaction is open."""
        self.seen.append((request.organization.slug, current_organization_id(), connection.in_atomic_block))
        return HttpResponse()

    @property
    def page(self) -> Callable[..., HttpResponse]:
        """A page that takes who may edit targets."""

        @org_view(Permission.TARGET_EDIT)
        def room(request: OrgRequest) -> HttpResponse:
            return self.note(request)

        return room

    @property
    def api(self) -> Callable[..., HttpResponse]:
        """The same as an API class."""
        note = self.note

        class Rooms(OrgViewSet):
            policy: ClassVar = {"list": Permission.TARGET_EDIT}

            def list(self, request: Any, org: str) -> Response:
                note(self.entered)
                return Response({})

        return Rooms.as_view({"get": "list"})


def knock(user: Any) -> HttpRequest:
    """Return a request of this person."""
    request = RequestFactory().get("/o/acme/room/")
    request.user = user
    request.session = SessionStore()
    return request


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("kind", ["page", "api"])
def test_the_door_lets_in_members_who_may_and_nobody_else(acme: Cast, globex: Cast, kind: str) -> None:
    room = Room()
    assert room.open(knock(AnonymousUser()), kind) in {302, 403}
    for stranger in globex.everyone:
        assert room.open(knock(stranger.user), kind) == 404
    for member in (acme.rep, acme.rep2, acme.admin, acme.partner, acme.colleague):
        assert room.open(knock(member.user), kind) == 403
    acme.manager.is_active = False
    acme.manager.save()
    assert room.open(knock(acme.manager.user), kind) == 404
    acme.executive.user.is_active = False
    acme.executive.user.save()
    assert room.open(knock(acme.executive.user), kind) in {403, 404}
    assert room.seen == []
    acme.executive.user.is_active = acme.manager.is_active = True
    acme.executive.user.save()
    acme.manager.save()
    for member in (acme.manager, acme.executive):
        assert room.open(knock(member.user), kind) == 200
    assert room.seen == [("acme", acme.org.pk, True)] * 2
    assert current_organization_id() is None


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("permission", Permission)
def test_the_door_asks_for_the_permission_it_names(acme: Cast, permission: Permission) -> None:
    door = org_view(permission)(lambda request: HttpResponse())
    for member in acme.everyone:
        if permission in grants(member.role, is_admin=member.is_admin):
            assert door(knock(member.user), org="acme").status_code == 200
        else:
            with pytest.raises(PermissionDenied):
                door(knock(member.user), org="acme")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_action_of_an_api_class_without_a_permission_is_closed(acme: Cast) -> None:
    class Rooms(OrgViewSet):
        policy: ClassVar = {"retrieve": Permission.HOME_VIEW}

        def list(self, request: Any, org: str) -> Response:
            raise AssertionError

    assert Rooms.as_view({"get": "list"})(knock(acme.executive.user), org="acme").status_code == 403


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_door_closes_behind_a_page_that_breaks(acme: Cast) -> None:
    @org_view(Permission.HOME_VIEW)
    def breaks(request: OrgRequest) -> HttpResponse:
        Team.objects.filter(pk=acme.team.pk).update(name="Half done")
        raise ValueError

    with pytest.raises(ValueError):
        breaks(knock(acme.rep.user), org="acme")
    assert current_organization_id() is None
    with reading(acme.org):
        assert Team.objects.get(pk=acme.team.pk).name == "North"
