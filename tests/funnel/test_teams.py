"""The sales team of an opportunity and its plan: who is on it, who owes what, who says that it is done."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from accounts import queries as accounts_queries
from accounts.models import Account
from activities import actions as activities
from activities.kinds import Kind as VisitKind
from activities.kinds import Result
from activities.models import Visit
from funnel import actions, queries
from funnel.filters import Filters
from funnel.models import Opportunity, OpportunityMember, PlanPart
from funnel.plans import Doer, check_part, may_finish
from jobs.models import Notification
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tests.cast import AT, Cast
from tests.funnel.factories import DAY
from tests.funnel.teams import DUE, give, now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
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
