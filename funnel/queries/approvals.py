"""What waits for whom, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.shortcuts import get_object_or_404

from funnel import labels
from funnel.approval_filters import ApprovalFilters
from funnel.approvals import ApprovalKind, ApprovalState, Person, may_decide
from funnel.discounts import DiscountLimits, is_beyond
from funnel.models import Approval, ApprovalQuerySet, DiscountSetting, Opportunity, deciders_of
from funnel.queries.opportunities import stage_table
from funnel.stages import StageRow, Status
from tenants.models import Membership
from tenants.permissions import Permission


@dataclass(frozen=True)
class Request:
    """A request as a page shows it: what is asked in words, and what its reader may do now."""

    approval: Approval
    asked: str
    state: labels.Words
    may_decide: bool
    may_withdraw: bool
    is_stale: bool
    may_give: bool


@dataclass(frozen=True)
class Deciding:
    """Who will be asked; None where nobody may decide. Of a discount above `limit` percent it is `beyond`."""

    first: Membership | None
    beyond: Membership | None
    limit: Decimal


def who_decides(opportunity: Opportunity, kind: ApprovalKind, *, asker: Membership) -> Deciding:
    """Return who is asked where `asker` asks for something of this kind."""
    limit = DiscountSetting.current().limits.manager
    first = next(iter(deciders_of(opportunity, asker=asker.pk)), 0)
    beyond = first
    if kind == ApprovalKind.DISCOUNT and limit < 100:
        beyond = next(iter(deciders_of(opportunity, asker=asker.pk, percent=limit + 1)), 0)
    people = Membership.objects.in_current_organization().select_related("user").in_bulk([first, beyond])
    return Deciding(people.get(first), people.get(beyond), limit)


def approval_or_404(membership: Membership, pk: int) -> Approval:
    """Return a request of an opportunity that `membership` may see, or Http404."""
    found: Approval = get_object_or_404(Approval.objects.visible_to(membership).with_words(), pk=pk)
    return found


def waiting_for(membership: Membership) -> ApprovalQuerySet:
    """Return what waits for this member, the oldest first: they were asked, or whoever was is not active any more.

    The latter goes to the next above; what is nobody's else is shown to each who may decide.
    """
    rows: ApprovalQuerySet = Approval.objects.waiting()
    if not membership.can(Permission.APPROVAL_DECIDE):
        return rows.none()
    gone = rows.filter(Q(approver__is_active=False) | Q(approver__user__is_active=False))
    fallen = [
        approval.pk
        for approval in gone.select_related("opportunity__owner")
        if membership.pk
        == next(iter(deciders_of(approval.opportunity, asker=approval.asked_by_id, percent=approval.percent)), None)
    ]
    found: ApprovalQuerySet = (
        rows.filter(Q(approver=membership) | Q(pk__in=fallen)) if fallen else rows.filter(approver=membership)
    )
    return found.with_words().order_by("asked_at", "pk")


def asked_of_opportunity(opportunity: Opportunity, reader: Membership) -> list[Request]:
    """Return what was asked for an opportunity, the latest first."""
    rows = Approval.objects.filter(opportunity=opportunity).with_words()
    return requests(rows, reader)


def requests(rows: Sequence[Approval] | ApprovalQuerySet, reader: Membership) -> list[Request]:
    """Return requests as a page shows them to this reader, whose own they see."""
    found = list(rows)
    table = stage_table() if any(approval.stage for approval in found) else []
    limits = DiscountSetting.current().limits if found else None
    return [as_request(approval, reader, table, limits) for approval in found]


def as_request(
    approval: Approval, reader: Membership, table: Sequence[StageRow] = (), limits: DiscountLimits | None = None
) -> Request:
    """Return one request as a page shows it. A discount is stale once the price or the product is another."""
    is_discount = approval.kind == ApprovalKind.DISCOUNT
    is_granted = is_discount and approval.state == ApprovalState.GRANTED
    is_stale = is_discount and (is_granted or approval.is_waiting) and approval.basis != approval.opportunity.basis
    return Request(
        approval,
        labels.demand(approval.demand, table),
        labels.APPROVAL_STATES[ApprovalState(approval.state)],
        may_decide=approval.is_waiting and _decides(approval, reader, limits or DiscountSetting.current().limits),
        may_withdraw=approval.is_waiting and reader.pk in {approval.asked_by_id, approval.opportunity.owner_id},
        is_stale=is_stale,
        may_give=is_granted
        and not is_stale
        and approval.opportunity.status == Status.OPEN
        and approval.opportunity.discount < approval.percent
        and reader.can(Permission.FUNNEL_EDIT),
    )


def _decides(approval: Approval, reader: Membership, limits: DiscountLimits) -> bool:
    """Return whether this member may decide: who sees the opportunity because they lead its owner stands above it."""
    owner, ids = approval.opportunity.owner_id, reader.visible_owner_ids
    return (ids is None or owner in ids) and may_decide(
        Person(reader.pk, reader.role, 0),
        asker=approval.asked_by_id,
        owner=owner,
        executives_only=is_beyond(approval.percent, limits),
    )


def approvals(membership: Membership, filters: ApprovalFilters) -> ApprovalQuerySet:
    """Return what was asked for opportunities in sight and the filters leave, the latest first."""
    rows: ApprovalQuerySet = Approval.objects.visible_to(membership)
    if filters.scope == "mine":
        rows = rows.filter(asked_by=membership)
    if filters.scope == "for_me":
        waiting = waiting_for(membership).order_by().values("pk")
        rows = rows.filter(Q(approver=membership) | Q(decided_by=membership) | Q(pk__in=waiting))
        rows = rows.exclude(asked_by=membership)
    if filters.standing:
        waits = Q(state=ApprovalState.ASKED)
        rows = rows.filter(waits if filters.standing == "waiting" else ~waits)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    return rows.with_words().order_by("-asked_at", "-pk")
