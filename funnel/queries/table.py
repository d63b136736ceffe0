"""The table of opportunities: the rows behind every number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.db import connection
from django.db.models import F, QuerySet

from funnel.filters import CLOSED, Filters
from funnel.models import URGENCY, OpportunityQuerySet, proven_amount, weighted_amount
from funnel.queries.opportunities import closed, due, in_health, narrowed
from funnel.stages import StageRow, Status
from tenants.backend.whole import narrowing
from tenants.models import Membership

SHOWN = (
    *("pk", "name", "account__name", "owner_id", "owner__user__name", "status", "stage", "amount", "health"),
    *("expected_close_on", "closed_at", "reason", "rival", "next_step", "next_step_on"),
)
"""What a line of the table shows; whole objects of five tables took longer to make than to find."""

EXTRA = {
    "category": "category",
    "product": "product__name",
    "segment": "account__segment",
    "region": "account__region",
    "source": "source",
    "contact": "last_contact_at",
    "entered": "stage_entered_at",
    "size": "size",
    "budget": "budget",
    "schedule": "schedule_on",
}
"""What some columns show besides, fetched where they are asked for."""


@dataclass(frozen=True)
class Totals:
    """Of everything the filters leave; `weighted` and `proven` count open ones alone."""

    count: int
    total: int
    weighted: int
    proven: int


_ORDERS: dict[str, Sequence[Any]] = {
    "name": ("account__name_key", "name"),
    "stage": ("stage",),
    "amount": ("amount",),
    "due": ("expected_close_on",),
    "owner": ("owner__user__name",),
    "health": (URGENCY,),
    "next": ("next_step_on",),
    "closed": ("closed_at",),
    "contact": ("last_contact_at",),
    "entered": ("stage_entered_at",),
    "size": ("size",),
    "budget": ("budget",),
    "schedule": ("schedule_on",),
}


def listed(membership: Membership, filters: Filters, *, today: date) -> OpportunityQuerySet:
    """Return the rows of the table, unsorted."""
    organization = membership.organization
    rows = narrowed(membership, filters, today=today).filter(due(filters, organization, today), in_health(filters))
    if filters.status == CLOSED:
        rows = rows.exclude(status=Status.OPEN)
    elif filters.status in set(Status):
        rows = rows.filter(status=filters.status)
    if filters.stage:
        rows = rows.filter(stage=filters.stage)
    return rows.filter(closed(*filters.closed_between(today, organization.fiscal_year_start), organization))


def in_order(rows: OpportunityQuerySet, filters: Filters) -> QuerySet[Any]:
    """Return what the lines show (`SHOWN`), sorted; what is unknown comes last."""
    over = filters.status in {Status.WON, Status.LOST, Status.ABANDONED, CLOSED}
    sort = filters.sort or ("-closed" if over else "health")
    keys = [F(key) if isinstance(key, str) else key for key in _ORDERS[sort.removeprefix("-")]]
    by: list[Any] = [key.desc(nulls_last=True) if sort.startswith("-") else key.asc() for key in keys]
    extra = [EXTRA[code] for code in filters.cols if code in EXTRA]
    ordered = rows.order_by(*by, F("amount").desc(nulls_last=True), "pk")
    return cast("QuerySet[Any]", ordered.values_list(*SHOWN, *extra, named=True))


_TOTALS = """
    SELECT {status}, count(*), sum(funnel_opportunity.amount), sum({weighted}), sum({proven})
    FROM {tables} WHERE {where} {grouped}
"""


def totals(rows: OpportunityQuerySet, table: Sequence[StageRow], *, status: str = "") -> Totals:
    """Count the rows and add them up.

    :param status: the one that all of them have, where there is one: an index alone then answers.
    """
    percents = {row.stage: row.percent for row in table}
    is_one = status in set(Status)
    tables, where, values = narrowing(rows)
    sql = _TOTALS.format(
        status=f"'{Status(status)}'" if is_one else "funnel_opportunity.status",
        weighted=weighted_amount(percents).written,
        proven=proven_amount(percents).written,
        tables=tables,
        where=where,
        grouped="" if is_one else "GROUP BY funnel_opportunity.status",
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found = [(of, *(int(sum_ or 0) for sum_ in sums)) for of, *sums in cursor.fetchall()]
    standing = [each for each in found if each[0] == Status.OPEN]
    return Totals(
        count=sum(count for _of, count, *_sums in found),
        total=sum(total for _of, _count, total, *_sums in found),
        weighted=sum(weighted for *_others, weighted, _proven in standing),
        proven=sum(proven for *_others, proven in standing),
    )
