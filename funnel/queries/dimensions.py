"""What the groups of `funnel.grouping` are in the database: how rows fall into them, what is in one, their names."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, CharField, DateField, F, Func, Q, Value, When
from django.db.models.functions import Cast, TruncMonth

from accounts.models import Account, Product
from accounts.queries import visible as visible_accounts
from funnel import labels
from funnel.commitment import Backing
from funnel.models import Opportunity
from funnel.models.opportunities import COMMITTED, PROMISED
from funnel.stages import Stage, StageRow
from funnel.windows import month_from, quarter_of
from tenants import formats
from tenants.ids import read_id
from tenants.models import Membership, Organization, Team

IDS: Mapping[str, str] = {
    "owner": "owner_id",
    "team": "owner__team_id",
    "product": "product_id",
    "account": "account_id",
}
TEXTS: Mapping[str, str] = {
    "stage": "stage",
    "category": "category",
    "health": "health",
    "segment": "account__segment",
    "industry": "account__industry",
    "region": "account__region",
    "source": "source",
    "status": "status",
    "proven": "proven_stage",
}
_LISTS: Any = ArrayField(CharField(max_length=20))


BACKED: Mapping[Backing, Q] = {Backing.COMMITTED: COMMITTED, Backing.PROMISED: PROMISED}


def key_of(code: str, organization: Organization) -> Any:
    """Return the expression by whose value rows fall into the groups of a dimension."""
    if code == "flag":
        none = Case(When(flags=[], then=Value([""], output_field=_LISTS)), default=F("flags"), output_field=_LISTS)
        return Func(none, function="unnest", output_field=CharField())
    if code == "backing":
        ways = (When(way, then=Value(str(backing))) for backing, way in BACKED.items())
        return Case(*ways, default=Value(""), output_field=CharField())
    if code == "due_month":
        return Cast(TruncMonth("expected_close_on"), DateField())
    if code == "due_quarter":
        months = (organization.fiscal_year_start - 1) % 3
        shift = f"interval '{months:d} months'"
        template = f"(date_trunc('quarter', %(expressions)s - {shift}) + {shift})::date"
        return Func(F("expected_close_on"), template=template, output_field=DateField())
    if code == "closed_month":
        return Cast(TruncMonth("closed_at", tzinfo=organization.zone), DateField())
    return F(IDS.get(code) or TEXTS[code])


def is_in(code: str, key: str, organization: Organization) -> Q:
    """Return what a row in this group satisfies; nothing does where there cannot be such a group."""
    if code in IDS:
        if not key:
            return Q(**{f"{IDS[code]}__isnull": True})
        pk = read_id(key)
        return Q(pk=None) if pk is None else Q(**{IDS[code]: pk})
    if code == "backing":
        none = ~Q(*BACKED.values(), _connector=Q.OR)
        return BACKED[Backing(key)] if key in set(map(str, BACKED)) else none if not key else Q(pk=None)
    if code in {"stage", "proven"}:
        return Q(**{TEXTS[code]: int(key)}) if key in {str(int(stage)) for stage in Stage} else Q(pk=None)
    if code in TEXTS:
        return Q(**{TEXTS[code]: key})
    if code == "flag":
        return Q(flags__contains=[key[:20]]) if key else Q(flags=[])
    return _in_span(code, key, organization)


def _in_span(code: str, key: str, organization: Organization) -> Q:
    field = "closed_at" if code == "closed_month" else "expected_close_on"
    if not key:
        return Q(**{f"{field}__isnull": True})
    first = day_of(key)
    if first is None:
        return Q(pk=None)
    after = month_from(first, 3 if code == "due_quarter" else 1)
    if code == "closed_month":
        start, end = (datetime(day.year, day.month, day.day, tzinfo=organization.zone) for day in (first, after))
        return Q(closed_at__gte=start, closed_at__lt=end)
    return Q(expected_close_on__gte=first, expected_close_on__lte=after - timedelta(days=1))


def day_of(key: str) -> date | None:
    """Return the day that the key of a span names, or None."""
    try:
        day = date.fromisoformat(key) if len(key) == 10 else None
    except ValueError:
        return None
    return day if day and 1900 <= day.year < 2200 else None


def names_of(
    code: str, keys: Collection[str], membership: Membership, *, table: list[StageRow], language: str
) -> dict[str, str]:
    """Return what the groups are called; at most one query. Who has lost their name is called by a dash."""
    none = str(labels.WITHOUT[code])
    if code in IDS:
        found = _names(code, [pk for key in keys if (pk := read_id(key)) is not None])
        return {key: found.get(key, formats.NOTHING) if key else none for key in keys}
    known: Mapping[str, Mapping[Any, Any]] = {
        "stage": {str(int(row.stage)): row.label for row in table},
        "proven": {str(int(row.stage)): row.label for row in table},
        "backing": labels.BACKINGS,
        "category": labels.CATEGORIES,
        "health": labels.HEALTHS,
        "status": labels.STATUSES,
        "flag": {flag: words.name for flag, words in labels.FLAGS.items()},
    }
    words = known.get(code, {})
    if code in {"due_month", "closed_month"}:
        words = {key: formats.month(day, language) for key in keys if (day := day_of(key))}
    if code == "due_quarter":
        words = {key: _quarter(day, membership.organization) for key in keys if (day := day_of(key))}
    return {key: str(words.get(key, key)) if key else none for key in keys}


def _quarter(day: date, organization: Organization) -> str:
    _first, _last, number, year = quarter_of(day, organization.fiscal_year_start)
    return f"{year} Q{number}"


def _names(code: str, ids: list[int]) -> dict[str, str]:
    if not ids:
        return {}
    rows: Any = {
        "owner": Membership.objects.in_current_organization(),
        "team": Team.objects,
        "product": Product.objects,
        "account": Account.objects,
    }[code]
    named = rows.filter(pk__in=ids).values_list("pk", "user__name" if code == "owner" else "name")
    return {str(pk): name for pk, name in named}


def has_gone(code: str, key: str, membership: Membership) -> bool:
    """Return whether what a filter names is not there any more, or never was for this reader.

    Whatever one of their opportunities has is there, a customer whose page they may not open among it.
    """
    if code not in IDS or not key:
        return False
    pk = read_id(key)
    if pk is None:
        return True
    people = Membership.objects.in_current_organization().active()
    if membership.visible_owner_ids is not None:
        people = people.filter(pk__in=membership.visible_owner_ids)
    rows: Any = {
        "owner": people,
        "team": Team.objects,
        "product": Product.objects.filter(is_active=True),
        "account": visible_accounts(membership),
    }[code]
    held = Opportunity.objects.visible_to(membership).filter(**{IDS[code]: pk})
    return not rows.filter(pk=pk).exists() and not held.exists()
