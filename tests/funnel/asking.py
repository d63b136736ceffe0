"""What a test asks an approval for."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client

from funnel import actions
from funnel.approvals import (
    ApprovalKind,
    Demand,
)
from funnel.models import Approval, Opportunity
from funnel.stages import Stage
from tenants.models import Membership
from tests.cast import AT

TODAY = date(2026, 1, 5)
NEXT_WEEK = TODAY + timedelta(days=7)
RESOURCE = Demand(ApprovalKind.RESOURCE, what="An engineer for two days")
DISCOUNT = Demand(ApprovalKind.DISCOUNT, percent=Decimal(8))
OVERRIDE = Demand(ApprovalKind.OVERRIDE, stage=Stage.PROOF, until=NEXT_WEEK)
Login = Callable[[Membership], Client]


def ask(opportunity: Opportunity, demand: Demand = RESOURCE, *, by: Membership | None = None, **more: Any) -> Approval:
    """Ask as the owner, unless somebody else is named."""
    more = {"why": "They want to see it work", "at": AT, **more}
    return actions.ask_approval(opportunity, demand, by=by or opportunity.owner, **more)


def now(approval: Approval) -> Approval:
    found: Approval = Approval.objects.get(pk=approval.pk)
    return found
