"""Who may open which page, and who finds nothing."""

import pytest
from django.urls import reverse
from django.utils import timezone

from funnel import actions
from funnel.models import Change, Opportunity
from tenants.scoping import working_for
from tests.cast import Cast
from tests.funnel.factories import make_opportunity
from tests.funnel.pages.places import Login, recent, url

pytestmark = pytest.mark.django_db


def doors(opportunity: Opportunity) -> list[tuple[str, str]]:
    change = Change.objects.filter(opportunity=opportunity).latest("id").pk
    one = f"{opportunity.pk}/"
    return [
        ("get", one),
        ("get", f"{one}edit/"),
        ("post", f"{one}edit/"),
        ("post", f"{one}move/"),
        ("get", f"{one}close/"),
        ("get", f"{one}close/won/"),
        ("post", f"{one}close/lost/"),
        ("post", f"{one}reopen/"),
        ("get", f"{one}evidence/budget/"),
        ("post", f"{one}evidence/budget/withdraw/"),
        ("get", f"{one}members/"),
        ("post", f"{one}members/1/remove/"),
        ("post", f"undo/{change}/"),
        ("get", f"of/{opportunity.account_id}/"),
    ]


def test_another_organization_and_another_rep_find_nothing(acme: Cast, globex: Cast, login: Login) -> None:
    opportunity = recent(acme.rep)
    for member, cast in ((globex.executive, globex), (acme.rep2, acme), (acme.partner, acme), (globex.rep, acme)):
        client = login(member)
        for method, path in doors(opportunity):
            answer = getattr(client, method)(url(cast, path), {"stage": 2, "version": 1})
            assert answer.status_code == 404, (member, path)


@pytest.mark.parametrize("path", ["99999999999999999999/", "undo/99999999999999999999/", "of/99999999999999999999/"])
def test_ids_beyond_all_bounds_find_nothing(acme: Cast, login: Login, path: str) -> None:
    client = login(acme.executive)
    assert client.post(url(acme, path)).status_code in {404, 405}
    assert client.get(url(acme, path)).status_code in {404, 405}


def test_who_may_not_is_told_so(acme: Cast, login: Login) -> None:
    opportunity = recent(acme.rep)
    assert login(acme.admin).get(url(acme, f"{opportunity.pk}/edit/")).status_code == 403
    assert login(acme.rep).get(url(acme, "stages/")).status_code == 403
    assert login(acme.rep).post(url(acme, "stages/1/items/"), {"label": "x"}).status_code == 403


def test_a_colleague_on_the_sales_team_reads_and_changes_nothing(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        shared, other = make_opportunity(acme.rep, "Shared"), make_opportunity(acme.rep, "Not theirs")
        actions.add_member(shared, member=acme.colleague, part="terms", by=acme.rep, at=timezone.now())
    client = login(acme.colleague)
    page = client.get(reverse("funnel:opportunity", args=["acme", shared.pk]))
    assert page.status_code == 200
    assert 'id="opportunity-edit"' not in page.content.decode()
    assert client.get(reverse("funnel:edit", args=["acme", shared.pk])).status_code == 403
    assert client.get(reverse("funnel:opportunity", args=["acme", other.pk])).status_code == 404
