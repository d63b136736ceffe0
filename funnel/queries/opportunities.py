"""Which opportunities there are for whom, and by what they are narrowed; what search and imports ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast

from django.db import connection
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts import queries as accounts_queries
from accounts.models import Account, Product, SearchRow
from accounts.queries import Found
from funnel import labels
from funnel.commitment import Backing
from funnel.filters import ATTENTION, Filters
from funnel.models import (
    URGENCY,
    Opportunity,
    OpportunityQuerySet,
    StageSetting,
)
from funnel.queries.dimensions import is_in
from funnel.stages import Health, Stage, StageRow, Status
from tenants import formats
from tenants.backend.whole import columns, narrowing, taken
from tenants.errors import Stale
from tenants.models import SELLING, ExchangeRate, Membership, Organization, Team, User
from tenants.scoping import require_organization_id


def stage_table() -> list[StageRow]:
    """Return the seven stages in order, as the organization has them; one query."""
    return StageSetting.table()


def visible(membership: Membership) -> OpportunityQuerySet:
    """Return the opportunities `membership` may see."""
    return cast("OpportunityQuerySet", Opportunity.objects.visible_to(membership))


_ONE = f"""
    SELECT {columns(Opportunity, "funnel_opportunity")}, {columns(Account, "a")}, {columns(Membership, "m")},
        {columns(User, "u")}, {columns(Product, "p")}
    FROM funnel_opportunity
    JOIN accounts_account a ON a.organization_id = funnel_opportunity.organization_id AND a.id = account_id
    JOIN tenants_membership m
        ON m.organization_id = funnel_opportunity.organization_id AND m.id = funnel_opportunity.owner_id
    JOIN tenants_user u ON u.id = m.user_id
    LEFT JOIN accounts_product p ON p.organization_id = funnel_opportunity.organization_id AND p.id = product_id
    WHERE %s
"""  # noqa: S608  # names of our own columns


def opportunity_or_404(membership: Membership, pk: int) -> Opportunity:
    """Return an opportunity with what its page shows first; Http404 for one that `membership` may not see."""
    _table, where, values = narrowing(visible(membership).filter(pk=pk))
    with connection.cursor() as cursor:
        cursor.execute(_ONE % where, values)
        row = cursor.fetchone()
    if row is None:
        raise Http404
    found, rest = taken(Opportunity, row)
    found.account, rest = taken(Account, rest)
    found.owner, rest = taken(Membership, rest)
    found.owner.user, rest = taken(User, rest)
    found.product = taken(Product, rest)[0] if found.product_id else None
    return found


def account_or_404(membership: Membership, pk: int) -> Account:
    """Return an account that `membership` may see, or Http404."""
    return accounts_queries.account_or_404(membership, pk)


# Narrowing ----------------------------------------------------------------------------------------


def day_starts(day: date, organization: Organization) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=organization.zone)


_BOUNDS = {
    "size_from": "size__gte",
    "size_to": "size__lte",
    "budget_from": "budget__gte",
    "budget_to": "budget__lte",
    "schedule_from": "schedule_on__gte",
    "schedule_to": "schedule_on__lte",
}


def narrowed(membership: Membership, filters: Filters, *, today: date) -> OpportunityQuerySet:
    """Return what `membership` may see and the filters leave, apart from status, stage, health, due and closed."""
    rows = visible(membership)
    exact = {
        "owner_id": filters.owner,
        "account_id": filters.account,
        "product_id": filters.product,
        "category": filters.category,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    for code, group in filters.within:
        rows = rows.filter(is_in(code, group, membership.organization))
    if filters.backing:
        rows = rows.committed() if filters.backing == Backing.COMMITTED else rows.promised()
    if filters.gap:
        rows = rows.filter(status=Status.OPEN, proven_stage__lt=F("stage"))
    if filters.flag:
        rows = rows.filter(flags__contains=[filters.flag])
    if filters.told:
        rows = rows.filter(**{_BOUNDS[name]: value for name, value in filters.told})
    if filters.team:
        path = Team.objects.filter(pk=filters.team).values_list("path", flat=True).first()
        people = Membership.objects.in_current_organization().filter(team__path__startswith=path or "none")
        rows = rows.filter(owner_id__in=people.values("pk"))
    key = names.key(filters.q) if filters.q else ""
    if key:
        of_name = SearchRow.objects.found("opportunity", key)
        of_account = SearchRow.objects.found("account", key)
        rows = rows.filter(Q(pk__in=of_name) | Q(account_id__in=of_account))
    return rows


def due(filters: Filters, organization: Organization, today: date) -> Q:
    """Return what the expected close must satisfy."""
    if filters.due == "overdue":
        return Q(status=Status.OPEN, expected_close_on__lt=today)
    if filters.due == "none":
        return Q(expected_close_on=None)
    first, last = filters.due_between(today, organization.fiscal_year_start)
    wanted = Q()
    if first:
        wanted &= Q(expected_close_on__gte=first)
    if last:
        wanted &= Q(expected_close_on__lte=last)
    return wanted


def closed(first: date | None, last: date | None, organization: Organization) -> Q:
    """Return what the closing must satisfy: the organization's days, both included."""
    wanted = Q()
    if first:
        wanted &= Q(closed_at__gte=day_starts(first, organization))
    if last:
        wanted &= Q(closed_at__lt=day_starts(last + timedelta(days=1), organization))
    return wanted


