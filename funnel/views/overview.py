"""The board, the table, and the panel of an account."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from funnel import filters, labels, queries
from funnel.stages import Category, Status
from funnel.views.answers import card_context, language, url_of
from tenants.formats import short_date
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
    """List opportunities: the rows behind every number."""
    wanted = filters.read(request.GET)
    stages = queries.stage_table()
    rows = queries.listed(request.membership, wanted, today=request.today)
    totals = queries.totals(rows, stages, status=wanted.status)
    pages = CountedPaginator(queries.in_order(rows, wanted), totals.count)
    context = {
        "page": pages.get_page(filters.page_number(request.GET)),
        "totals": totals,
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "stages": stages,
        "statuses": labels.STATUS_FILTERS,
        "flags": [(code, flag.name) for code, flag in labels.FLAGS.items()],
        "due_choices": labels.DUE,
        "closed_choices": labels.CLOSED,
        "healths": labels.HEALTHS.items(),
        "kept": [(name, request.GET[name]) for name in _KEPT if request.GET.get(name)],
        "narrowed": _narrowed(request, wanted),
        "closed": wanted.status in {Status.WON, Status.LOST, Status.ABANDONED, filters.CLOSED},
    }
    return render_page(request, "funnel/table.html", context, partial="rows")


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def matrix(request: OrgRequest) -> HttpResponse:
    """Show what is open by stage and owner; every number opens its rows."""
    query = request.GET.copy()
    for name in _OF_THE_TABLE:
        query.pop(name, None)
    wanted, address = filters.read(query), query.urlencode()
    context = {
        "matrix": queries.matrix(request.membership, wanted, today=request.today),
        "stages": queries.stage_table()[:-1],
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "due_choices": labels.DUE,
        "kept": [(name, query[name]) for name in ("account", "category", "health", "flag") if query.get(name)],
        "rows_at": f"{url_of(request, 'table')}?{address}{'&' if address else ''}",
        "address": f"?{address}" if address else "",
    }
    return render_page(request, "funnel/matrix.html", context)


_OF_THE_TABLE = ("stage", "status", "sort", "page", "closed", "closed_from", "closed_to")
"""What narrows the table alone: the matrix has the open ones of every stage."""

_KEPT = ("account", "category", "due_from", "due_to", "closed_from", "closed_to", "sort")


def _narrowed(request: OrgRequest, wanted: filters.Filters) -> list[tuple[str, str]]:
    """Return what a link narrowed that no control shows: words, and the address without it."""

    def without(*names: str) -> str:
        query = request.GET.copy()
        for name in (*names, "page"):
            query.pop(name, None)
        return f"?{query.urlencode()}"

    shown = []
    if wanted.account:
        shown.append((queries.account_name(request.membership, wanted.account), without("account")))
    if wanted.category in set(Category):
        shown.append((str(labels.CATEGORIES[Category(wanted.category)]), without("category")))
    for first, last, names, text in (
        (wanted.due_from, wanted.due_to, ("due_from", "due_to"), _("Due %(first)s – %(last)s")),
        (wanted.closed_from, wanted.closed_to, ("closed_from", "closed_to"), _("Closed %(first)s – %(last)s")),
    ):
        if first or last:
            days = {"first": _day(request, first), "last": _day(request, last)}
            shown.append((text % days, without(*names)))
    return shown


def _day(request: OrgRequest, day: date | None) -> str:
    return short_date(day, request.today, language(request), weekday=False) if day else ""


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
