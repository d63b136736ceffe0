"""Reads that are not rows of one model: the search over every kind, the figures of the list, an account's page."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, IntegerField, Prefetch, Q, QuerySet, Sum, Value, When
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.assessment import GROUPS, trend
from accounts.filters import Filters
from accounts.labels import Text
from accounts.models import (
    Account,
    AccountMember,
    AccountQuerySet,
    Assessment,
    AssessmentSetting,
    Contact,
    Product,
    SearchRow,
    TimelineEntry,
)
from accounts.segments import Factor, Limits, Segment, few_that_make, place
from tenants import formats
from tenants.effects import stands
from tenants.models import Membership, Team
from tenants.permissions import Role

LINES = 20
SUGGESTIONS = 8

# The search ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """One answer of the search: the page `url` (called with organization and `pk`) opens it."""

    pk: int
    title: str
    url: str
    detail: str = ""
    end: str = ""


Finder = Callable[[Membership, Any, int], Sequence[Found]]


@dataclass(frozen=True)
class Source:
    """How objects of one kind are found and shown."""

    kind: str
    label: Text
    icon: str
    find: Finder


@dataclass(frozen=True)
class FoundGroup:
    """The answers of one kind."""

    source: Source
    rows: Sequence[Found]


SOURCES: dict[str, Source] = {}


def register_search(kind: str, label: Text, icon: str, find: Finder) -> None:
    """Let the search show a kind that was filled by `accounts.actions.index`.

    :param find: called with who searches, a queryset of the matching ids (use it as `pk__in`) and a limit; answers
        only what that member may see, best first.
    """
    SOURCES[kind] = Source(kind, label, icon, find)


def search(membership: Membership, text: str, kinds: Sequence[str] | None = None, limit: int = 5) -> list[FoundGroup]:
    """Return what `membership` may see with `text` anywhere in it, up to `limit` of each kind; kinds without answer
    are left out. `kinds` None means all."""
    key = names.key(text)
    if not key:
        return []
    asked = [SOURCES[kind] for kind in kinds if kind in SOURCES] if kinds is not None else list(SOURCES.values())
    groups = [
        FoundGroup(source, source.find(membership, SearchRow.objects.found(source.kind, key), limit))
        for source in asked
    ]
    return [group for group in groups if group.rows]


def _find_accounts(membership: Membership, ids: Any, limit: int) -> list[Found]:
    accounts = Account.objects.visible_to(membership).filter(pk__in=ids).order_by("name_key")[:limit]
    return [Found(a.pk, a.name, "accounts:account", a.industry or a.region, a.segment) for a in accounts]


def _find_contacts(membership: Membership, ids: Any, limit: int) -> list[Found]:
    people = Contact.objects.visible_to(membership).filter(pk__in=ids).select_related("account")[:limit]
    return [Found(c.account_id, c.name, "accounts:account", c.account.name, c.position) for c in people]


register_search("account", _("Customers"), "building-2", _find_accounts)
register_search("contact", _("Contacts"), "user-round", _find_contacts)


def suggestions(membership: Membership, text: str) -> list[Account]:
    """Return up to eight accounts for a combobox: those with `text` in name or tax ID, those that begin with it
    first; without text, those met last."""
    accounts = Account.objects.visible_to(membership)
    key = names.key(text)
    if not key:
        return list(accounts.order_by(F("last_contact_at").desc(nulls_last=True), "name_key")[:SUGGESTIONS])
    end = key + chr(0x10FFFF)
    begins = Case(
        When(name_key__gte=key, name_key__lt=end, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return list(accounts.matching(key).order_by(begins, "name_key")[:SUGGESTIONS])


@dataclass(frozen=True)
class Twin:
    """An account that may be the same company; `seen` says whether the reader may open it."""

    account: Account
    seen: bool


def twins(membership: Membership, *, name: str, tax_id: str, request_key: UUID | None = None) -> list[Twin]:
    """Return accounts with the same normalised name or the same tax ID.

    Also those of colleagues, so that one company is not worked twice; a partner hears of none it may not see.
    What this very request made before (`request_key`) is no twin of itself.
    """
    same = Q(name_key=names.key(name)[:200])
    if tax_id.strip():
        same |= Q(tax_id=tax_id.strip())
    rows = Account.objects.filter(same)
    if request_key is not None:
        rows = rows.exclude(request_key=request_key)
    found = list(rows.select_related("owner__user").order_by("name_key")[:5])
    seen = set(visible(membership).filter(pk__in=[account.pk for account in found]).values_list("pk", flat=True))
    told = [Twin(account, account.pk in seen) for account in found]
    return [twin for twin in told if twin.seen or membership.role != Role.PARTNER]


def visible(membership: Membership) -> AccountQuerySet:
    """Return the accounts `membership` may see."""
    accounts: AccountQuerySet = Account.objects.visible_to(membership)
    return accounts


def account_or_404(membership: Membership, pk: int) -> Account:
    """Return an account with its owner and parent; Http404 for one that `membership` may not see."""
    return get_object_or_404(visible(membership).select_related("owner__user", "parent"), pk=pk)


def may_see(membership: Membership, account: Account | None) -> bool:
    """Return whether `membership` may see this account; asks the database only about accounts of others."""
    if account is None:
        return False
    ids = membership.visible_owner_ids
    return ids is None or account.owner_id in ids or visible(membership).filter(pk=account.pk).exists()


def picked(membership: Membership, value: Any) -> Account | None:
    """Return the account that a form's hidden field holds, if `membership` may see it."""
    text = str(value or "")
    is_key = text.isascii() and text.isdigit() and len(text) < 19
    return visible(membership).filter(pk=int(text)).first() if is_key else None


