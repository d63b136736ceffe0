"""Leads, and where their pages are."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from funnel import actions
from funnel.leads import Criterion
from funnel.models import Lead
from tenants.models import Membership
from tenants.scoping import working_for
from tests.funnel.factories import DAY

Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}
YES = {f"answer_{each}": "yes" for each in Criterion} | {"answer_decision": "alone"}
BASE = "/o/acme/funnel/leads/"


def make_lead(owner: Membership, company: str = "Delta Precision", **facts: Any) -> Lead:
    """Record a lead three days ago."""
    with working_for(owner.organization):
        return actions.record_lead(
            owner=owner, by=owner, at=timezone.now() - 3 * DAY, **{"company": company, "person": "Amy", **facts}
        )


def now(lead: Lead) -> Lead:
    with working_for(lead.organization):
        found: Lead = Lead.objects.get(pk=lead.pk)
    return found


def text(response: Any) -> str:
    return str(response.content.decode())
