"""Every address has a door, and every door asks for a sign-in."""

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path

from tenants.api import OrgViewSet
from tenants.permissions import ADMIN_GRANTS, GRANTS, Permission, Role, grants
from tenants.web import open_view, org_view
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
LEADS = {P.REVIEW_RUN, P.COACHING_RUN, P.TARGET_EDIT, P.IMPORT_RUN, P.PRODUCT_EDIT}
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
