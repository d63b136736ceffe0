"""What stands above board, table and matrix: by what they are narrowed, grouped and sorted. Drawn once for what it is
made of (`tenants.templatetags.frame.controls`).
"""

from typing import Any

from django.http import QueryDict
from django.utils.safestring import SafeString

from funnel import filters, labels
from funnel.grouping import DIMENSIONS
from funnel.queries import Choices
from funnel.stages import StageRow, Status
from funnel.views.columns import heads_of
from tenants.formats import plain
from tenants.templatetags.frame import controls
from tenants.web import OrgRequest

_OVER = frozenset({Status.WON, Status.LOST, Status.ABANDONED, filters.CLOSED})
_WITHIN = tuple(f"in_{code}" for code in DIMENSIONS)
_KEPT_BY_BOARD = ("account", *_WITHIN)
_KEPT_BY_TABLE = (
    *("account", "category", "due_from", "due_to", "closed_from", "closed_to", "sort", "cols"),
    *(*filters.TOLD, *_WITHIN),
)
_KEPT_BY_MATRIX = ("account", "category", *_WITHIN)


def is_over(wanted: filters.Filters) -> bool:
    """Return whether only what is closed is asked for."""
    return wanted.status in _OVER


def switch(request: OrgRequest, now: str) -> SafeString:
    """Return the switch between board, table and leads, and the button that opens an opportunity."""
    return controls(request, "funnel/switch_and_new.html", _of_switch, now)


def _of_switch(_query: QueryDict, now: str) -> dict[str, Any]:
    return {"now": now}


def board_controls(request: OrgRequest, wanted: filters.Filters, choices: Choices, attention: int) -> SafeString:
    """Return the controls of the board; `attention` is how many need it."""
    return controls(request, "funnel/board_controls.html", _of_board, wanted, choices, attention)


def _of_board(query: QueryDict, wanted: filters.Filters, choices: Choices, attention: int) -> dict[str, Any]:
    return {
        **_narrowing(wanted, choices),
        "attention": attention,
        "grouped": wanted.group,
        "groupings": _board_groupings(),
        "kept": _kept(query, _KEPT_BY_BOARD),
        "categories": labels.CATEGORIES.items(),
    }


def table_controls(
    request: OrgRequest, wanted: filters.Filters, choices: Choices, stages: list[StageRow]
) -> SafeString:
    """Return the controls of the table."""
    return controls(request, "funnel/table_controls.html", _of_table, wanted, choices, tuple(stages))


def _of_table(
    query: QueryDict, wanted: filters.Filters, choices: Choices, stages: tuple[StageRow, ...]
) -> dict[str, Any]:
    shown = {head.code for head in heads_of(wanted, closed=is_over(wanted))}
    return {
        **_narrowing(wanted, choices),
        "stages": stages,
        "statuses": labels.STATUS_FILTERS,
        "closed_choices": labels.CLOSED,
        "closed": is_over(wanted),
        "groupings": _table_groupings(wanted),
        "kept": _kept(query, _KEPT_BY_TABLE),
        "all_kept": [(name, value) for name, value in query.items() if name not in {"cols", "page", "view"}],
        "all_but_told": [(name, value) for name, value in query.items() if name not in {*filters.TOLD, "page", "view"}],
        "column_choices": [(code, words, code in shown) for code, words in labels.COLUMNS.items()],
    }


def table_heads(request: OrgRequest, wanted: filters.Filters, *, may_pick: bool) -> SafeString:
    """Return the heads of the table's columns."""
    return controls(request, "funnel/heads.html", _of_heads, wanted, may_pick)


def _of_heads(_query: QueryDict, wanted: filters.Filters, may_pick: bool) -> dict[str, Any]:  # a key
    return {"heads": heads_of(wanted, closed=is_over(wanted)), "may_pick": may_pick}


def matrix_controls(
    request: OrgRequest, wanted: filters.Filters, choices: Choices, line: str, column: str
) -> SafeString:
    """Return the controls of the matrix of two fields."""
    return controls(request, "funnel/matrix_controls.html", _of_matrix, wanted, choices, line, column)


def _of_matrix(query: QueryDict, wanted: filters.Filters, choices: Choices, line: str, column: str) -> dict[str, Any]:
    return {
        **_narrowing(wanted, choices),
        "line": line,
        "column": column,
        "line_choices": _matrix_choices(),
        "column_choices": _matrix_choices(),
        "kept": [(name, query[name]) for name in query if name in _KEPT_BY_MATRIX],
    }


def _narrowing(wanted: filters.Filters, choices: Choices) -> dict[str, Any]:
    told = {name: plain(value) if isinstance(value, int) else value.isoformat() for name, value in wanted.told}
    return {"filters": wanted, "choices": choices, "due_choices": labels.DUE, "told": told}


def _kept(query: QueryDict, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, str(query[name])) for name in names if name in query]


def _table_groupings(wanted: filters.Filters) -> list[tuple[str, Any]]:
    """Return by what the rows can be grouped so that it says something: not by what all of them share."""
    shared = {"status"} if wanted.status in set(Status) else set()
    if wanted.status == Status.OPEN:
        shared.add("closed_month")
    return [(code, words) for code, words in labels.GROUPINGS.items() if code not in shared or code == wanted.group]


def _board_groupings() -> list[tuple[str, Any]]:
    """Return by what the board can be grouped, instead of by stage."""
    return [(code, words) for code, words in labels.GROUPINGS.items() if filters.read_board({"group": code}).group]


def _matrix_choices() -> list[tuple[str, Any]]:
    never = {"status", "closed_month"}
    return [(code, words) for code, words in labels.GROUPINGS.items() if DIMENSIONS[code].few and code not in never]
