"""What several pages of this app begin or end with."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from accounts.models import Account
from activities import actions, labels
from activities.forms import ActionForm
from activities.models import Visit
from funnel.models import Opportunity
from tenants.errors import Refused
from tenants.web import OrgRequest, go

STEP_CHANGED = "next-step-changed"
"""What the page of an opportunity listens to."""


def visit_or_404(request: OrgRequest, pk: int) -> Visit:
    """Return a visit that one may see, with what its page says of it."""
    rows = Visit.objects.visible_to(request.membership).select_related("account", "opportunity", "by__user")
    found: Visit = get_object_or_404(rows, pk=pk)
    return found


def own(request: OrgRequest, visit: Visit) -> Visit:
    """Return the visit to who may change it: the one who made it, or their manager."""
    ids = request.membership.visible_owner_ids
    if ids is not None and visit.by_id not in ids:
        raise PermissionDenied
    return visit


def again(request: OrgRequest, url: str) -> HttpResponse:
    """Answer an undo: htmx reads the page anew, a browser goes to `url`."""
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return go(request, url)


def doer(request: OrgRequest, opportunity: Opportunity | None) -> Any:
    """Return who will do it: the opportunity's owner when their manager writes it, else who writes."""
    ids = request.membership.visible_owner_ids
    if opportunity is not None and (ids is None or opportunity.owner_id in ids):
        return opportunity.owner
    return request.membership


def added(request: OrgRequest, form: ActionForm, account: Account, opportunity: Opportunity | None, **of: Any) -> bool:
    """Add the next action of a form; what is refused stands in it.

    :param of: what it is made of, as `add_next_action` takes it.
    """
    text, on = form.cleaned_data["step"]
    try:
        actions.add_next_action(
            account,
            owner=doer(request, opportunity),
            text=text,
            due_on=on,
            by=request.membership,
            at=request.now,
            opportunity=opportunity,
            request_key=form.cleaned_data["request_key"],
            **of,
        )
    except Refused as refused:
        form.add_error("next_text", labels.refusal(refused))
        return False
    return True
