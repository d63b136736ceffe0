"""The list of visits, one visit, and correcting it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from activities import actions, labels, queries
from activities.forms import FilterForm, VisitEditForm, team_choices
from activities.kinds import VisitState
from activities.views._shared import own, visit_or_404
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page, to_page

PER_PAGE = 50


@org_view(Permission.VISIT_VIEW)
@require_safe
def visits(request: OrgRequest) -> HttpResponse:
    """List the visits one may see, with the counts of the span."""
    form = FilterForm(request.GET)
    chosen = form.chosen()
    rows = queries.visits(request.membership, chosen, request.today)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "chosen": chosen,
        "counts": queries.count_visits(request.membership, chosen, request.today),
        "people": queries.people_of(request.membership),
        "teams": team_choices(queries.teams_of(request.membership)),
        "spans": labels.SPANS.items(),
        "kinds": labels.KINDS.items(),
        "results": labels.RESULTS.items(),
        "is_filtered": chosen != queries.VisitFilter(state=chosen.state),
    }
    return render_page(request, "activities/visits.html", context)


@org_view(Permission.VISIT_VIEW)
@require_safe
def visit(request: OrgRequest, pk: int) -> HttpResponse:
    """Show one visit."""
    found = visit_or_404(request, pk)
    ids = request.membership.visible_owner_ids
    context = {
        "visit": found,
        "met": found.met.select_related("contact"),
        "may_change": request.membership.can(Permission.VISIT_LOG) and (ids is None or found.by_id in ids),
        "is_mine": found.by_id == request.membership.pk,
    }
    return render_page(request, "activities/visit.html", context)


@org_view(Permission.VISIT_LOG)
def visit_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Correct a visit, or move a planned one."""
    found = own(request, visit_or_404(request, pk))
    if found.state == VisitState.CANCELLED:
        raise Http404
    form = VisitEditForm(request.POST if request.method == "POST" else None, visit=found)
    if form.is_valid():
        seen, changes = form.cleaned_data["version"], form.changes()
        try:
            actions.change_visit(found, seen=seen, by=request.membership, at=request.now, **changes)
        except Refused as refused:
            form.add_error("happened_at", labels.refusal(refused))
        except Stale as stale:
            rows = [
                (str(form.fields[name].label), _shown(name, stale.theirs[name]), _shown(name, mine))
                for name, mine in changes.items()
                if stale.theirs[name] != mine
            ]
            return conflict(request, rows, stale, version=stale.version)
        else:
            messages.success(request, gettext("Saved"))
            return go(request, to_page(request, "activities:visit", found.pk))
    status = 422 if form.is_bound else 200
    return render_page(
        request, "activities/visit_edit.html", {"form": form, "visit": found}, partial="form", status=status
    )


def _shown(name: str, value: Any) -> Any:
    words: dict[str, Any] = {"kind": labels.KINDS, "result": labels.RESULTS}
    return words[name].get(value, value) if name in words else value
