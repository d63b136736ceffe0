"""What stands of this app on the pages of an opportunity and a customer."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from accounts.models import Account
from activities import queries
from activities.forms import ActionForm
from activities.views._shared import STEP_CHANGED, added
from funnel.models import Opportunity
from tenants.permissions import Permission
from tenants.web import OrgRequest, announce, org_view, render_page


@org_view(Permission.VISIT_VIEW)
def of_opportunity(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an opportunity's next actions and visits; a post adds a next action."""
    rows = Opportunity.objects.visible_to(request.membership).select_related("account", "owner__user")
    opportunity: Opportunity = get_object_or_404(rows, pk=pk)
    return _panel(request, opportunity.account, opportunity)


@org_view(Permission.VISIT_VIEW)
def of_account(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an account's next actions and visits; a post adds a next action."""
    account: Account = get_object_or_404(queries.open_to(request.membership), pk=pk)
    return _panel(request, account, None)


def _panel(request: OrgRequest, account: Account, opportunity: Opportunity | None) -> HttpResponse:
    may_log = request.membership.can(Permission.VISIT_LOG)
    form = ActionForm(request.POST if request.method == "POST" and may_log else None, today=request.today)
    is_added = form.is_valid() and added(request, form, account, opportunity)
    if is_added:
        form = ActionForm(today=request.today)
    status = 422 if form.is_bound else 200
    place: dict[str, Any] = {"opportunity": opportunity} if opportunity else {"account": account}
    context = {
        "form": form,
        "account": account,
        "opportunity": opportunity,
        "here": request.path,
        "where": "opportunity" if opportunity else "account",
        "may_log": may_log,
        "steps": queries.actions_of(request.membership, **place),
        "visits": queries.visits_of(request.membership, **place),
    }
    answer = render_page(request, "activities/panel.html", context, status=status)
    return announce(answer, STEP_CHANGED) if is_added else answer
