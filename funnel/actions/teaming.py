"""The sales team of an opportunity: who helps the owner."""

from datetime import date, datetime

from django.db import transaction

from accounts.models import Account
from funnel.actions import _bell, _log, _team
from funnel.models import Opportunity, OpportunityMember, PlanPart
from funnel.plans import Doer
from funnel.stages import Status
from tenants import audit
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def add_member(
    opportunity: Opportunity,
    *,
    member: Membership,
    by: Membership,
    at: datetime,
    part: str = "",
    due_on: date | None = None,
) -> OpportunityMember:
    """Put someone on the sales team, who sees the opportunity from now on and is told; once more changes nothing.

    :param part: their first part in the joint plan.
    :raises Refused: `closed`; `already_member` for the owner; see `check_part`.
    """
    opportunity = _lock_open(opportunity, by=by)
    if member.pk == opportunity.owner_id:
        raise Refused("already_member")
    row, is_new = OpportunityMember.objects.get_or_create(opportunity=opportunity, member=member)
    if is_new:
        audit.record("opportunity.member_added", opportunity, by=by, at=at, member=member.pk, part=part.strip())
        _bell.tell([member.pk], "team_joined", opportunity, by=by, at=at, key=f"team:{row.pk}", part=part.strip())
    _first_part(opportunity, Doer(member=member.pk), part, due_on, by=by, at=at)
    return row


@transaction.atomic
def add_partner(
    opportunity: Opportunity,
    *,
    partner: Account,
    by: Membership,
    at: datetime,
    part: str = "",
    due_on: date | None = None,
) -> OpportunityMember:
    """Put a partner company that does not sign in here on the sales team; once more changes nothing.

    :raises Refused: `closed`; `not_a_partner` for an account of another kind; see `check_part`.
    """
    opportunity = _lock_open(opportunity, by=by)
    if partner.kind != _team.PARTNER:
        raise Refused("not_a_partner")
    row, is_new = OpportunityMember.objects.get_or_create(opportunity=opportunity, partner=partner)
    if is_new:
        audit.record("opportunity.member_added", opportunity, by=by, at=at, partner=partner.name, part=part.strip())
    _first_part(opportunity, Doer(partner=partner.pk), part, due_on, by=by, at=at)
    return row


@transaction.atomic
def remove_helper(helper: OpportunityMember, *, by: Membership, at: datetime) -> None:
    """Take someone off the sales team; what they had still to do falls to the owner."""
    opportunity = _log.lock(helper.opportunity, by=by)
    rows = OpportunityMember.objects.filter(pk=helper.pk).select_related("member__user", "partner")
    for row in rows:
        doer = Doer(row.member_id, row.partner_id)
        _team.hand_parts(opportunity, doer, to=opportunity.owner_id)
        who = {"member": row.member_id} if row.member_id else {"partner": row.partner.name}
        audit.record("opportunity.member_removed", opportunity, by=by, at=at, **who)
        row.delete()


def _lock_open(opportunity: Opportunity, *, by: Membership) -> Opportunity:
    """Take the lock; nobody joins the team of what has ended."""
    opportunity = _log.lock(opportunity, by=by)
    if opportunity.status != Status.OPEN:
        raise Refused("closed")
    return opportunity


def _first_part(
    opportunity: Opportunity, doer: Doer, text: str, due_on: date | None, *, by: Membership, at: datetime
) -> None:
    """Give someone who joins their part, unless they have it."""
    if not text.strip():
        return
    text = _team.checked(opportunity, text, doer)
    has = PlanPart.objects.open().filter(
        opportunity=opportunity, member_id=doer.member, partner_id=doer.partner, text=text
    )
    if not has.exists():
        part = PlanPart.objects.create(
            opportunity=opportunity, member_id=doer.member, partner_id=doer.partner, text=text, due_on=due_on
        )
        _team.record("plan_part.added", part, by=by, at=at)
