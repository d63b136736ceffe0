"""Whose rows each role sees, for every table that asks: own, the team's subtree, all, or what was given."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps

from accounts import actions as accounts_actions
from accounts.models import Account, Contact
from activities import actions as activities_actions
from activities.kinds import Kind, Origin, Result
from activities.models import NextAction, Visit
from coaching.models import CoachingSession, Review
from exchange.models import Import
from forecasting import periods
from forecasting.models import Alert, Target
from funnel import actions as funnel_actions
from funnel.models import Approval, Commitment, InformationGap, Lead, Opportunity, PlanPart
from jobs.models import Job, Notification, StoredFile
from tenants.models import Membership, TenantModel
from tenants.scoping import working_for
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db

OWNERS = ("rep", "rep2", "manager", "partner")
"""Rep, rep2 and manager sit in North, the partner in South."""

BY_OWNER = {
    "rep": {"rep"},
    "rep2": {"rep2"},
    "manager": {"rep", "rep2", "manager"},
    "executive": set(OWNERS),
    "partner": {"partner"},
    "colleague": set(),
    "admin": set(),
}
ONLY_OWN = {**{name: {name} & set(OWNERS) for name in BY_OWNER}}
OWN_OR_ALL = {**ONLY_OWN, "executive": set(OWNERS)}


def account(owner: Membership) -> Account:
    return accounts_actions.create_account(name=f"Customer of {owner.name}", owner=owner, by=owner, at=AT)


def opportunity(owner: Membership) -> Opportunity:
    return funnel_actions.open_opportunity(
        account(owner), name=f"Deal of {owner.name}", owner=owner, by=owner, at=AT, amount=100
    )


def lead(owner: Membership) -> Lead:
    return funnel_actions.record_lead(owner=owner, by=owner, at=AT, company=f"Lead of {owner.name}")


def contact(owner: Membership) -> Contact:
    return accounts_actions.create_contact(account(owner), name="王小明", by=owner, at=AT)


def visit(owner: Membership) -> Visit:
    return activities_actions.log_visit(
        account(owner), by=owner, at=AT, happened_at=AT, kind=Kind.VISIT, result=Result.ADVANCED, request_key=uuid4()
    )


def next_action(owner: Membership) -> NextAction:
    return activities_actions.add_next_action(
        account(owner), owner=owner, text="Call", due_on=AT.date(), by=owner, at=AT, origin=Origin.VISIT
    )


def target(owner: Membership) -> Target:
    made: Target = Target.objects.create(
        owner=owner, period=periods.Kind.QUARTER, starts_on=date(2026, 1, 1), amount=1, set_by=owner, set_at=AT
    )
    return made


def alert(owner: Membership) -> Alert:
    deal = opportunity(owner)
    Alert.objects.filter(opportunity=deal).delete()  # what its opening raised
    made: Alert = Alert.objects.create(opportunity=deal, code="overdue", since=AT)
    return made


def approval(owner: Membership) -> Approval:
    made: Approval = Approval.objects.create(
        opportunity=opportunity(owner),
        kind="resource",
        what="An engineer",
        why="x",
        asked_by=owner,
        asked_at=AT,
        approver=owner,
    )
    return made


def commitment(owner: Membership) -> Commitment:
    made: Commitment = Commitment.objects.create(
        opportunity=opportunity(owner), kind="procedure", on=AT.date(), what="x", note="x", by=owner, at=AT
    )
    return made


def part(owner: Membership) -> PlanPart:
    made: PlanPart = PlanPart.objects.create(opportunity=opportunity(owner), member=owner, text="x")
    return made


def gap(owner: Membership) -> InformationGap:
    made: InformationGap = InformationGap.objects.create(
        opportunity=opportunity(owner), text="x", created_at=AT, updated_at=AT
    )
    return made


def session(owner: Membership) -> CoachingSession:
    deal = opportunity(owner)
    coach = Membership.objects.get(organization_id=owner.organization_id, user__email__startswith="admin@")
    made: CoachingSession = CoachingSession.objects.create(
        opportunity=deal, rep=owner, coach=coach, held_at=AT, stage=deal.stage, agreed="x"
    )
    return made


def review(owner: Membership) -> Review:
    made: Review = Review.objects.create(leader=owner, started_at=AT)
    return made


def job(owner: Membership) -> Job:
    made: Job = Job.objects.create(kind="x", by=owner, created_at=AT)
    return made


def stored_file(owner: Membership) -> StoredFile:
    made: StoredFile = StoredFile.objects.create(
        name="x", content_type="text/csv", size=1, sha256="0" * 64, content=b"x", by=owner, at=AT
    )
    return made


def notification(owner: Membership) -> Notification:
    made: Notification = Notification.objects.create(to=owner, code="x", unique_key=str(uuid4()), at=AT)
    return made


def imported(owner: Membership) -> Import:
    made: Import = Import.objects.create(
        by=owner, file=stored_file(owner), file_name="x", target="accounts", created_at=AT
    )
    return made


Maker = Callable[[Membership], TenantModel]
MATRIX: dict[type[TenantModel], tuple[Maker, dict[str, set[str]]]] = {
    Account: (account, BY_OWNER),
    Contact: (contact, BY_OWNER),
    Opportunity: (opportunity, BY_OWNER),
    Lead: (lead, BY_OWNER),
    Visit: (visit, BY_OWNER),
    NextAction: (next_action, BY_OWNER),
    Target: (target, BY_OWNER),
    Alert: (alert, BY_OWNER),
    Approval: (approval, BY_OWNER),
    Commitment: (commitment, BY_OWNER),
    PlanPart: (part, BY_OWNER),
    InformationGap: (gap, BY_OWNER),
    CoachingSession: (session, {**BY_OWNER, "admin": set(OWNERS)}),  # the coach of these
    Review: (review, BY_OWNER),
    Import: (imported, OWN_OR_ALL),
    Job: (job, ONLY_OWN),
    StoredFile: (stored_file, ONLY_OWN),
    Notification: (notification, ONLY_OWN),
}


@pytest.mark.parametrize("model", MATRIX, ids=lambda model: model.__name__)
def test_whose_rows_each_role_sees(acme: Cast, model: type[TenantModel]) -> None:
    make, expected = MATRIX[model]
    with working_for(acme.org):
        rows = {make(getattr(acme, owner)).pk: owner for owner in OWNERS}
        seen = {
            who: {rows[pk] for pk in model.objects.visible_to(getattr(acme, who)).values_list("pk", flat=True)}
            for who in expected
        }
    assert seen == expected


def test_every_table_that_asks_stands_in_the_matrix() -> None:
    asking = {
        model
        for model in apps.get_models()
        if issubclass(model, TenantModel) and hasattr(model._default_manager, "visible_to")
    }
    assert asking == set(MATRIX)


@pytest.mark.parametrize("who", ["colleague", "partner"])
def test_who_works_with_a_customer_sees_it_and_its_people_but_not_its_deals(acme: Cast, who: str) -> None:
    helper: Membership = getattr(acme, who)
    with working_for(acme.org):
        deal = opportunity(acme.rep)
        person = accounts_actions.create_contact(deal.account, name="王小明", by=acme.rep, at=AT)
        accounts_actions.add_member(deal.account, helper, by=acme.rep, at=AT)
        assert list(Account.objects.visible_to(helper)) == [deal.account]
        assert list(Contact.objects.visible_to(helper)) == [person]
        assert not Opportunity.objects.visible_to(helper).exists()
        assert not Account.objects.visible_to(acme.rep2).exists()


def test_who_is_on_a_sales_team_sees_the_deal_and_its_visits(acme: Cast) -> None:
    with working_for(acme.org):
        deal = opportunity(acme.rep)
        facts: dict[str, Any] = {"happened_at": AT, "kind": Kind.VISIT, "result": Result.ADVANCED}
        met = activities_actions.log_visit(
            deal.account, by=acme.rep, at=AT, opportunity=deal, request_key=uuid4(), **facts
        )
        funnel_actions.add_member(deal, member=acme.partner, part="", by=acme.rep, at=AT)
        assert list(Opportunity.objects.visible_to(acme.partner)) == [deal]
        assert list(Visit.objects.visible_to(acme.partner)) == [met]
        assert not Opportunity.objects.visible_to(acme.rep2).exists()


def test_a_manager_without_a_team_sees_only_their_own(acme: Cast) -> None:
    Membership.objects.filter(pk=acme.manager.pk).update(team=None)
    manager = Membership.objects.get(pk=acme.manager.pk)
    with working_for(acme.org):
        own = account(manager)
        account(acme.rep)
        assert list(Account.objects.visible_to(manager)) == [own]
