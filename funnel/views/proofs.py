"""Evidence across opportunities: what waits for a verdict, and what is missing in order of money."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from funnel import filters, queries
from tenants.permissions import Permission
from tenants.queries import PAGE, CountedPaginator
from tenants.web import OrgRequest, org_view, render_page

FEW = 5


@org_view(Permission.EVIDENCE_JUDGE)
@require_safe
def proofs(request: OrgRequest) -> HttpResponse:
    """List the evidence to verify, the oldest or the largest first; the verdict is said in place."""
    by_amount = request.GET.get("sort") == "amount"
    rows = queries.to_verify(request.membership, by_amount=by_amount)
    page = Paginator(rows, PAGE).get_page(filters.page_number(request.GET))
    return render_page(request, "funnel/proofs.html", {"page": page, "by_amount": by_amount})


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def missing_proofs(request: OrgRequest) -> HttpResponse:
    """List what is missing to prove what is claimed, in order of money, with who must act."""
    table, number = queries.stage_table(), filters.page_number(request.GET)
    count, total = queries.unproven_sums(request.membership, table)
    pages: Paginator[Any] = CountedPaginator(range(count), count)
    page = pages.get_page(number)
    found = queries.unproven(request.membership, table, first=(page.number - 1) * PAGE, most=PAGE)
    context = {
        "page": page,
        "found": found,
        "count": count,
        "total": total,
        "labels": {row.stage: row.label for row in table},
        "may_judge": request.membership.can(Permission.EVIDENCE_JUDGE),
    }
    return render_page(request, "funnel/missing_proofs.html", context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def proofs_today(request: OrgRequest) -> HttpResponse:
    """Show on the today page what waits: verdicts for a manager, what was sent back and the dearest gaps for a rep."""
    by, table = request.membership, queries.stage_table()
    waiting = queries.to_verify(by)
    context = {
        "waiting": waiting[:FEW],
        "waiting_count": waiting.count(),
        "sent_back": queries.sent_back(by)[:FEW],
        "found": queries.unproven(by, table, most=FEW),
    }
    return render(request, "funnel/proofs_today.html", context)
