"""Parts of a plan, as tests give them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.test import Client

from funnel import actions
from funnel.models import Opportunity, PlanPart
from funnel.plans import Doer
from tenants.models import Membership
from tests.cast import AT

Login = Callable[[Membership], Client]
HTMX: Any = {"HTTP_HX_REQUEST": "true"}
DUE = date(2026, 1, 20)


def give(deal: Opportunity, to: Membership, text: str = "Send the terms", **more: Any) -> PlanPart:
    """Put someone on the team with a part."""
    actions.add_member(deal, member=to, by=deal.owner, at=AT)
    return actions.add_part(deal, text=text, doer=Doer(member=to.pk), by=deal.owner, at=AT, **more)


def now(part: PlanPart) -> PlanPart:
    found: PlanPart = PlanPart.objects.get(pk=part.pk)
    return found
