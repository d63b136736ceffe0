"""The sales team and its plan on the pages."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from funnel import actions, queries
from funnel.bulk import BulkKind, Choice, Fate
from funnel.commitment import CommitmentKind
from funnel.models import Opportunity, OpportunityMember, PlanPart
from tenants.errors import Refused
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, make_account, make_opportunity
from tests.funnel.teams import DUE, HTMX, Login, give, now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def test_the_team_on_the_pages(acme: Cast, deal: Opportunity, company: Account, login: Login) -> None:
    rep, one = login(acme.rep), f"/o/acme/funnel/{deal.pk}/"
    assert b"Reseller" in rep.get(f"{one}members/", **HTMX).content
    both = {"member": acme.colleague.pk, "partner": company.pk, "part": "x"}
    assert rep.post(f"{one}members/", both, **HTMX).status_code == 422
    assert rep.post(f"{one}members/", {"part": "x"}, **HTMX).status_code == 422
    answer = rep.post(f"{one}members/", {"member": acme.colleague.pk, "part": "<b>Terms</b>", "due_on": DUE}, **HTMX)
    assert (answer.status_code, "team-changed" in answer["HX-Trigger-After-Swap"]) == (200, True)
    assert rep.post(f"{one}members/", {"partner": company.pk}, **HTMX).status_code == 200
    panel = rep.get(f"{one}team/", **HTMX).content.decode()
    assert "&lt;b&gt;Terms&lt;/b&gt;" in panel
    assert "Reseller" in panel
    who = f"p{company.pk}"
    for _twice in range(2):
        key = uuid.UUID(int=7)
        assert (
            rep.post(f"{one}parts/new/", {"text": "Cable", "who": who, "request_key": key}, **HTMX).status_code == 200
        )
    part = PlanPart.objects.get(text="Cable")
    edit = f"/o/acme/funnel/parts/{part.pk}/"
    assert rep.post(edit, {"text": "Cables", "who": who, "version": 1}, **HTMX).status_code == 200
    answer = rep.post(edit, {"text": "Wires", "who": who, "version": 1}, **HTMX)
    assert (answer.status_code, b"Cables" in answer.content) == (409, True)
    assert rep.post(edit, {"text": "", "who": who, "version": 2}, **HTMX).status_code == 422
    assert rep.post(edit, {"text": "Pipes", "who": who, "version": 2})["Location"] == one
    assert rep.post(f"{edit}drop/", {"version": 1}, **HTMX).status_code == 409
    assert rep.post(f"{edit}drop/", {"version": 3}, **HTMX).status_code == 200
    helper = OpportunityMember.objects.get(partner=company)
    assert rep.post(f"{one}members/{helper.pk}/remove/").status_code == 303
    other = make_opportunity(acme.rep, "Other", account=make_account(acme.rep, "Other"))
    mine = OpportunityMember.objects.get(member=acme.colleague)
    assert rep.post(f"/o/acme/funnel/{other.pk}/members/{mine.pk}/remove/").status_code == 404


@pytest.mark.parametrize("who", ["colleague", "partner", "rep2"])
def test_helpers_of_each_role_see_what_they_owe_on_the_today_page_and_do_it(
    acme: Cast, deal: Opportunity, login: Login, who: str
) -> None:
    helper: Membership = getattr(acme, who)
    part, client = give(deal, helper), login(helper)
    today = client.get("/o/acme/today/").content.decode()
    assert "funnel/parts/today/" in today
    assert "Nothing is asked of you here" not in today
    assert b"Send the terms" in client.get("/o/acme/funnel/parts/today/", **HTMX).content
    assert client.get(f"/o/acme/funnel/{deal.pk}/team/").status_code == 200
    assert client.post(f"/o/acme/funnel/parts/{part.pk}/done/", {"done": "1"}, **HTMX).status_code == 200
    assert client.get("/o/acme/funnel/parts/today/", **HTMX).content.strip() == b""
    nothing = "Nothing is asked of you here" in client.get("/o/acme/today/").content.decode()
    assert nothing is (who == "colleague")
    assert client.post(f"/o/acme/funnel/parts/{part.pk}/done/", {"done": "0"}).status_code == 303
    theirs = give(deal, acme.manager, "Call their head")
    assert client.post(f"/o/acme/funnel/parts/{theirs.pk}/done/", {"done": "1"}, **HTMX).status_code == 422
    if who == "colleague":
        assert client.get(f"/o/acme/funnel/parts/{part.pk}/").status_code == 403


def test_the_stranger_meets_no_team(acme: Cast, globex: Cast, deal: Opportunity, login: Login) -> None:
    with working_for(globex.org):
        theirs = make_opportunity(globex.rep)
        part, helper = give(theirs, globex.colleague), OpportunityMember.objects.get(opportunity=theirs)
    client, one = login(acme.rep), f"/o/acme/funnel/{deal.pk}/"
    assert client.get(f"/o/acme/funnel/{theirs.pk}/team/").status_code == 404
    assert client.post(f"{one}members/{helper.pk}/remove/").status_code == 404
    for path in ("", "done/", "drop/"):
        assert client.post(f"/o/acme/funnel/parts/{part.pk}/{path}", {"done": "1"}).status_code == 404
    assert client.post(f"{one}members/", {"member": globex.colleague.pk}, **HTMX).status_code == 422
    assert client.post(f"{one}parts/new/", {"text": "x", "who": f"m{globex.colleague.pk}"}, **HTMX).status_code == 422
    with working_for(globex.org):
        assert now(part).done_at is None


def test_the_panel_costs_the_same_for_one_part_and_thirty(acme: Cast, deal: Opportunity, login: Login) -> None:

    client, url = login(acme.rep), f"/o/acme/funnel/{deal.pk}/team/"
    give(deal, acme.colleague)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    for member in (acme.partner, acme.rep2, acme.manager, acme.admin):
        for number in range(7):
            give(deal, member, f"Part {number}")
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(one) <= 15


def test_a_helper_does_their_part_and_the_owner_decides(acme: Cast, login: Login, deal: Opportunity) -> None:
    actions.add_member(deal, member=acme.partner, by=acme.rep, at=AT)
    seen: dict[str, Any] = {"seen": deal.version, "at": AT + DAY}
    by = acme.partner
    promise = actions.record_commitment(
        deal, CommitmentKind.PROCEDURE, on=AT.date(), what="Chosen", note="Minutes", by=by, at=AT
    )
    for decide in (
        lambda: actions.change_opportunity(deal, owner=by, by=by, **seen),
        lambda: actions.change_opportunity(deal, amount=1, by=by, **seen),
        lambda: actions.give_discount(deal, Decimal(1), by=by, **seen),
        lambda: actions.win(deal, by=by, **seen),
        lambda: actions.lose(deal, reason="price", by=by, **seen),
        lambda: actions.abandon(deal, reason="timing", by=by, **seen),
        lambda: actions.withdraw_commitment(promise, why="No", by=by, at=AT),
    ):
        with pytest.raises(Refused, match="owner_decides"):
            decide()
    page = f"/o/{acme.org.slug}/funnel/{deal.pk}/"
    helps, owns = (login(each).get(page).content.decode() for each in (by, acme.rep))
    for button in ("opportunity-edit", "opportunity-close", "opportunity-discount", "to-stage-7"):
        assert (f'id="{button}"' in helps, f'id="{button}"' in owns) == (False, True), button
    assert 'id="to-stage-2"' in helps
    typed = {"name": "Mine", "owner": by.pk, "amount": "5", "version": deal.version}
    assert login(by).post(f"{page}edit/", typed).status_code == 422
    bulk = actions.draw_up(BulkKind.OWNER, by.pk, [deal.pk], request_key=uuid.uuid4(), by=by, at=AT)
    plan = queries.plan(bulk, by, queries.stage_table(), today=AT.date())
    assert plan.counts == {Fate.REFUSED: 1}
    assert actions.carry_out(bulk, Choice(), by=by, at=AT).outcome[str(deal.pk)]["code"] == "owner_decides"
    deal.refresh_from_db()
    assert (deal.owner, deal.status) == (acme.rep, "open")
    gone = actions.abandon(deal, reason="timing", by=acme.manager, **seen)
    with pytest.raises(Refused, match="owner_decides"):
        actions.reopen(gone, seen=gone.version, why="Again", by=by, at=AT + DAY)
    assert actions.reopen(gone, seen=gone.version, why="Again", by=acme.rep, at=AT + 2 * DAY).status == "open"