def named(membership: Membership, name: str) -> Account | None:
    """Return the account of this name, in any spelling, that `membership` may see."""
    return visible(membership).filter(name_key=names.key(name)[:200]).order_by("pk").first()


def contact_or_404(membership: Membership, pk: int) -> Contact:
    """Return a contact with its account; Http404 for one that `membership` may not see."""
    people = Contact.objects.visible_to(membership).select_related("account")
    found: Contact = get_object_or_404(people, pk=pk)
    return found


def member_or_404(account: Account, member: int) -> Membership:
    """Return a member who works with this account, or Http404."""
    rows = AccountMember.objects.select_related("member__user")
    return get_object_or_404(rows, account=account, member_id=member).member


def product_or_404(pk: int) -> Product:
    """Return a product, or Http404."""
    return get_object_or_404(Product, pk=pk)


def owners_within_reach(by: Membership, now: int | None = None) -> QuerySet[Membership]:
    """Return the members to whom `by` may give an account, and the one with id `now`, who has it."""
    people = Membership.objects.in_current_organization()
    ids = by.visible_owner_ids
    able = people.active().selling() if ids is None else people.active().selling().filter(pk__in=ids)
    both: QuerySet[Membership] = (able if now is None else able | people.filter(pk=now)).order_by("user__name", "pk")
    return both


def parents_for(by: Membership, account: Account | None) -> AccountQuerySet:
    """Return the accounts that may stand above this one: those `by` may see, and the one that does."""
    now = account.parent_id if account else None
    known = Account.objects.visible_to(by).values("pk")
    rows: AccountQuerySet = Account.objects.filter(Q(pk__in=known) | Q(pk=now))
    return rows


def helpers_for(account: Account) -> QuerySet[Membership]:
    """Return everyone who does not work with the account yet."""
    known = AccountMember.objects.filter(account=account).values("member_id")
    people = Membership.objects.in_current_organization().active().exclude(pk=account.owner_id)
    rest: QuerySet[Membership] = people.exclude(pk__in=known).order_by("user__name", "pk")
    return rest


# The list -----------------------------------------------------------------------------------------


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


# One account --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lines:
    """A page of the timeline, newest first; `more` asks for the next one."""

    entries: list[TimelineEntry]
    more: str


@dataclass(frozen=True)
class Line:
    """One factor on the chart: `rating` 0–4 from poor to good, None while it is not judged."""

    factor: Factor
    group: str
    rating: int | None
    note: str


@dataclass(frozen=True)
class AccountPage:
    """Everything of the accounts app on an account's page."""

    contacts: list[Contact]
    members: list[AccountMember]
    subsidiaries: list[Account]
    assessments: list[Assessment]
    setting: AssessmentSetting
    lines: Lines

    @property
    def latest(self) -> Assessment | None:
        """The assessment that counts."""
        return self.assessments[0] if self.assessments else None

    @property
    def trend(self) -> int | None:
        """Points since the assessment before."""
        return trend([assessment.score for assessment in reversed(self.assessments)])

    @property
    def fall(self) -> int:
        """Points lost since the assessment before, above zero."""
        return -(self.trend or 0)

    @property
    def chart(self) -> list[Line]:
        """The ten factors of the latest assessment."""
        return chart(self.latest)


def chart(assessment: Assessment | None) -> list[Line]:
    """Return the ten factors in their groups, with what the assessment says of each."""
    rows = {} if assessment is None else {row.factor: row for row in assessment.ratings.all()}
    return [
        Line(
            factor,
            group.code,
            rows[factor].rating // 25 if factor in rows else None,
            rows[factor].note if factor in rows else "",
        )
        for group in GROUPS
        for factor in group.factors
    ]


def timeline(account: Account, before: str = "") -> Lines:
    """Return twenty lines of an account's story, older than the mark `before` that a page before gave."""
    entries = TimelineEntry.objects.filter(account=account).select_related("by__user")
    moment, _sign, pk = before.partition("_")
    if moment and pk.isascii() and pk.isdigit() and len(pk) < 19:
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            entries = entries.filter(Q(at__lt=at) | Q(at=at, pk__lt=int(pk)))
    found = list(entries[: LINES + 1])
    last = found[LINES - 1] if len(found) > LINES else None
    return Lines(found[:LINES], f"{last.at.isoformat()}_{last.pk}" if last else "")


