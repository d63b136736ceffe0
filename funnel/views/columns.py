"""The columns of the table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from funnel import filters, labels
from funnel.columns import NUMBERS, OF_CLOSED, OF_OPEN, ON_PHONES, SORTED, written
from funnel.views.answers import url_of
from tenants.web import OrgRequest


class Head(NamedTuple):
    """The head of a column."""

    code: str
    words: Any
    sort: str
    is_number: bool
    on_phone: bool


def heads_of(wanted: filters.Filters, *, closed: bool) -> list[Head]:
    """Return the heads of the columns that a line shows."""
    shown = wanted.cols or (OF_CLOSED if closed else OF_OPEN)
    return [Head(code, labels.COLUMNS[code], SORTED[code], code in NUMBERS, code in ON_PHONES) for code in shown]


def without_several(request: OrgRequest, codes: Sequence[str]) -> str:
    """Return the address in which the columns ticked stand as one value."""
    query = request.GET.copy()
    query["cols"] = written(codes)
    return f"{url_of(request, 'table')}?{query.urlencode()}"
