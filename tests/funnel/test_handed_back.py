"""An opportunity goes back to whom it was taken from, with the team and the plan as they were."""

import html
import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from funnel import actions
from funnel.bulk import BulkKind, Choice, Fate
from funnel.models import Change, Opportunity, OpportunityMember, PlanPart
from funnel.plans import Doer
from tenants.errors import Refused
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, make_opportunity
from tests.funnel.teams import HTMX, Login

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def standing(deal: Opportunity) -> tuple[int, list[int | None], dict[str, int | None]]:
    """Return the owner, who helps, and whose each part is."""
    helpers = OpportunityMember.objects.filter(opportunity=deal).order_by("member_id").values_list("member_id")
    parts = PlanPart.objects.filter(opportunity=deal).values_list("text", "member_id")
    return Opportunity.objects.get(pk=deal.pk).owner_id, [pk for (pk,) in helpers], dict(parts)


def with_a_plan(acme: Cast, *, helps: bool) -> tuple[Opportunity, Any]:
    """Return an opportunity with a plan, in which the second rep helps or not, and how its team stands."""
    deal = make_opportunity(acme.rep, at=timezone.now() - DAY)
    for member in [acme.partner, *([acme.rep2] if helps else [])]:
        actions.add_member(deal, member=member, part=f"of {member.name}", by=acme.rep, at=AT)
    for text in ("the owner's own", "the owner's second"):
        actions.add_part(deal, text=text, doer=Doer(member=acme.rep.pk), by=acme.rep, at=AT)
    return deal, standing(deal)


@pytest.mark.parametrize("helps", [True, False])
@pytest.mark.parametrize("way", ["many", "board", "edit"])
def test_an_owner_taken_back_leaves_the_team_as_it_was(acme: Cast, login: Login, way: str, helps: bool) -> None:
    deal, before = with_a_plan(acme, helps=helps)
    at, by = timezone.now(), acme.manager
    if way == "many":
        bulk = actions.draw_up(BulkKind.OWNER, acme.rep2.pk, [deal.pk], request_key=uuid.uuid4(), by=by, at=at)
        done = actions.carry_out(bulk, Choice(), by=by, at=at)
        assert standing(deal) != before
        assert actions.take_back(done, by=by, at=at).outcome[str(deal.pk)]["fate"] == Fate.UNDONE
    else:
        client, home = login(by), f"/o/acme/funnel/{deal.pk}/"
        if way == "board":
            path = f"{home}regroup/?group=owner&on=board"
            answer = client.post(path, {"to": acme.rep2.pk, "version": deal.version, "asked": 1, "why": "ill"}, **HTMX)
            undo = json.loads(answer["HX-Trigger"])["toast"]["undo_url"]
        else:
            undo = undo_after_saving(client, deal, owner=acme.rep2.pk)
        assert standing(deal) != before
        last = Change.objects.filter(opportunity=deal).latest("pk")
        assert undo.partition("?")[0] == f"/o/acme/funnel/undo/{last.pk}/"
        assert not {"own", "helped", "parts"} & {*QueryDict(undo.partition("?")[2])}, "what it restores stays here"
        assert client.post(undo, **HTMX).status_code == 200
    assert standing(deal) == before


def undo_after_saving(client: Client, deal: Opportunity, **typed: Any) -> str:
    """Save the edit page with some fields typed otherwise; return the address in the toast that takes it back."""
    home = f"/o/acme/funnel/{deal.pk}/"
    form = client.get(f"{home}edit/").context["form"]
    data = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}
    assert client.post(f"{home}edit/", {**data, **typed}).status_code == 303
    found = re.search(r'data-undo="([^"]*)"', client.get(home).content.decode())
    return html.unescape(found[1]) if found else ""


def test_saving_is_taken_back_where_the_log_tells_of_all_of_it(acme: Cast, login: Login) -> None:
    deal, _before = with_a_plan(acme, helps=False)
    client, day = login(acme.manager), (timezone.now() + timedelta(days=40)).date()
    was = (deal.expected_close_on, deal.category, deal.category_is_own, deal.push_count)
    undo = undo_after_saving(client, deal, expected_close_on=day, category="commit", why="x")
    deal.refresh_from_db()
    assert (deal.expected_close_on, deal.category, deal.category_is_own) == (day, "commit", True)
    assert client.post(undo, **HTMX)["HX-Redirect"]
    deal.refresh_from_db()
    assert (deal.expected_close_on, deal.category, deal.category_is_own, deal.push_count) == was
    for typed in ({"name": "Other", "expected_close_on": day}, {"amount": "7", "expected_close_on": day}, {}):
        assert undo_after_saving(client, deal, **typed) == "", typed
        deal.refresh_from_db()


def test_who_never_helped_keeps_no_part_and_who_joined_meanwhile_owns(acme: Cast) -> None:
    deal, before = with_a_plan(acme, helps=False)
    at, by = timezone.now(), acme.manager
    given = actions.change_opportunity(deal, seen=deal.version, owner=acme.rep2, by=by, at=at)
    actions.add_part(given, text="asked since", doer=Doer(member=acme.rep2.pk), by=by, at=at)
    actions.add_member(given, member=acme.rep, by=by, at=at)
    actions.undo(given.last_change_id, by=by, at=at)
    owner, helpers, parts = standing(deal)
    assert (owner, helpers) == before[:2]
    assert parts == {**before[2], "asked since": acme.rep.pk}


def test_a_part_done_since_keeps_the_owner_from_being_taken_back(acme: Cast) -> None:
    deal, _before = with_a_plan(acme, helps=True)
    at, by = timezone.now(), acme.manager
    given = actions.change_opportunity(deal, seen=deal.version, owner=acme.rep2, by=by, at=at)
    actions.finish_part(PlanPart.objects.get(text="the owner's own"), by=acme.rep2, at=at)
    after = standing(deal)
    with pytest.raises(Refused, match="changed_since"):
        actions.undo(given.last_change_id, by=by, at=at)
    assert standing(deal) == after, "nothing is half taken back"
