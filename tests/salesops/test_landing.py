"""Where a colleague lands, and what pages say to someone for whom there is nothing to see."""

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Membership
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


def test_a_colleague_lands_on_their_parts_and_an_admin_in_the_settings(acme: Cast, login: Login) -> None:
    assert login(acme.colleague).get("/o/acme/").headers["Location"] == "/o/acme/today/"
    assert login(acme.admin).get("/o/acme/").headers["Location"] == "/o/acme/settings/"


@pytest.mark.parametrize("who", ["admin", "colleague"])
@pytest.mark.parametrize("page", ["accounts/", "funnel/", "funnel/table/", "funnel/matrix/"])
def test_who_owns_nothing_is_told_that_it_is_not_theirs_to_see(acme: Cast, login: Login, who: str, page: str) -> None:
    shown = login(getattr(acme, who)).get(f"/o/acme/{page}").content.decode()
    assert "Nothing here is yours to see" in shown
    assert "Or import a spreadsheet" not in shown
    assert '<a class="btn" href="/o/acme/">' in shown
    mine = login(acme.executive).get(f"/o/acme/{page}").content.decode()
    assert "Nothing here is yours to see" not in mine
    assert "Or import a spreadsheet" in mine, "the board brings in a spreadsheet as the customers do"


def test_missing_proofs_do_not_say_that_everything_is_proven_to_who_may_not_see(acme: Cast, login: Login) -> None:
    path = "/o/acme/funnel/proofs/missing/"
    shown = login(acme.admin).get(path).content.decode()
    assert "Nothing here is for you" in shown
    assert "Everything claimed is proven" not in shown
    assert "Everything claimed is proven" in login(acme.rep).get(path).content.decode()


@pytest.mark.parametrize(
    "page", ["funnel/approvals/", "funnel/competitors/", "funnel/proofs/", "funnel/proofs/missing/", "forecast/alerts/"]
)
def test_a_page_that_is_empty_leads_on(acme: Cast, login: Login, page: str) -> None:
    shown = login(acme.manager).get(f"/o/acme/{page}").content.decode()
    assert '<div class="empty">' in shown
    assert '<p class="buttons centred"><a class="btn" href="/o/acme/funnel/">' in shown


@pytest.mark.parametrize("page", ["funnel/", "forecast/strip/"])
def test_the_head_of_the_board_leads_to_the_missing_proofs(acme: Cast, login: Login, page: str) -> None:
    assert "/o/acme/funnel/proofs/missing/" in login(acme.manager).get(f"/o/acme/{page}").content.decode()


def test_leads_say_that_they_are_not_theirs_to_see(acme: Cast, login: Login) -> None:
    for who, told in ((acme.colleague, True), (acme.rep, False)):
        shown = login(who).get("/o/acme/funnel/leads/").content.decode()
        assert ("Nothing here is yours to see" in shown) is told
