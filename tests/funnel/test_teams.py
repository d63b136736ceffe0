"""The sales team and its joint plan: who sees what, who does what, who hears of it."""

import html
import json
import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions as accounts_actions
from accounts import queries as accounts_queries
from accounts.models import Account
from accounts.segments import Kind
from activities import actions as activities
from activities.kinds import Kind as VisitKind
from activities.kinds import Result
from activities.models import Visit
from funnel import actions, queries
from funnel.bulk import BulkKind, Choice, Fate
from funnel.commitment import CommitmentKind
from funnel.filters import Filters
from funnel.models import Change, Opportunity, OpportunityMember, PlanPart
from funnel.plans import Doer, check_part, may_finish
from jobs.models import Notification
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, make_account, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
Login = Callable[[Membership], Client]
HTMX: Any = {"HTTP_HX_REQUEST": "true"}
DUE = date(2026, 1, 20)


@pytest.fixture
def deal(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep)


@pytest.fixture
def company(acme: Cast) -> Account:
    """A partner company that does not sign in."""
    facts: dict[str, Any] = {"kind": Kind.CHANNEL_PARTNER}
    made: Account = accounts_actions.create_account(name="Reseller", owner=acme.rep, by=acme.rep, at=AT, **facts)
    return made


def give(deal: Opportunity, to: Membership, text: str = "Send the terms", **more: Any) -> PlanPart:
    """Put someone on the team with a part."""
    actions.add_member(deal, member=to, by=deal.owner, at=AT)
    return actions.add_part(deal, text=text, doer=Doer(member=to.pk), by=deal.owner, at=AT, **more)


def now(part: PlanPart) -> PlanPart:
    found: PlanPart = PlanPart.objects.get(pk=part.pk)
    return found


# The rule -----------------------------------------------------------------------------------------

TEAM = [Doer(member=1), Doer(member=2), Doer(partner=3)]


@pytest.mark.parametrize(
    ("text", "doer", "code"),
    [
        (" ", Doer(member=1), "part_empty"),
        ("x" * 201, Doer(member=1), "part_too_long"),
        ("x", Doer(member=3), "not_on_team"),
        ("x", Doer(partner=1), "not_on_team"),
        ("x", Doer(), "not_on_team"),
    ],
)
def test_a_part_needs_words_and_somebody_on_the_team(text: str, doer: Doer, code: str) -> None:
    assert check_part(" x ", Doer(partner=3), TEAM) == "x"
    with pytest.raises(Refused, match=code):
        check_part(text, doer, TEAM)


@pytest.mark.parametrize(
    ("doer", "by", "may_edit", "expected"),
    [
        (Doer(member=2), 2, False, True),
        (Doer(member=2), 1, False, True),
        (Doer(member=2), 4, True, False),
        (Doer(partner=3), 4, True, True),
        (Doer(partner=3), 4, False, False),
        (Doer(partner=3), 3, False, False),
    ],
)
def test_who_says_that_a_part_is_done(doer: Doer, by: int, may_edit: bool, expected: bool) -> None:
    assert may_finish(doer, by=by, owner=1, may_edit=may_edit) is expected


# The team -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["rep2", "colleague", "partner", "admin"])
def test_whoever_helps_sees_it_in_every_list_total_and_search_and_hears_of_it(
    acme: Cast, deal: Opportunity, who: str
) -> None:
    helper: Membership = getattr(acme, who)
    activities.log_visit(
        deal.account, by=acme.rep, at=AT, happened_at=AT, kind=VisitKind.VISIT, result=Result.ADVANCED, note="x",
        opportunity=deal, contacts=[],
    )  # fmt: skip

    def sees() -> list[bool]:
        filters = Filters()
        return [
            queries.visible(helper).filter(pk=deal.pk).exists(),
            bool(queries.board(helper, filters, today=AT.date()).columns[0].cards),
            queries.totals(queries.listed(helper, filters, today=AT.date()), queries.stage_table()).count == 1,
            bool(accounts_queries.search(helper, "energy")),
            Visit.objects.visible_to(helper).exists(),
        ]

    assert sees() == [False] * 5
    actions.add_member(deal, member=helper, part="Terms", by=acme.rep, at=AT)
    assert sees() == [True] * 5
    told = Notification.objects.get(to=helper)
    assert (told.code, told.url) == ("team_joined", f"/o/acme/funnel/{deal.pk}/")
    assert "Rep Acme" in told.text
    assert "Terms" in told.text


def test_joining_twice_counts_once(acme: Cast, deal: Opportunity, company: Account) -> None:
    for _twice in range(2):
        actions.add_member(deal, member=acme.colleague, part="Terms", due_on=DUE, by=acme.rep, at=AT)
        actions.add_partner(deal, partner=company, part="Install it", by=acme.rep, at=AT)
    assert OpportunityMember.objects.count() == PlanPart.objects.count() == 2
    assert Notification.objects.count() == 1
    assert AuditEvent.objects.filter(verb="opportunity.member_added").count() == 2
    with pytest.raises(Refused, match="not_a_partner"):
        actions.add_partner(deal, partner=deal.account, by=acme.rep, at=AT)


def test_what_a_leaver_had_to_do_falls_to_the_owner(acme: Cast, deal: Opportunity) -> None:
    part, done = give(deal, acme.colleague), give(deal, acme.colleague, "Read the tender")
    actions.finish_part(done, by=acme.colleague, at=AT)
    helper = OpportunityMember.objects.get(member=acme.colleague)
    actions.remove_helper(helper, by=acme.rep, at=AT)
    actions.remove_helper(helper, by=acme.rep, at=AT)
    assert (now(part).member, now(done).member) == (acme.rep, acme.colleague)
    assert not queries.visible(acme.colleague).exists()
    assert queries.parts_owed(acme.colleague) == []


