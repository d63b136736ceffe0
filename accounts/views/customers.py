"""The list of customers, one customer, and what finds them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import filters, labels, queries
from accounts.models import Account, AssessmentSetting
from accounts.views import answers
from tenants.permissions import Permission
from tenants.queries import CountedPaginator
from tenants.web import OrgRequest, org_view, render_page


@org_view(Permission.ACCOUNT_VIEW)
@require_safe
def account_list(request: OrgRequest) -> HttpResponse:
    """List the customers one may see."""
    wanted = filters.read(request.GET)
    rows = queries.narrowed(request.membership, wanted, now=request.now)
    totals = queries.totals(rows)
    page = CountedPaginator(queries.listed(rows, wanted.sort), totals.count).get_page(filters.page_number(request.GET))
    few = None if wanted.active else queries.few(rows, totals.count)
    context = {
        "page": page,
        "totals": totals,
        "few": few,
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "segments": labels.SEGMENT_MEANINGS,
        "kinds": labels.KINDS,
        "sorts": labels.SORTS,
        "quiet_days": filters.QUIET_DAYS,
    }
    return render_page(request, "accounts/list.html", context, partial="rows")


@org_view(Permission.ACCOUNT_VIEW)
@require_safe
def suggest(request: OrgRequest) -> HttpResponse:
    """Answer a combobox: up to eight customers, and an option that adds one."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    context = {
        "accounts": queries.suggestions(request.membership, text),
        "text": text,
        "may_add": text and request.membership.can(Permission.ACCOUNT_EDIT) and "no_new" not in request.GET,
    }
    return render(request, "accounts/suggest.html", context)


@org_view(Permission.ACCOUNT_VIEW)
@require_safe
def account_page(request: OrgRequest, pk: int) -> HttpResponse:
    """Show a customer."""
    account = queries.account_or_404(request.membership, pk)
    page = queries.page_of(account, request.membership)
    context = {
        "account": account,
        "page": page,
        "placement": account.placement(page.setting.limits),
        "chart": answers.chart_rows(page.chart),
        "parent": account.parent if queries.may_see(request.membership, account.parent) else None,
        "kind": dict(labels.KINDS)[account.kind],
    }
    return render_page(request, "accounts/account.html", context | _segment_words(account, page.setting))


def _segment_words(account: Account, setting: AssessmentSetting) -> dict[str, Any]:
    """Return why an account is in its segment, in words."""
    placement = account.placement(setting.limits)
    return {
        "meaning": labels.SEGMENT_MEANINGS[placement.segment],
        "potential": labels.POTENTIALS[placement.potential],
        "revenue": labels.REVENUES[placement.revenue],
    }


@org_view(Permission.ACCOUNT_VIEW)
@require_safe
def account_timeline(request: OrgRequest, pk: int) -> HttpResponse:
    """Answer the next lines of a customer's story."""
    account = queries.account_or_404(request.membership, pk)
    lines = queries.timeline(account, request.GET.get("before", "").replace(" ", "+"))
    return render(request, "accounts/timeline.html", {"account": account, "lines": lines})
