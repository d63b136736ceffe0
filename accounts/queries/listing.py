"""The list of customers: its filters, its order, its totals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Sum, Value, When

from accounts import names
from accounts.filters import Filters
from accounts.models import (
    Account,
    AccountQuerySet,
)
from accounts.segments import Segment, few_that_make
from tenants.models import Membership, Team


@dataclass(frozen=True)
class Totals:
    """Of everything the filters leave: how many, and what they bring a year."""

    count: int
    revenue: int


@dataclass(frozen=True)
class Few:
    """The accounts that make 80% of the revenue: how many, of how many, what share exactly (percent) and from which
    revenue on."""

    count: int
    of: int
    percent: int
    revenue_from: int


SHARE = 80

_SEGMENT_ORDER = Case(
    *(When(segment=segment, then=Value(place)) for place, segment in enumerate(Segment)), output_field=IntegerField()
)

_ORDERS: Mapping[str, Any] = {
    "name": F("name_key"),
    "segment": _SEGMENT_ORDER,
    "owner": F("owner__user__name"),
    "revenue": F("annual_revenue"),
    "last_contact": F("last_contact_at"),
}


def few(accounts: AccountQuerySet, of: int) -> Few | None:
    """Return which few of these make 80% of the revenue; None while there is none."""
    revenues = list(
        accounts.filter(annual_revenue__gt=0).order_by("-annual_revenue").values_list("annual_revenue", flat=True)
    )
    count = few_that_make(SHARE, revenues)
    if not count:
        return None
    least = revenues[count - 1]
    among = [revenue for revenue in revenues if revenue >= least]
    return Few(len(among), of, 100 * sum(among) // sum(revenues), least)


def narrowed(membership: Membership, filters: Filters, *, now: datetime) -> AccountQuerySet:
    """Return what `membership` may see and the filters leave."""
    accounts: AccountQuerySet = Account.objects.visible_to(membership)
    exact = {
        "owner_id": filters.owner,
        "segment": filters.segment,
        "industry": filters.industry,
        "region": filters.region,
        "kind": filters.kind,
    }
    accounts = accounts.filter(**{name: value for name, value in exact.items() if value})
    if filters.top:
        found = few(Account.objects.visible_to(membership), 0)
        accounts = accounts.filter(annual_revenue__gte=found.revenue_from if found else 1)
    if filters.assess:
        accounts = accounts.filter(needs_assessment=True)
    if filters.quiet:
        accounts = accounts.quiet_since(now - timedelta(days=filters.quiet))
    if filters.team:
        paths = Team.objects.filter(pk=filters.team).values_list("path", flat=True)
        path = next(iter(paths), None)
        people = Membership.objects.in_current_organization().filter(team__path__startswith=path or "none")
        accounts = accounts.filter(owner_id__in=people.values("pk"))
    if filters.q:
        accounts = accounts.matching(names.key(filters.q))
    return accounts


def totals(accounts: AccountQuerySet) -> Totals:
    """Count these accounts and add up what they bring a year."""
    found = accounts.aggregate(count=Count("pk"), revenue=Sum("annual_revenue"))
    return Totals(found["count"], found["revenue"] or 0)


def listed(accounts: AccountQuerySet, sort: str) -> Any:
    """Return the rows of the list, in order; the name decides between equals, who was never met waits the longest."""
    order = _ORDERS[sort.removeprefix("-")]
    by = order.desc(nulls_last=True) if sort.startswith("-") else order.asc(nulls_first=True)
    return accounts.select_related("owner__user").order_by(by, "name_key", "pk")


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed by."""

    owners: list[Membership]
    teams: list[Team]
    industries: list[str]
    regions: list[str]


def choices(membership: Membership) -> Choices:
    """Return the owners, teams, industries and regions of the accounts `membership` may see."""
    visible = Account.objects.visible_to(membership)
    pairs = set(visible.order_by().values_list("industry", "region").distinct())
    ids = membership.visible_owner_ids
    owners = Membership.objects.in_current_organization().order_by("user__name", "pk")
    teams = Team.objects.all()
    if ids is not None:
        owners = owners.filter(pk__in=ids)
        path = membership.team.path if membership.team_id and len(ids) > 1 else None
        teams = teams.filter(path__startswith=path) if path else teams.none()
    return Choices(
        owners=list(owners.selling()) if ids is None or len(ids) > 1 else [],
        teams=list(teams),
        industries=sorted({industry for industry, _region in pairs} - {""}),
        regions=sorted({region for _industry, region in pairs} - {""}),
    )
