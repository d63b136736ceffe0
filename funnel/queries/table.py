"""The table of opportunities: the rows behind every number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.db.models import Count, F, QuerySet, Sum

from funnel.filters import CLOSED, Filters
from funnel.models import URGENCY, OpportunityQuerySet, proven_amount, weighted_amount
from funnel.queries.opportunities import closed, due, in_health, narrowed
from funnel.stages import StageRow, Status
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


def totals(rows: OpportunityQuerySet, table: Sequence[StageRow], *, status: str = "") -> Totals:
    """Count the rows and add them up.

    :param status: the one that all of them have, where there is one: an index alone then answers.
    """
    percents = {row.stage: row.percent for row in table}
    sums = {
        "n": Count("*"),
        "total": Sum("amount"),
        "weighted": Sum(weighted_amount(percents)),
        "proven": Sum(proven_amount(percents)),
    }
    found: list[Any]
    if status in set(Status):
        found = [{"status": status, **rows.order_by().aggregate(**sums)}]
    else:
        found = list(rows.order_by().values("status").annotate(**sums))
    standing = [each for each in found if each["status"] == Status.OPEN]
    return Totals(
        count=sum(each["n"] for each in found),
        total=sum(int(each["total"] or 0) for each in found),
        weighted=sum(int(each["weighted"] or 0) for each in standing),
        proven=sum(int(each["proven"] or 0) for each in standing),
    )
