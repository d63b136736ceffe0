"""The sales team of an opportunity, its joint plan, and what each of them owes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accounts import queries as accounts_queries
from accounts.models import Account
from accounts.segments import Kind
from funnel.models import Opportunity, OpportunityMember, PlanPart
from funnel.plans import Doer, may_finish
from tenants.models import Membership
from tenants.permissions import Permission

OWED = 30


@dataclass(frozen=True)
class Planned:
    """A part of the joint plan as a page shows it."""

    part: PlanPart
    may_finish: bool


@dataclass(frozen=True)
class SalesTeam:
    """The owner, the helpers, and the plan in order: what is to do by day, then what is done."""

    helpers: Sequence[OpportunityMember]
    plan: Sequence[Planned]

    @property
    def done(self) -> int:
        """How many parts are done."""
        return sum(planned.part.done_at is not None for planned in self.plan)


def sales_team(opportunity: Opportunity, reader: Membership) -> SalesTeam:
    """Return who helps with an opportunity, and with which parts; two queries."""
    parts = PlanPart.objects.filter(opportunity=opportunity).select_related("member__user", "partner")
    plan = sorted(parts.in_order(), key=lambda part: part.done_at is not None)
    return SalesTeam(
        list(helpers_of(opportunity)), [Planned(part, _may_finish(part, opportunity, reader)) for part in plan]
    )


def helpers_of(opportunity: Opportunity) -> QuerySet[OpportunityMember]:
    """Return the sales team besides the owner, in the order in which they joined."""
    rows = OpportunityMember.objects.filter(opportunity=opportunity).select_related("member__user", "partner")
    return cast("QuerySet[OpportunityMember]", rows.order_by("pk"))


def _may_finish(part: PlanPart, opportunity: Opportunity, reader: Membership) -> bool:
    doer, may_edit = Doer(part.member_id, part.partner_id), reader.can(Permission.FUNNEL_EDIT)
    return may_finish(doer, by=reader.pk, owner=opportunity.owner_id, may_edit=may_edit)


def parts_owed(membership: Membership) -> list[PlanPart]:
    """Return what this member has still to do for others' and own opportunities, the most urgent first."""
    rows = PlanPart.objects.visible_to(membership).owed_by(membership)
    return list(rows.select_related("opportunity__account", "opportunity__owner__user").in_order()[:OWED])


def helpers_for(opportunity: Opportunity) -> QuerySet[Membership]:
    """Return everyone who may still join the sales team."""
    known = OpportunityMember.objects.filter(opportunity=opportunity, member__isnull=False).values("member_id")
    people = Membership.objects.in_current_organization().active().exclude(pk=opportunity.owner_id)
    return cast("QuerySet[Membership]", people.exclude(pk__in=known).order_by("user__name", "pk"))


def partners_for(membership: Membership, opportunity: Opportunity) -> QuerySet[Account]:
    """Return the partner companies in sight that may still join the sales team."""
    known = OpportunityMember.objects.filter(opportunity=opportunity, partner__isnull=False).values("partner_id")
    rows = accounts_queries.visible(membership).filter(kind=Kind.CHANNEL_PARTNER)
    return cast("QuerySet[Account]", rows.exclude(pk__in=known).order_by("name_key", "pk"))


def helper_or_404(opportunity: Opportunity, pk: int) -> OpportunityMember:
    """Return somebody on the sales team, or Http404."""
    found: OpportunityMember = get_object_or_404(
        OpportunityMember.objects.select_related("opportunity", "member__user", "partner"),
        opportunity=opportunity,
        pk=pk,
    )
    return found


def part_or_404(membership: Membership, pk: int) -> PlanPart:
    """Return a part of the plan of an opportunity that `membership` may see, or Http404."""
    rows = PlanPart.objects.visible_to(membership)
    found: PlanPart = get_object_or_404(
        rows.select_related("opportunity__account", "opportunity__owner__user", "member__user", "partner"), pk=pk
    )
    return found
