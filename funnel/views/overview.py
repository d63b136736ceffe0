"""The board, the table, and the panel of an account."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from funnel import filters, queries
from funnel.saved_views import Place
from funnel.views.answers import card_context, columns, language, url_of
from funnel.views.columns import heads_of, without_several
from funnel.views.controls import board_controls, is_over, switch, table_controls, table_heads
from funnel.views.grouping import grouped, narrowed
from funnel.views.saved_views import default_address, views_context
from tenants.permissions import Permission
from tenants.queries import CountedPaginator
from tenants.web import OrgRequest, number, org_view, render_page


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def board(request: OrgRequest) -> HttpResponse:
    """Show the seven stages, or the groups asked for, with the first cards of each; sums count all."""
    saved = views_context(request, Place.BOARD)
    if first := default_address(request, saved["tabs"]):
        return HttpResponseRedirect(first)
    wanted, stages, day = filters.read_board(request.GET), queries.stage_table(), request.today
    if wanted.group:
        shown = queries.group_board(request.membership, wanted, today=day, table=stages, language=language(request))
    else:
        shown = queries.board(request.membership, wanted, today=day, table=stages)
    context = {
        "board": shown,
        "filters": wanted,
        "controls": board_controls(request, wanted, queries.choices(request.membership), shown.attention),
        "switch": switch(request, "board"),
        "columns": shown.columns,
        "grouped": wanted.group,
        "narrowed": narrowed(request, wanted, stages),
        "address": request.GET.urlencode(),
        "pulse": pulse_address(request),
        **saved,
        **card_context(request),
    }
    return render_page(request, "funnel/board.html", context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def pulse(request: OrgRequest) -> HttpResponse:
    """Answer an open board with the columns in which others changed something since it last asked, or with nothing."""
    seconds = number(request.GET.get("since"))
    since = datetime.fromtimestamp(min(seconds, 2**31), UTC)
    touched = queries.touched_since(request.membership, since) if seconds else set()
    if not touched:
        return HttpResponse(status=204)
    response = columns(request, touched)
    pulse = render_to_string("funnel/pulse.html", {"pulse": pulse_address(request)}, request)
    response.content = f"{pulse}{response.content.decode()}".encode()
    return response


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def table(request: OrgRequest) -> HttpResponse:
    """List opportunities, the rows behind every number; or the groups into which they fall."""
    saved = views_context(request, Place.TABLE)
    if first := default_address(request, saved["tabs"]):
        return HttpResponseRedirect(first)
    if len(several := request.GET.getlist("cols")) > 1:
        return HttpResponseRedirect(without_several(request, several))
    context = {**saved, **_listed(request, filters.read(request.GET))}
    return render_page(request, "funnel/table.html", context, partial="rows")


def _listed(request: OrgRequest, wanted: filters.Filters) -> dict[str, Any]:
    """Return a page of the opportunities, or the groups into which they fall, with what all of them add up to."""
    stages = queries.stage_table()
    rows = queries.listed(request.membership, wanted, today=request.today)
    totals = queries.totals(rows, stages, status=wanted.status)
    context: dict[str, Any] = {
        "totals": totals,
        "filters": wanted,
        "controls": partial(table_controls, request, wanted, queries.choices(request.membership), stages),
        "switch": switch(request, "table"),
        "stages": stages,
        "narrowed": narrowed(request, wanted, stages),
    }
    if wanted.group:
        context |= grouped(request, wanted, rows, stages)
    else:
        may_pick = request.membership.can(Permission.FUNNEL_EDIT)
        heads = heads_of(wanted, closed=is_over(wanted))
        context |= {"may_pick": may_pick, "heads": heads, "head_row": table_heads(request, wanted, may_pick=may_pick)}
        pages = CountedPaginator(queries.in_order(rows, wanted), totals.count)
        context["page"] = pages.get_page(filters.page_number(request.GET))
    return context


def pulse_address(request: OrgRequest) -> str:
    """Return where a board asks what others did since now."""
    query = request.GET.copy()
    query["since"] = str(int(request.now.timestamp()))
    return f"{url_of(request, 'pulse')}?{query.urlencode()}"


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def of_account(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an account's opportunities as a panel of its page."""
    account, wanted = queries.account_or_404(request.membership, pk), filters.read(request.GET)
    context = {
        "account": account,
        "filters": wanted,
        "opportunities": queries.of_account(request.membership, account, wanted),
        "stages": queries.stage_table(),
    }
    return render(request, "funnel/of_account.html", context)
