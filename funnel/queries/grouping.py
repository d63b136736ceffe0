"""What the table would list, counted and added up by any field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from funnel.grouping import DIMENSIONS, in_order
from funnel.matrix import COLUMNS, Matrix, arranged
from funnel.models import OpportunityQuerySet, proven_amount, weighted_amount
from funnel.queries.dimensions import key_of, names_of
from funnel.stages import StageRow, Status
from tenants.models import Membership, Organization
from tenants.queries import PAGE


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its key, and what is in it; `weighted` and `proven` count open ones."""

    key: str
    count: int
    total: int
    weighted: int
    proven: int


@dataclass(frozen=True)
class Groups:
    """The groups of one page, `number` of them on all pages together, and their `names` by key."""

    shown: Sequence[Group]
    number: int
    names: dict[str, str]


def groups(
    rows: OpportunityQuerySet,
    code: str,
    membership: Membership,
    *,
    table: list[StageRow],
    language: str,
    page: int = 1,
    status: str = "",
) -> Groups:
    """Group rows (all of `status`, where it is given) by a dimension: one query for the figures, one for the names."""
    dimension = DIMENSIONS[code]
    if dimension.order:
        order: Sequence[Any] = ("array_position(%s::text[], key::text), key::text", list(dimension.order))
    else:
        order = ("key",) if dimension.by_key else ("total DESC, n DESC, key",)
    inner, values = _cells(rows, [code], membership.organization, table, status)
    sql = (
        "SELECT coalesce(key::text, ''), n, total::bigint, weighted::bigint, proven::bigint, count(*) OVER ()"  # noqa: S608
        f" FROM ({inner}) AS found(key, n, total, weighted, proven)"
        f" ORDER BY {order[0]} LIMIT {PAGE:d} OFFSET {(min(page, 100_000) - 1) * PAGE:d}"
    )  # made of what the ORM wrote and of words of ours, values apart
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, *order[1:]])
        found = cursor.fetchall()
    shown = [Group(*row[:5]) for row in found]
    keys = [group.key for group in shown]
    names = names_of(code, keys, membership, table=table, language=language)
    return Groups(shown, found[0][5] if found else 0, names)


def matrix(
    rows: OpportunityQuerySet,
    line: str,
    column: str,
    membership: Membership,
    *,
    table: list[StageRow],
    language: str,
    status: str = "",
) -> tuple[Matrix, dict[str, str]]:
    """Group rows, all of this `status` where one is given, by two dimensions, the second in columns.

    With the matrix come the names of the columns.
    """
    inner, values = _cells(rows, [line, column], membership.organization, table, status)
    sql = (
        "SELECT coalesce(key::text, ''), coalesce(across::text, ''), n, total::bigint, weighted::bigint, proven::bigint"  # noqa: S608
        f" FROM ({inner}) AS cell(key, across, n, total, weighted, proven)"
    )  # made of what the ORM wrote, values apart
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        figures = cursor.fetchall()
    sizes: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for *keys, _count, total, _weighted, _proven in figures:
        for size, key in zip(sizes, keys, strict=True):
            size[key] = size.get(key, 0) + total
    columns = list(COLUMNS) if column == "stage" else in_order(DIMENSIONS[column], sizes[1])
    ordered = DIMENSIONS[line].by_key or DIMENSIONS[line].order
    named = {
        code: names_of(code, list(size), membership, table=table, language=language)
        for code, size in zip((line, column), sizes, strict=True)
    }
    lines = in_order(DIMENSIONS[line], sizes[0]) if ordered else None
    if column == "stage":
        named[column] = {str(int(row.stage)): row.label for row in table}
    return arranged(figures, named[line], columns, lines), named[column]


def _cells(
    rows: OpportunityQuerySet,
    codes: Sequence[str],
    organization: Organization,
    table: Sequence[StageRow],
    status: str,
) -> tuple[str, Sequence[Any]]:
    """Return the query that counts and adds up by these dimensions, and its values.

    :param status: the one that all rows have, where there is one: of open ones an index alone then answers.
    """
    keys = {f"by_{code}": key_of(code, organization) for code in codes}
    percents = {row.stage: row.percent for row in table}
    standing: dict[str, Any] = {} if status == Status.OPEN else {"filter": Q(status=Status.OPEN)}
    sums = {
        "n": Count("*"),
        "sum": Sum("amount", default=0),
        "claims": Sum(weighted_amount(percents), default=0, **standing),
        "proves": Sum(proven_amount(percents), default=0, **standing),
    }
    counted = rows.order_by().annotate(**keys).values(*keys).annotate(**sums)
    sql, values = counted.values_list(*keys, *sums).query.sql_with_params()
    return sql, values