def in_health(filters: Filters) -> Q:
    if filters.health == ATTENTION:
        return Q(status=Status.OPEN) & ~Q(health=Health.OK)
    return Q(status=Status.OPEN, health=filters.health) if filters.health else Q()


def of_health(filters: Filters) -> Q:
    """Return what health and flag must satisfy, for lists that are narrowed by nothing else."""
    flagged = Q(status=Status.OPEN, flags__contains=[filters.flag]) if filters.flag else Q()
    return in_health(filters) & flagged


# Who and what there is to choose ------------------------------------------------------------------


class Choice(NamedTuple):
    """One thing that can be chosen."""

    pk: int
    name: str


@dataclass(frozen=True)
class Choices:
    """What board and table can be narrowed by; empty where there is nothing to choose."""

    teams: tuple[Choice, ...]
    owners: tuple[Choice, ...]
    products: tuple[Choice, ...]


# Written out and asked at once, as every list of opportunities asks it.
_CHOICES = """
    SELECT 'owners', m.id, u.name, row_number() OVER (ORDER BY u.name, m.id)
    FROM tenants_membership m JOIN tenants_user u ON u.id = m.user_id
    WHERE m.organization_id = %(organization)s AND m.is_active AND u.is_active AND m.role = ANY(%(selling)s)
        AND (%(ids)s::bigint[] IS NULL OR m.id = ANY(%(ids)s))
    UNION ALL
    SELECT 'teams', t.id, t.name, row_number() OVER (ORDER BY t.path)
    FROM tenants_team t
    WHERE t.organization_id = %(organization)s AND (%(ids)s::bigint[] IS NULL OR %(team)s::bigint IS NULL OR
        t.path ^@ (SELECT mine.path FROM tenants_team mine
            WHERE mine.organization_id = %(organization)s AND mine.id = %(team)s))
    UNION ALL
    (SELECT 'products', p.id, p.name, row_number() OVER (ORDER BY p.name, p.id)
    FROM accounts_product p WHERE p.organization_id = %(organization)s AND p.is_active ORDER BY p.name, p.id LIMIT 200)
    ORDER BY 1, 4
"""


def choices(membership: Membership) -> Choices:
    """Return teams and people whose opportunities `membership` may see, and the products on sale; one query.

    The people are `owners_in_sight`.
    """
    ids = membership.visible_owner_ids
    values: dict[str, Any] = {
        "organization": require_organization_id(),
        "selling": [str(role) for role in SELLING],
        "ids": None if ids is None else list(ids),
        "team": membership.team_id,
    }
    found: dict[str, list[Choice]] = {"owners": [], "teams": [], "products": []}
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, values)
        for kind, pk, name, _place in cursor.fetchall():
            found[kind].append(Choice(pk, name))
    several = len(found["owners"]) > 1
    return Choices(
        teams=tuple(found["teams"]) if several and len(found["teams"]) > 1 else (),
        owners=tuple(found["owners"]) if several else (),
        products=tuple(found["products"]),
    )


