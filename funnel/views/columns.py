"""The columns of the table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from funnel import filters, labels
from funnel.columns import NUMBERS, OF_CLOSED, OF_OPEN, ON_PHONES, SORTED, written
from funnel.views.answers import url_of
from tenants.permissions import Permission
from tenants.web import OrgRequest


class Head(NamedTuple):
    """The head of a column."""

    code: str
    words: Any
    sort: str
    is_number: bool
    on_phone: bool


def columns_context(request: OrgRequest, wanted: filters.Filters, *, closed: bool) -> dict[str, Any]:
    """Return the heads of the columns, and what there is to choose from."""
    shown = wanted.cols or (OF_CLOSED if closed else OF_OPEN)
    kept = [(name, value) for name, value in request.GET.items() if name not in {"cols", "page", "view"}]
    return {
        "heads": [Head(code, labels.COLUMNS[code], SORTED[code], code in NUMBERS, code in ON_PHONES) for code in shown],
        "column_choices": [(code, words, code in shown) for code, words in labels.COLUMNS.items()],
        "all_kept": kept,
        "may_pick": request.membership.can(Permission.FUNNEL_EDIT),
    }


def without_several(request: OrgRequest, codes: Sequence[str]) -> str:
    """Return the address in which the columns ticked stand as one value."""
    query = request.GET.copy()
    query["cols"] = written(codes)
    return f"{url_of(request, 'table')}?{query.urlencode()}"
