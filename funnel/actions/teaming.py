"""The sales team of an opportunity: who helps the owner, with which part."""

from datetime import datetime

from django.db import transaction

from funnel.actions import _log
from funnel.models import Opportunity, OpportunityMember
from tenants import audit
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def add_member(
    opportunity: Opportunity, *, member: Membership, part: str, by: Membership, at: datetime
) -> OpportunityMember:
    """Put someone on the sales team, or change their part; from now on they see the opportunity.

    :raises Refused: `already_member` for the owner.
    """
    opportunity = _log.lock(opportunity)
    if member.pk == opportunity.owner_id:
        raise Refused("already_member")
    row: OpportunityMember = OpportunityMember.objects.update_or_create(
        opportunity=opportunity, member=member, defaults={"part": part.strip()[:120]}
    )[0]
    audit.record("opportunity.member_added", opportunity, by=by, at=at, member=member.pk, part=row.part)
    return row


@transaction.atomic
def remove_member(opportunity: Opportunity, *, member: Membership, by: Membership, at: datetime) -> None:
    """Take someone off the sales team."""
    opportunity = _log.lock(opportunity)
    for row in OpportunityMember.objects.filter(opportunity=opportunity, member=member):
        audit.record("opportunity.member_removed", opportunity, by=by, at=at, member=member.pk, part=row.part)
        row.delete()