def owners_in_sight(membership: Membership) -> QuerySet[Membership]:
    """Return the members whose opportunities `membership` may see, and to whom it may give one."""
    people = Membership.objects.in_current_organization().active().selling()
    ids = membership.visible_owner_ids
    if ids is not None:
        people = people.filter(pk__in=ids)
    return cast("QuerySet[Membership]", people.order_by("user__name", "pk"))


def owners_for(membership: Membership, opportunity: Opportunity | None) -> QuerySet[Membership]:
    """Return to whom an opportunity may be given: those in sight, and who has it now."""
    if opportunity is None:
        return owners_in_sight(membership)
    people = Membership.objects.in_current_organization()
    both = people.filter(Q(pk__in=owners_in_sight(membership).values("pk")) | Q(pk=opportunity.owner_id))
    return cast("QuerySet[Membership]", both.order_by("user__name", "pk"))


def owner_in_sight(membership: Membership, pk: int) -> Membership | None:
    """Return one of `owners_in_sight`, or None."""
    return owners_in_sight(membership).filter(pk=pk).first()


def products_for(opportunity: Opportunity | None) -> QuerySet[Product]:
    """Return the products on sale, and the one it has."""
    on_sale = Q(is_active=True) | (Q(pk=opportunity.product_id) if opportunity else Q())
    return cast("QuerySet[Product]", Product.objects.filter(on_sale).order_by("name"))


def product(pk: int) -> Product | None:
    """Return a product on sale, or None."""
    return cast("Product | None", Product.objects.filter(pk=pk, is_active=True).first())


def named(rows: QuerySet[Any], pk: int) -> str:
    """Return the name of a row of these, or a dash."""
    found = rows.filter(pk=pk).first()
    return str(found) if found else formats.NOTHING


def currencies() -> list[str]:
    """Return the currencies with a dated rate."""
    codes = ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct()
    return list(codes)


def of_account(
    membership: Membership, account: Account, filters: Filters | None = None, limit: int = 20
) -> list[Opportunity]:
    """Return an account's opportunities that `membership` may see: the open ones first, then the latest."""
    rows = visible(membership).filter(of_health(filters or Filters()), account=account).with_card()
    is_closed = Case(When(status=Status.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(rows.order_by(is_closed, URGENCY, F("closed_at").desc(nulls_first=True), "-pk")[:limit])


def stale(opportunity: Opportunity) -> Stale:
    """Return the refusal of a move by someone who saw an older version."""
    return Stale(
        {"stage": opportunity.stage, "status": opportunity.status, "amount": opportunity.amount},
        changed_by=opportunity.updated_by.name if opportunity.updated_by_id else "",
        changed_at=opportunity.updated_at,
    )


# The search ---------------------------------------------------------------------------------------


def _find(membership: Membership, ids: Any, limit: int) -> list[Found]:
    rows = visible(membership).filter(pk__in=ids).select_related("account").order_by("status", "-updated_at")[:limit]
    table = {row.stage: row.label for row in stage_table()} if rows else {}
    return [
        Found(
            row.pk,
            row.name,
            "funnel:opportunity",
            row.account.name,
            table[Stage(row.stage)] if row.status == Status.OPEN else str(labels.STATUSES[Status(row.status)]),
        )
        for row in rows
    ]


accounts_queries.register_search("opportunity", _("Opportunities"), "target", _find)


# What imports ask ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """An opportunity as an import finds it again."""

    version: int
    owner_id: int


def known_opportunities(external_ids: Iterable[str]) -> dict[str, Known]:
    """Return the opportunities that have one of these external ids, whoever's they are."""
    rows = Opportunity.objects.filter(external_id__in=list(external_ids))
    return {
        external_id: Known(version, owner_id)
        for external_id, version, owner_id in rows.values_list("external_id", "version", "owner_id")
    }
