"""The pages of approvals: asking, deciding, taking back, what waits for whom."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from funnel import actions
from funnel.approvals import (
    ApprovalKind,
    Demand,
)
from funnel.models import Approval
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.asking import DISCOUNT, OVERRIDE, Login, ask, now
from tests.funnel.factories import make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
HTMX: Any = {"HTTP_HX_REQUEST": "true"}


def test_asking_and_deciding_on_the_pages(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    rep, manager = login(acme.rep), login(acme.manager)
    new = f"/o/acme/funnel/{deal.pk}/approvals/new/resource/"
    assert b"What do you need?" in rep.get(new, **HTMX).content
    assert rep.post(new, {"what": "", "why": "x"}, **HTMX).status_code == 422
    key = uuid.uuid4()
    for _twice in range(2):
        answer = rep.post(new, {"what": "A <b>lab</b>", "why": "To prove it", "request_key": key}, **HTMX)
        assert (answer.status_code, "approvals-changed" in answer["HX-Trigger-After-Swap"]) == (200, True)
    made = Approval.objects.get()
    panel = rep.get(f"/o/acme/funnel/{deal.pk}/approvals/", **HTMX).content.decode()
    assert "A &lt;b&gt;lab&lt;/b&gt;" in panel
    assert "Take it back" in panel
    assert "Grant" not in panel
    today = manager.get("/o/acme/funnel/approvals/today/", **HTMX).content.decode()
    assert "Grant" in today
    url = f"/o/acme/funnel/approvals/{made.pk}/decide/"
    answer = manager.post(url, {"verdict": "refused", "version": 1, "word": ""}, **HTMX)
    assert (answer.status_code, "Say in a word why not." in answer.content.decode()) == (422, True)
    answer = manager.post(url, {"verdict": "refused", "version": 1, "word": "Next quarter"}, **HTMX)
    assert (answer.status_code, "Next quarter" in answer.content.decode()) == (200, True)
    answer = manager.post(url, {"verdict": "granted", "version": 1, "word": "Yes"}, **HTMX)
    assert answer.status_code == 409
    assert "Next quarter" in answer.content.decode()
    assert manager.get("/o/acme/funnel/approvals/today/", **HTMX).content.strip() == b""


def test_the_dialog_names_who_will_decide(acme: Cast, login: Login) -> None:
    deal, manager, chief = make_opportunity(acme.rep), acme.manager.name, acme.executive.name

    def says(by: Membership, kind: str, words: str) -> bool:
        return words in login(by).get(f"/o/acme/funnel/{deal.pk}/approvals/new/{kind}/", **HTMX).content.decode()

    split = f"{manager} decides up to 15%, {chief} above that"
    for kind in ApprovalKind:
        assert says(acme.rep, kind, split) is (kind == ApprovalKind.DISCOUNT)
        assert says(acme.rep, kind, f"{manager} decides, and is told now.") is (kind != ApprovalKind.DISCOUNT)
        assert says(acme.manager, kind, f"{chief} decides, and is told now."), "nobody decides in their own cause"
    for percent, name in ((15, acme.manager), (16, acme.executive)):
        demand = Demand(ApprovalKind.DISCOUNT, percent=Decimal(percent))
        made = ask(deal, demand)
        assert made.approver == name, "as the dialog said"
        actions.withdraw(made, seen=1, by=acme.rep, at=AT)
    Membership.objects.filter(pk=acme.executive.pk).update(is_active=False)
    assert says(acme.rep, "discount", "above that nobody can")
    Membership.objects.filter(pk=acme.manager.pk).update(is_active=False)
    assert says(acme.rep, "discount", "nobody above who may decide")


def test_an_exception_offers_the_stage_it_is_asked_for(acme: Cast, login: Login) -> None:
    deal, rep = make_opportunity(acme.rep), login(acme.rep)
    url = f"/o/acme/funnel/{deal.pk}/approvals/new/override/"
    assert '<option value="5" selected>' in rep.get(f"{url}?stage=5").content.decode()
    answer = rep.post(url, {"stage": 5, "until": "2001-01-01", "why": "so"}, **HTMX)
    assert (answer.status_code, "Choose today or a later day" in answer.content.decode()) == (422, True)
    assert rep.get(f"/o/acme/funnel/{deal.pk}/approvals/new/lunch/").status_code == 404


def test_the_list_is_narrowed_by_whose_where_it_stands_and_kind(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    waits, granted = ask(deal), ask(deal, OVERRIDE)
    theirs = ask(make_opportunity(acme.partner, "p"), DISCOUNT)
    actions.grant(granted, seen=1, by=acme.executive, at=AT)

    def found(by: Membership, **query: str) -> set[int]:
        page = login(by).get("/o/acme/funnel/approvals/", query)
        return {each.approval.pk for each in page.context["requests"]}

    assert found(acme.rep) == {waits.pk, granted.pk}
    assert found(acme.executive) == {waits.pk, granted.pk, theirs.pk}
    assert found(acme.executive, scope="for_me") == {granted.pk, theirs.pk}
    assert found(acme.manager, scope="for_me", standing="waiting") == {waits.pk}
    assert found(acme.manager, standing="decided") == {granted.pk}
    assert found(acme.executive, kind="discount", scope="nonsense") == {theirs.pk}
    assert found(acme.rep, scope="mine") == {waits.pk, granted.pk}
    assert found(acme.manager, scope="mine") == set()
    assert found(acme.colleague) == set()
    assert b"Nothing like this was asked" in login(acme.manager).get("/o/acme/funnel/approvals/?scope=mine").content


def test_lists_cost_the_same_for_one_request_and_thirty(acme: Cast, login: Login) -> None:
    deal, client = make_opportunity(acme.rep), login(acme.manager)
    urls = ["/o/acme/funnel/approvals/", "/o/acme/funnel/approvals/today/", f"/o/acme/funnel/{deal.pk}/approvals/"]
    ask(deal, OVERRIDE)

    def costs() -> list[int]:
        counts = []
        for url in urls:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(url).status_code == 200
            counts.append(len(asked))
        return counts

    costs()
    one = costs()
    for _more in range(29):
        ask(deal)
    assert costs() == one
    assert max(one) <= 15


def test_taking_back_on_the_page(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    made = ask(deal)
    actions.add_member(deal, member=acme.rep2, part="", by=acme.rep, at=AT)
    url = f"/o/acme/funnel/approvals/{made.pk}/withdraw/"
    assert login(acme.rep2).post(url, {"version": 1}, **HTMX).status_code == 422
    assert login(acme.rep).post(url, {"version": 1}).status_code == 303
    assert now(made).state == "withdrawn"
    assert login(acme.rep).post(url, {"version": 1}).status_code == 303
    assert login(acme.rep2).post(url, {"version": 1}, **HTMX).status_code == 409


def test_the_stranger_meets_nothing(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        theirs = ask(make_opportunity(globex.rep))
    client = login(acme.manager)
    for url in (f"approvals/{theirs.pk}/", f"{theirs.opportunity_id}/approvals/"):
        assert client.get(f"/o/acme/funnel/{url}").status_code == 404
    for url in (f"approvals/{theirs.pk}/decide/", f"approvals/{theirs.pk}/withdraw/"):
        assert client.post(f"/o/acme/funnel/{url}", {"verdict": "granted", "version": 1}).status_code == 404
    answer = client.post(f"/o/acme/funnel/{theirs.opportunity_id}/approvals/new/resource/", {"what": "x", "why": "y"})
    assert answer.status_code == 404
    with working_for(globex.org):
        assert now(theirs).state == "asked"
