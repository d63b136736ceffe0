"""What actions on the sales team and its plan share."""

from datetime import datetime
from typing import Any

from django.db.models import F

from accounts.segments import Kind
from funnel.models import Opportunity, OpportunityMember, PlanPart
from funnel.plans import Doer, Handed, check_part
from tenants import audit
from tenants.errors import Refused
from tenants.models import Membership

PARTNER = Kind.CHANNEL_PARTNER


def team_of(opportunity: Opportunity) -> list[Doer]:
    """Return the owner and everyone on the sales team."""
    rows = OpportunityMember.objects.filter(opportunity=opportunity).values_list("member_id", "partner_id")
    return [Doer(member=opportunity.owner_id), *(Doer(*row) for row in rows)]


def checked(opportunity: Opportunity, text: str, doer: Doer) -> str:
    """Return the text of a part.

    :raises Refused: see `check_part`.
    """
    return check_part(text, doer, team_of(opportunity))


def hand_parts(opportunity: Opportunity, doer: Doer, *, to: int) -> None:
    """Let somebody else have what one had still to do."""
    rows = PlanPart.objects.open().filter(opportunity=opportunity, member_id=doer.member, partner_id=doer.partner)
    rows.update(member_id=to, partner_id=None, version=F("version") + 1)


def owner_changed(opportunity: Opportunity, before: int) -> Handed:
    """Keep the team true when the opportunity goes to another: they help no more, and have what the owner had to do."""
    helped = OpportunityMember.objects.filter(opportunity=opportunity, member_id=opportunity.owner_id).delete()[0]
    parts = PlanPart.objects.open().filter(opportunity=opportunity, member_id=before).values_list("pk", flat=True)
    handed = Handed(bool(helped), tuple(sorted(parts)))
    hand_parts(opportunity, Doer(member=before), to=opportunity.owner_id)
    return handed


def owner_back(opportunity: Opportunity, gone: int, handed: Handed) -> None:
    """Make the team what it was before `owner_changed`, now that the opportunity is back from `gone`.

    :raises Refused: `changed_since`, a part that went over is done, dropped or somebody else's.
    """
    OpportunityMember.objects.filter(opportunity=opportunity, member_id=opportunity.owner_id).delete()
    held = PlanPart.objects.open().filter(opportunity=opportunity, member_id=gone)
    if not {*handed.parts} <= {*held.values_list("pk", flat=True)}:
        raise Refused("changed_since")
    back = held.filter(pk__in=handed.parts) if handed.helped else held  # who never helped keeps no part
    back.update(member_id=opportunity.owner_id, version=F("version") + 1)
    if handed.helped:
        OpportunityMember.objects.get_or_create(opportunity=opportunity, member_id=gone)


def record(verb: str, part: PlanPart, *, by: Membership, at: datetime, **data: Any) -> None:
    """Leave the audit event of a part."""
    due = part.due_on.isoformat() if part.due_on else None
    who = {"member": part.member_id} if part.member_id else {"partner": part.partner.name}
    told = {"part": part.text, "due_on": due, **who, **data}
    audit.record(verb, part.opportunity, by=by, at=at, **{name: value for name, value in told.items() if value})
