"""The board, the table, and the panel of an account."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from funnel import filters, labels, queries
from funnel.grouping import DIMENSIONS
from funnel.stages import Status
from funnel.views.answers import card_context
from funnel.views.grouping import grouped, grouping_choices, narrowed
from tenants.permissions import Permission
from tenants.queries import CountedPaginator
from tenants.web import OrgRequest, org_view, render_page


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def board(request: OrgRequest) -> HttpResponse:
    """Show the seven stages with the first cards of each; sums count all."""
    wanted = filters.read(request.GET)
    shown = queries.board(request.membership, wanted, today=request.today)
    context = {
        "board": shown,
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "columns": shown.columns,
        "address": request.GET.urlencode(),
        "due_choices": labels.DUE,
        **card_context(request),
    }
    return render_page(request, "funnel/board.html", context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def table(request: OrgRequest) -> HttpResponse:
    """List opportunities, the rows behind every number; or the groups into which they fall."""
    wanted = filters.read(request.GET)
    stages = queries.stage_table()
    rows = queries.listed(request.membership, wanted, today=request.today)
    totals = queries.totals(rows, stages, status=wanted.status)
    context = {
        "totals": totals,
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "stages": stages,
        "statuses": labels.STATUS_FILTERS,
        "flags": [(code, flag.name) for code, flag in labels.FLAGS.items()],
        "due_choices": labels.DUE,
        "closed_choices": labels.CLOSED,
        "healths": labels.HEALTHS.items(),
        "groupings": grouping_choices(wanted),
        "kept": [(name, request.GET[name]) for name in _KEPT if name in request.GET],
        "narrowed": narrowed(request, wanted, stages),
        "closed": wanted.status in _OVER,
    }
    if wanted.group:
        context |= grouped(request, wanted, rows, stages)
    else:
        pages = CountedPaginator(queries.in_order(rows, wanted), totals.count)
        context["page"] = pages.get_page(filters.page_number(request.GET))
    return render_page(request, "funnel/table.html", context, partial="rows")


_OVER = frozenset({Status.WON, Status.LOST, Status.ABANDONED, filters.CLOSED})
_WITHIN = tuple(f"in_{code}" for code in DIMENSIONS)
_KEPT = ("account", "category", "due_from", "due_to", "closed_from", "closed_to", "sort", *_WITHIN)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def of_account(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an account's opportunities as a panel of its page."""
    account = queries.account_or_404(request.membership, pk)
    context = {
        "account": account,
        "opportunities": queries.of_account(request.membership, account),
        "stages": queries.stage_table(),
    }
    return render(request, "funnel/of_account.html", context)
