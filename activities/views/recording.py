"""Recording a visit that took place."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from accounts.models import Account
from activities import actions, labels, queries
from activities.forms import VisitForm
from activities.kinds import VisitState
from activities.models import Visit
from activities.views._customer import back, chosen_account, customers, opportunity_among
from activities.views._shared import visit_or_404
from funnel.labels import STAGES
from funnel.stages import MissingEvidence, Stage
from tenants import dates
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, number, org_view, render_page, to_page, way_back


@org_view(Permission.VISIT_LOG)
def visit_new(request: OrgRequest) -> HttpResponse:
    """Record a visit: first the customer, then the rest; `?visit=` records a planned one."""
    planned = _planned(request)
    account = planned.account if planned else chosen_account(request)
    if account is None:
        return render_page(request, "activities/visit_customer.html", customers(request))
    also = [planned.opportunity_id] if planned and planned.opportunity_id else [number(request.GET.get("opportunity"))]
    offered = queries.offer(request.membership, account, also=also)
    form = VisitForm(
        request.POST if request.method == "POST" else None,
        offered=offered,
        by=request.membership,
        now=request.now,
        opportunity=opportunity_among(request, offered),
        planned=planned,
    )
    if request.method == "POST" and form.is_valid():
        answer = _record(request, form, account, planned)
        if answer is not None:
            return answer
    context = {"form": form, "account": account, "planned": planned, "back": back(request, planned)}
    status = 422 if form.is_bound else 200
    return render_page(request, "activities/visit_form.html", context, partial="form", status=status)


def _record(request: OrgRequest, form: VisitForm, account: Account, planned: Visit | None) -> HttpResponse | None:
    """Save the visit and go on; None when the form has to be shown again."""
    try:
        if planned is not None:
            seen = form.cleaned_data["version"] or 0
            visit = actions.hold(planned, seen=seen, by=request.membership, at=request.now, **form.record())
        else:
            key = form.cleaned_data["request_key"]
            visit = actions.log_visit(account, by=request.membership, at=request.now, request_key=key, **form.record())
    except MissingEvidence:
        form.add_error(
            None, gettext("Evidence for this stage is missing, and your company asks for it. Keep the stage.")
        )
    except Refused as refused:
        form.add_error(None, _why(refused))
    except Stale as stale:
        return _stale_visit(request, stale, form)
    else:
        messages.success(request, gettext("Visit recorded"))
        return go(request, _after(request, visit))
    return None


def _why(refused: Refused) -> str:
    """Return the sentence for a refusal of this app, or of the funnel that it passed on."""
    if refused.code in labels.REFUSALS:
        return labels.refusal(refused)
    return gettext("The stage could not be changed. Keep the stage, and look at the opportunity.")


def _stale_visit(request: OrgRequest, stale: Stale, form: VisitForm) -> HttpResponse:
    rows: list[tuple[str, Any, Any]] = [
        (gettext("Planned visit"), gettext("changed meanwhile"), gettext("what you are recording"))
    ]
    if "stage" in stale.theirs:
        advance, now = form.record()["advance"], Stage(stale.theirs["stage"])
        return conflict(request, [(gettext("Stage"), STAGES[now], STAGES[advance[1]] if advance else "")], stale)
    return conflict(request, rows, stale, version=stale.version)


def _planned(request: OrgRequest) -> Visit | None:
    pk = number(request.GET.get("visit"))
    if not pk:
        return None
    visit = visit_or_404(request, pk)
    if visit.by_id != request.membership.pk or visit.state == VisitState.CANCELLED:
        raise Http404
    return visit


def _after(request: OrgRequest, visit: Visit) -> str:
    """Return where to go: back to the list or the opportunity one came from, else to today."""
    if wanted := way_back(request, request.GET.get("next")):
        return wanted
    if number(request.GET.get("opportunity")) and visit.opportunity_id:
        return to_page(request, "funnel:opportunity", visit.opportunity_id)
    return to_page(request, "salesops:today")


@org_view(Permission.VISIT_VIEW)
@require_GET
def due(request: OrgRequest) -> HttpResponse:
    """Say which day a typed step names: 下週三 → 12/2 (三)."""
    text = next((request.GET[name] for name in ("next_text", "next_step", "next", "text") if name in request.GET), "")
    on, rest = dates.parse_due(text[:400], request.today)
    return render_page(request, "activities/due.html", {"on": on, "rest": rest})