def test_a_new_owner_has_what_the_old_one_had_to_do_and_helps_no_more(acme: Cast, deal: Opportunity) -> None:
    part = actions.add_part(deal, text="Call", doer=Doer(member=acme.rep.pk), by=acme.rep, at=AT)
    theirs = give(deal, acme.rep2)
    actions.change_opportunity(deal, seen=deal.version, owner=acme.rep2, by=acme.manager, at=AT)
    assert now(part).member == now(theirs).member == acme.rep2
    assert not OpportunityMember.objects.exists()
    assert [row.pk for row in queries.parts_owed(acme.rep2)] == [part.pk, theirs.pk]


# The plan -----------------------------------------------------------------------------------------


def test_a_part_is_given_changed_and_done_and_each_step_recorded(acme: Cast, deal: Opportunity) -> None:
    part = give(deal, acme.colleague, due_on=DUE)
    assert [told.code for told in Notification.objects.filter(to=acme.colleague)] == ["part_given", "team_joined"]
    with pytest.raises(Refused, match="not_on_team"):
        actions.add_part(deal, text="x", doer=Doer(member=acme.partner.pk), by=acme.rep, at=AT)
    same: dict[str, Any] = {"text": part.text, "doer": Doer(member=acme.colleague.pk), "due_on": DUE}
    assert actions.change_part(part, seen=1, by=acme.rep, at=AT, **same).version == 1
    mine = {**same, "doer": Doer(member=acme.rep.pk), "due_on": None}
    changed = actions.change_part(part, seen=1, by=acme.manager, at=AT, **mine)
    assert (changed.member, changed.due_on, changed.version) == (acme.rep, None, 2)
    assert Notification.objects.filter(to=acme.rep, code="part_given").count() == 1
    with pytest.raises(Stale) as stale:
        actions.change_part(part, seen=1, by=acme.rep, at=AT, **same)
    assert stale.value.theirs["who"] == "Rep Acme"
    actions.finish_part(part, by=acme.rep, at=AT)
    with pytest.raises(Refused, match="part_done"):
        actions.change_part(part, seen=3, by=acme.rep, at=AT, **same)
    verbs = AuditEvent.objects.filter(verb__startswith="plan_part.").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["plan_part.added", "plan_part.changed", "plan_part.done"]


def test_a_part_done_twice_counts_once_and_can_be_taken_up_again(acme: Cast, deal: Opportunity) -> None:
    part = give(deal, acme.colleague)
    for _twice in range(2):
        actions.finish_part(part, by=acme.colleague, at=AT + DAY)
    assert (now(part).done_at, now(part).done_by) == (AT + DAY, acme.colleague)
    assert Notification.objects.filter(to=acme.rep, code="part_done").count() == 1
    actions.add_member(deal, member=acme.admin, by=acme.rep, at=AT)
    with pytest.raises(Refused, match="not_your_part"):
        actions.resume_part(part, by=acme.admin, at=AT)
    with pytest.raises(Opportunity.DoesNotExist):
        actions.resume_part(part, by=acme.rep2, at=AT)
    for _twice in range(2):
        actions.resume_part(part, by=acme.rep, at=AT)
    assert (now(part).done_at, now(part).version) == (None, 3)
    assert AuditEvent.objects.filter(verb__in=["plan_part.done", "plan_part.resumed"]).count() == 2


def test_the_same_request_adds_once_and_nothing_is_added_to_what_has_ended(acme: Cast, deal: Opportunity) -> None:
    key = uuid.uuid4()
    assert give(deal, acme.colleague, request_key=key) == give(deal, acme.colleague, request_key=key)
    actions.abandon(deal, seen=deal.version, reason="timing", note="", by=acme.rep, at=AT + DAY)
    with pytest.raises(Refused, match="closed"):
        give(deal, acme.colleague)
    with pytest.raises(Refused, match="closed"):
        actions.add_member(deal, member=acme.rep2, by=acme.rep, at=AT + DAY)
    with pytest.raises(Refused, match="closed"):
        actions.add_partner(deal, partner=deal.account, by=acme.rep, at=AT + DAY)
    assert queries.parts_owed(acme.colleague) == []


def test_a_part_is_taken_out_unless_it_changed(acme: Cast, deal: Opportunity) -> None:
    part = give(deal, acme.colleague)
    actions.finish_part(part, by=acme.colleague, at=AT)
    with pytest.raises(Stale):
        actions.drop_part(part, seen=1, by=acme.rep, at=AT)
    actions.drop_part(part, seen=2, by=acme.rep, at=AT)
    assert not PlanPart.objects.exists()
    assert AuditEvent.objects.get(verb="plan_part.dropped").data["part"] == "Send the terms"


def test_the_plan_reads_by_day_and_what_is_done_last(acme: Cast, deal: Opportunity) -> None:
    late, never, soon, done = (
        give(deal, acme.colleague, text, due_on=due)
        for text, due in (("late", DUE + DAY), ("never", None), ("soon", DUE), ("done", DUE - timedelta(days=9)))
    )
    actions.finish_part(done, by=acme.colleague, at=AT)
    team = queries.sales_team(deal, acme.colleague)
    assert [planned.part for planned in team.plan] == [soon, late, never, done]
    assert (team.done, all(planned.may_finish for planned in team.plan)) == (1, True)
    assert not any(planned.may_finish for planned in queries.sales_team(deal, acme.executive).plan)
    assert queries.parts_owed(acme.colleague) == [soon, late, never]


# The pages ----------------------------------------------------------------------------------------


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


# Back to whom it was taken from ------------------------------------------------------------------


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