def assessments_of(account: Account, limit: int = 12) -> list[Assessment]:
    """Return the latest assessments with who made them and what they say, newest first."""
    rows = Assessment.objects.filter(account=account).select_related("by__user")
    return list(rows.prefetch_related(Prefetch("ratings"))[:limit])


def page_of(account: Account, membership: Membership) -> AccountPage:
    """Return what an account's page shows; subsidiaries only those `membership` may see."""
    below = Account.objects.visible_to(membership).filter(parent=account)
    return AccountPage(
        contacts=list(Contact.objects.filter(account=account)),
        members=list(AccountMember.objects.filter(account=account).select_related("member__user")),
        subsidiaries=list(below.order_by("name_key")[:50]),
        assessments=assessments_of(account),
        setting=AssessmentSetting.current(),
        lines=timeline(account),
    )


# Products and segments ----------------------------------------------------------------------------


def products() -> list[Product]:
    """Return every product, those on sale first."""
    return list(Product.objects.order_by("-is_active", "series", "name_key"))


@dataclass(frozen=True)
class Moves:
    """What other limits would change: accounts by (segment now, segment then)."""

    total: int
    pairs: list[tuple[str, str, int]]


def moves(benchmark: int, high_from: int, little_percent: int, weights: Mapping[str, int]) -> Moves:
    """Return how many accounts would change segment by these limits and weights, without changing any."""
    limits = Limits(benchmark, high_from, little_percent)
    wanted = AssessmentSetting(weights=dict(weights))
    pairs: dict[tuple[str, str], int] = {}
    for account in Account.objects.only("segment", "annual_revenue", "assessed_at").judged_by(wanted):
        then = place(
            revenue=account.annual_revenue, score=account.score, confidence=account.confidence, limits=limits
        ).segment
        if then != account.segment:
            pairs[account.segment, then] = pairs.get((account.segment, then), 0) + 1
    return Moves(sum(pairs.values()), sorted((now, then, n) for (now, then), n in pairs.items()))


def usual_benchmark() -> int | None:
    """Return the revenue a year that the largest fifth of the earning accounts reach: a benchmark to propose."""
    revenues = Account.objects.filter(annual_revenue__gt=0).order_by("-annual_revenue")
    count = revenues.count()
    least: int | None = revenues.values_list("annual_revenue", flat=True)[count // 5] if count else None
    return least


def segment_counts() -> dict[str, int]:
    """Return how many accounts each segment holds now."""
    return dict(Account.objects.order_by().values_list("segment").annotate(n=Count("pk")))


# What imports ask ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """An account as an import finds it again."""

    pk: int
    name: str
    owner_id: int


def known_accounts(*, keys: Collection[str] | None = None, ids: Collection[int] = ()) -> list[Known]:
    """Return accounts by name; one query, whoever asks: an import must not make a twin of what it cannot see.

    :param keys: only those with one of these name keys, and those with one of `ids`; None for every account.
    """
    accounts = Account.objects.order_by("pk")
    if keys is not None:
        accounts = accounts.filter(Q(name_key__in=keys) | Q(pk__in=ids))
    return [Known(*row) for row in accounts.values_list("pk", "name", "owner_id")]


def owners_of_same(keys: Iterable[str], external_ids: Iterable[str]) -> dict[str, int]:
    """Return the owner (membership id) of each account that has one of these name keys or external ids.

    External ids stand in the answer with a leading "#".
    """
    found = Account.objects.filter(
        Q(name_key__in=list(keys)) | Q(external_id__in=[each for each in external_ids if each])
    )
    owners: dict[str, int] = {}
    for name_key, external_id, owner_id in found.order_by("-pk").values_list("name_key", "external_id", "owner_id"):
        owners[name_key] = owner_id
        if external_id:
            owners[f"#{external_id}"] = owner_id
    return owners


def numbered(external_ids: Iterable[str]) -> dict[str, int]:
    """Return the id of each account with one of these numbers of another system."""
    asked = [each for each in external_ids if each]
    return dict(Account.objects.filter(external_id__in=asked).values_list("external_id", "pk")) if asked else {}


def within_reach(membership: Membership, ids: Iterable[int]) -> set[int]:
    """Return which of these accounts an import of `membership` may write about: all for an admin, else the visible."""
    asked = set(ids)
    if membership.is_admin or not asked:
        return asked
    return set(Account.objects.visible_to(membership).filter(pk__in=asked).values_list("pk", flat=True))


def name_of(external_id: str) -> str:
    """Return the name of the account with this external id, "" when there is none."""
    name: str | None = Account.objects.filter(external_id=external_id).values_list("name", flat=True).first()
    return name or ""


# What the settings stand at -----------------------------------------------------------------------


def _products_stand(_reader: Membership) -> str:
    n = Product.objects.filter(is_active=True).count()
    return ngettext("{n} on sale", "{n} on sale", n).format(n=n)


def _segments_stand(reader: Membership) -> str:
    setting = AssessmentSetting.current()
    amount = formats.compact(setting.benchmark, get_language() or "en")
    return gettext("high from {currency} {amount} a year").format(currency=reader.organization.currency, amount=amount)


stands("accounts:products", _products_stand)
stands("accounts:segments", _segments_stand)
