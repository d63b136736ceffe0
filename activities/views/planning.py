"""Planning a visit, calling it off and putting it back."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from activities import actions, labels, queries
from activities.forms import PlanForm
from activities.views._customer import back, chosen_account, customers, opportunity_among
from activities.views._shared import again, own, visit_or_404
from tenants.errors import Refused
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, org_view, render_page, to_page, toast


@org_view(Permission.VISIT_LOG)
def visit_plan(request: OrgRequest) -> HttpResponse:
    """Plan a visit: its goal, with whom, when."""
    account = chosen_account(request)
    if account is None:
        return render_page(request, "activities/visit_customer.html", customers(request))
    offered = queries.offer(request.membership, account)
    data = request.POST if request.method == "POST" else None
    form = PlanForm(data, offered=offered, now=request.now, opportunity=opportunity_among(request, offered))
    if form.is_valid():
        actions.plan_visit(account, by=request.membership, at=request.now, **form.record())
        messages.success(request, gettext("Visit planned"))
        return go(request, to_page(request, "salesops:today"))
    context = {"form": form, "account": account, "back": back(request, None)}
    status = 422 if form.is_bound else 200
    return render_page(request, "activities/plan_form.html", context, partial="form", status=status)


@org_view(Permission.VISIT_LOG)
@require_POST
def call_off(request: OrgRequest, pk: int) -> HttpResponse:
    """Call a planned visit off; it can be taken back."""
    visit = own(request, visit_or_404(request, pk))
    try:
        visit = actions.call_off(visit, by=request.membership, at=request.now)
    except Refused as refused:
        return toast(HttpResponse(status=204), labels.refusal(refused), kind="error")
    answer = render_page(request, "activities/planned.html", {"visit": visit})
    return toast(answer, gettext("Visit called off"), undo_url=to_page(request, "activities:put_back", visit.pk))


@org_view(Permission.VISIT_LOG)
@require_POST
def put_back(request: OrgRequest, pk: int) -> HttpResponse:
    """Take the calling-off back."""
    visit = actions.put_back(own(request, visit_or_404(request, pk)), by=request.membership, at=request.now)
    return again(request, to_page(request, "activities:visit", visit.pk))
