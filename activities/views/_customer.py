"""Which customer a visit is of, and where its form leads back to."""

from typing import Any

from django.shortcuts import get_object_or_404

from accounts.models import Account
from activities import queries
from activities.models import Visit
from tenants.web import OrgRequest, number, to_page, way_back


def chosen_account(request: OrgRequest) -> Account | None:
    """Return the customer that the address names, itself or by an opportunity; None when it names none."""
    pk, opportunity = number(request.GET.get("account")), number(request.GET.get("opportunity"))
    open_to = queries.open_to(request.membership)
    if pk:
        return get_object_or_404(open_to, pk=pk)
    if opportunity:
        return get_object_or_404(open_to, opportunities__pk=opportunity)
    return None


def opportunity_among(request: OrgRequest, offered: queries.Offer) -> int | None:
    """Return the opportunity of the address where the form offers it."""
    wanted = number(request.GET.get("opportunity"))
    return wanted if any(step.opportunity.pk == wanted for step in offered.steps) else None


def customers(request: OrgRequest) -> dict[str, Any]:
    """Return what the page shows that asks for the customer first."""
    return {
        "accounts": queries.recent_accounts(request.membership, request.now),
        "typed": request.GET.get("q", "").strip()[:200],
        "plan": request.resolver_match is not None and request.resolver_match.url_name == "visit_plan",
    }


def back(request: OrgRequest, planned: Visit | None) -> str:
    """Return the page that the form was opened from: `?next=`, else the opportunity, else today."""
    if wanted := way_back(request, request.GET.get("next")):
        return wanted
    opportunity = planned.opportunity_id if planned else number(request.GET.get("opportunity"))
    if opportunity:
        return to_page(request, "funnel:opportunity", opportunity)
    return to_page(request, "salesops:today")
