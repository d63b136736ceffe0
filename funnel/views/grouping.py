"""Groups of opportunities: in the table, and as lines and columns; the words of what narrows them."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from funnel import filters, labels, queries
from funnel.grouping import DIMENSIONS
from funnel.models import OpportunityQuerySet
from funnel.stages import Category, StageRow
from funnel.views.answers import language, url_of
from funnel.views.controls import matrix_controls
from tenants.formats import exact, short_date
from tenants.labels import worded
from tenants.permissions import Permission
from tenants.queries import CountedPaginator
from tenants.web import OrgRequest, org_view, render_page


def rows_at(request: OrgRequest, *codes: str) -> str:
    """Return the beginning of the address of rows, with everything that narrows this page but these dimensions."""
    query = request.GET.copy()
    for name in (
        "group",
        "across",
        "page",
        "view",
        *(n for code in codes for n in (DIMENSIONS[code].param, f"in_{code}")),
    ):
        query.pop(name, None)
    return f"{url_of(request, 'table')}?{query.urlencode()}{'&' if query else ''}"


def says(code: str, key: str) -> str:
    """Return what the address of the rows of a group says of it: the filter that means the same, or the group."""
    return f"{(DIMENSIONS[code].param if key else '') or f'in_{code}'}={quote(key, safe='')}"


def grouped(
    request: OrgRequest, wanted: filters.Filters, rows: OpportunityQuerySet, stages: list[StageRow]
) -> dict[str, Any]:
    """Return what the table shows of the groups; each opens its rows."""
    number = filters.page_number(request.GET)
    said, by = language(request), request.membership
    found = queries.groups(rows, wanted.group, by, table=stages, language=said, page=number, status=wanted.status)
    start = rows_at(request, wanted.group)
    shown = [(group, found.names[group.key], f"{start}{says(wanted.group, group.key)}") for group in found.shown]
    pages: Paginator[Any] = CountedPaginator(range(found.number), found.number)
    return {
        "groups": shown,
        "grouping": labels.GROUPINGS[wanted.group],
        "repeats": DIMENSIONS[wanted.group].repeats,
        "page": pages.get_page(number),
    }


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def matrix(request: OrgRequest) -> HttpResponse:
    """Show what is open by two fields, owners and stages first; every number opens its rows."""
    query = request.GET.copy()
    for name in _OF_THE_TABLE:
        query.pop(name, None)
    request.GET = query  # type: ignore[assignment]  # what narrows the table alone says nothing here
    wanted, stages = filters.read(query), queries.stage_table()
    line, column = _pair(wanted)
    rows = queries.listed(request.membership, wanted, today=request.today)
    said, by = language(request), request.membership
    found, heads = queries.matrix(rows, line, column, by, table=stages, language=said, status=wanted.status)
    context = {
        "matrix": found,
        "lines": _lines(request, line, column, found),
        "heads": [(key, heads.get(key, key)) for key in found.columns],
        "line_words": labels.GROUPINGS[line],
        "column_words": labels.GROUPINGS[column],
        "filters": wanted,
        "controls": matrix_controls(request, wanted, queries.choices(request.membership), line, column),
        "narrowed": narrowed(request, wanted, stages),
        "address": f"?{query.urlencode()}" if query else "",
    }
    return render_page(request, "funnel/matrix.html", context)


_OF_THE_TABLE = (
    "stage",
    "status",
    "sort",
    "page",
    "closed",
    "closed_from",
    "closed_to",
    "in_status",
    "in_closed_month",
)
"""What narrows the table alone: the matrix has the open ones of every stage."""


def _pair(wanted: filters.Filters) -> tuple[str, str]:
    """Return by what the lines and the columns are: never the same, and nothing with a group for every customer."""
    line = wanted.group if wanted.group and DIMENSIONS[wanted.group].few else "owner"
    column = wanted.across if wanted.across and DIMENSIONS[wanted.across].few else "stage"
    if line == column:
        column = "stage" if line != "stage" else "owner"
    return line, column


def _lines(
    request: OrgRequest, line: str, column: str, found: Any
) -> list[tuple[str, str, list[tuple[Any, str]], Any]]:
    """Return the lines, the sum of all as the last: name, address, cells with their addresses, and their sum."""
    start = rows_at(request, line, column)
    columns = [says(column, key) for key in found.columns]
    lines = []
    for row in found.rows:
        own = says(line, row.key)
        cells = [(cell, f"{start}{across}&{own}") for across, cell in zip(columns, row.cells, strict=True)]
        lines.append((row.name, f"{start}{own}", cells, row.sum))
    sums = [(cell, f"{start}{across}") for across, cell in zip(columns, found.sums, strict=True)]
    return [*lines, ("", start, sums, found.sum)]


def narrowed(request: OrgRequest, wanted: filters.Filters, stages: list[StageRow]) -> list[tuple[str, str]]:
    """Return what narrows the rows and no control shows, or what has gone: words, and the address without it."""

    def without(*names: str) -> str:
        query = request.GET.copy()
        for name in (*names, "page"):
            query.pop(name, None)
        return f"?{query.urlencode()}"

    membership, said = request.membership, language(request)
    named = [(code, str(pk), code) for code in ("owner", "team", "product", "account") if (pk := getattr(wanted, code))]
    shown = []
    for code, key, param in (*named, *((code, key, f"in_{code}") for code, key in wanted.within)):
        if queries.has_gone(code, key, membership):
            shown.append((_("%(field)s: no longer there") % {"field": labels.GROUPINGS[code]}, without(param)))
        elif param.startswith("in_") or param == "account":
            name = queries.names_of(code, [key], membership, table=stages, language=said)[key]
            shown.append((worded(labels.GROUPINGS[code], name) if key else name, without(param)))
    if wanted.category in set(Category):
        shown.append((str(labels.CATEGORIES[Category(wanted.category)]), without("category")))
    for first, last, names, text in (
        (wanted.due_from, wanted.due_to, ("due_from", "due_to"), _("Due %(first)s – %(last)s")),
        (wanted.closed_from, wanted.closed_to, ("closed_from", "closed_to"), _("Closed %(first)s – %(last)s")),
    ):
        if first or last:
            days = {"first": _day(request, first), "last": _day(request, last)}
            shown.append((text % days, without(*names)))
    return shown + [(words, without(*names)) for words, names in _told(request, wanted)]


def _told(request: OrgRequest, wanted: filters.Filters) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what bounds what the customer told, in words, and the names in the address."""
    said = dict(wanted.told)
    sums = (_("%(field)s %(first)s – %(last)s"), _("%(field)s at least %(first)s"), _("%(field)s at most %(last)s"))
    days = (sums[0], _("%(field)s from %(first)s"), _("%(field)s until %(last)s"))
    for code, (both, least, most) in (("size", sums), ("budget", sums), ("schedule", days)):
        names = (f"{code}_from", f"{code}_to")
        first, last = (_bound(request, said.get(name)) for name in names)
        if first or last:
            words = both if first and last else least if first else most
            yield words % {"field": labels.COLUMNS[code], "first": first, "last": last}, names


def _bound(request: OrgRequest, value: int | date | None) -> str:
    return exact(value) if isinstance(value, int) else _day(request, value)


def _day(request: OrgRequest, day: date | None) -> str:
    return short_date(day, request.today, language(request), weekday=False) if day else ""
