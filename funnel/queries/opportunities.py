"""What pages and other apps ask about the funnel."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.db.models import Case, Count, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import RowNumber
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts import queries as accounts_queries
from accounts.models import Account, Product, SearchRow
from accounts.queries import Found
from funnel import labels
from funnel.evidence import Item
from funnel.filters import ATTENTION, CLOSED, Filters
from funnel.history import STATUS_KINDS
from funnel.models import (
    Change,
    Evidence,
    EvidenceItem,
    Opportunity,
    OpportunityMember,
    OpportunityQuerySet,
    StageSetting,
)
from funnel.stages import Category, ChangeKind, Health, Reason, Stage, StageRow, Status, weighted
from funnel.windows import quarter_of
from tenants import formats
from tenants.errors import Stale
from tenants.models import ExchangeRate, Membership, Organization, Team

CARDS = 30
LINES = 100
RANK = Case(
    When(health=Health.RISK, then=Value(0)),
    When(health=Health.WATCH, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def stage_table() -> list[StageRow]:
    """Return the seven stages in order, as the organization has them; one query."""
    return cast("list[StageRow]", StageSetting.objects.all().table())


def visible(membership: Membership) -> OpportunityQuerySet:
    """Return the opportunities `membership` may see."""
    return cast("OpportunityQuerySet", Opportunity.objects.visible_to(membership))


def opportunity_or_404(membership: Membership, pk: int) -> Opportunity:
    """Return an opportunity with what its page shows first; Http404 for one that `membership` may not see.

    `sees_account` is annotated: whether `membership` may see its account too.
    """
    accounts = accounts_queries.visible(membership).filter(pk=OuterRef("account_id"))
    rows = visible(membership).with_card().select_related("updated_by__user")
    found: Opportunity = get_object_or_404(rows.annotate(sees_account=Exists(accounts)), pk=pk)
    return found


def account_or_404(membership: Membership, pk: int) -> Account:
    """Return an account that `membership` may see, or Http404."""
    return accounts_queries.account_or_404(membership, pk)


def account_name(membership: Membership, pk: int) -> str:
    """Return the name of an account that `membership` may see, or a dash."""
    return named(accounts_queries.visible(membership), pk)


# Narrowing ----------------------------------------------------------------------------------------


def _day_starts(day: date, organization: Organization) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=organization.zone)


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
    if filters.flag:
        rows = rows.filter(flags__contains=[filters.flag])
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


def _due(filters: Filters, organization: Organization, today: date) -> Q:
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


def _closed(first: date | None, last: date | None, organization: Organization) -> Q:
    """Return what the closing must satisfy: the organization's days, both included."""
    wanted = Q()
    if first:
        wanted &= Q(closed_at__gte=_day_starts(first, organization))
    if last:
        wanted &= Q(closed_at__lt=_day_starts(last + timedelta(days=1), organization))
    return wanted


def _health(filters: Filters) -> Q:
    if filters.health == ATTENTION:
        return Q(status=Status.OPEN) & ~Q(health=Health.OK)
    return Q(status=Status.OPEN, health=filters.health) if filters.health else Q()


# The board ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A stage on the board. Figures count everything, `cards` are the first few, `rest` how many more there are."""

    row: StageRow
    count: int
    total: int
    weighted: int
    cards: Sequence[Opportunity]

    @property
    def rest(self) -> int:
        """How many stand behind the cards shown."""
        return self.count - len(self.cards)

    @property
    def is_won(self) -> bool:
        """Whether this is the column of what was won in the period."""
        return self.row.stage == Stage.DEPLOY


@dataclass(frozen=True)
class Board:
    """The columns asked for, and the figures of all open ones."""

    columns: Sequence[Column]
    count: int
    total: int
    weighted: int
    attention: int
    won: int
    won_from: date
    won_to: date
    quarter: int
    year: int


def won_span(filters: Filters, organization: Organization, today: date) -> tuple[date, date, int, int]:
    """Return the days whose wins the board shows: the due span where one is chosen, else the fiscal quarter.

    With it the number of the quarter and its fiscal year.
    """
    start, end, number, year = quarter_of(today, organization.fiscal_year_start)
    first, last = filters.due_between(today, organization.fiscal_year_start)
    return (first, last, number, year) if first and last else (start, end, number, year)


def board(membership: Membership, filters: Filters, *, today: date, stages: Collection[Stage] = tuple(Stage)) -> Board:
    """Return the board with the columns of `stages`: three queries, however many cards there are."""
    organization = membership.organization
    first, last, number, year = won_span(filters, organization, today)
    standing = Q(status=Status.OPEN) & _due(filters, organization, today)
    won = Q(status=Status.WON) & _closed(first, last, organization)
    rows = narrowed(membership, filters, today=today).filter(standing | won)
    wanted = _health(filters)
    figures = {
        each["stage"]: each
        for each in rows.order_by()
        .values("stage")
        .annotate(
            count=Count("pk", filter=wanted),
            total=Sum("amount", filter=wanted),
            attention=Count("pk", filter=Q(status=Status.OPEN) & ~Q(health=Health.OK)),
        )
    }
    cards = _cards(rows.filter(wanted), stages)
    columns = []
    for row in stage_table():
        figure = figures.get(row.stage, {"count": 0, "total": 0, "attention": 0})
        total = figure["total"] or 0
        columns.append(Column(row, figure["count"], total, weighted(total, row.percent), cards.get(row.stage, [])))
    standing_columns = columns[:-1]
    return Board(
        columns=[column for column in columns if column.row.stage in stages],
        count=sum(column.count for column in standing_columns),
        total=sum(column.total for column in standing_columns),
        weighted=sum(column.weighted for column in standing_columns),
        attention=sum(figure["attention"] for figure in figures.values()),
        won=columns[-1].total,
        won_from=first,
        won_to=last,
        quarter=number,
        year=year,
    )


def _cards(rows: OpportunityQuerySet, stages: Collection[Stage]) -> dict[int, list[Opportunity]]:
    """Return the first cards of each column: what needs attention first, then the largest; wins by their day."""
    order = [
        Case(When(status=Status.WON, then=Value(3)), default=RANK, output_field=IntegerField()).asc(),
        F("amount").desc(nulls_last=True),
        F("pk").asc(),
    ]
    placed: Any = rows.filter(stage__in=list(stages)).annotate(
        place=Window(RowNumber(), partition_by=F("stage"), order_by=order)
    )
    shown: dict[int, list[Opportunity]] = {}
    for card in placed.filter(place__lte=CARDS).with_card().order_by("stage", "place"):
        shown.setdefault(card.stage, []).append(card)
    return shown


@dataclass(frozen=True)
class Choices:
    """What board and table can be narrowed by; empty lists where there is nothing to choose."""

    teams: Sequence[Team]
    owners: Sequence[Membership]
    products: Sequence[Product]


def choices(membership: Membership) -> Choices:
    """Return teams and people whose opportunities `membership` may see, and the products on sale."""
    owners = list(owners_in_sight(membership))
    teams: list[Team] = []
    if len(owners) > 1:
        found = Team.objects.all()
        if membership.visible_owner_ids is not None and membership.team_id:
            found = found.filter(path__startswith=membership.team.path)
        teams = list(found.order_by("path"))
    products = list(Product.objects.filter(is_active=True).order_by("name")[:200])
    return Choices(teams if len(teams) > 1 else [], owners if len(owners) > 1 else [], products)


def owners_in_sight(membership: Membership) -> QuerySet[Membership]:
    """Return the members whose opportunities `membership` may see, and to whom it may give one."""
    people = Membership.objects.in_current_organization().active().selling()
    ids = membership.visible_owner_ids
    if ids is not None:
        people = people.filter(pk__in=ids)
    return cast("QuerySet[Membership]", people.order_by("user__name", "pk"))


def owners_for(membership: Membership, opportunity: Opportunity | None) -> QuerySet[Membership]:
    """Return to whom an opportunity may be given: those in sight, and who has it now."""
    people = Membership.objects.in_current_organization()
    now = opportunity.owner_id if opportunity else None
    both = people.filter(Q(pk__in=owners_in_sight(membership).values("pk")) | Q(pk=now))
    return cast("QuerySet[Membership]", both.order_by("user__name", "pk"))


def products_for(opportunity: Opportunity | None) -> QuerySet[Product]:
    """Return the products on sale, and the one it has."""
    now = opportunity.product_id if opportunity else None
    return cast("QuerySet[Product]", Product.objects.filter(Q(is_active=True) | Q(pk=now)).order_by("name"))


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


# The table ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """Of everything the filters leave; `weighted` counts open ones alone."""

    count: int
    total: int
    weighted: int


_ORDERS: dict[str, Sequence[Any]] = {
    "name": ("account__name_key", "name"),
    "stage": ("stage",),
    "amount": ("amount",),
    "due": ("expected_close_on",),
    "owner": ("owner__user__name",),
    "health": (RANK,),
    "next": ("next_step_on",),
    "closed": ("closed_at",),
}


def listed(membership: Membership, filters: Filters, *, today: date) -> OpportunityQuerySet:
    """Return the rows of the table, unsorted."""
    organization = membership.organization
    rows = narrowed(membership, filters, today=today).filter(_due(filters, organization, today), _health(filters))
    if filters.status == CLOSED:
        rows = rows.exclude(status=Status.OPEN)
    elif filters.status in set(Status):
        rows = rows.filter(status=filters.status)
    if filters.stage:
        rows = rows.filter(stage=filters.stage)
    closed = filters.closed_between(today, organization.fiscal_year_start)
    return rows.filter(_closed(*closed, organization))


def in_order(rows: OpportunityQuerySet, filters: Filters) -> OpportunityQuerySet:
    """Return the rows with what a line shows, sorted; what is unknown comes last."""
    closed = filters.status in {Status.WON, Status.LOST, Status.ABANDONED, CLOSED}
    sort = filters.sort or ("-closed" if closed else "health")
    keys = [F(key) if isinstance(key, str) else key for key in _ORDERS[sort.removeprefix("-")]]
    by = [key.desc(nulls_last=True) if sort.startswith("-") else key.asc(nulls_last=True) for key in keys]
    return rows.with_card().order_by(*by, F("amount").desc(nulls_last=True), "pk")


def totals(rows: OpportunityQuerySet, table: Sequence[StageRow]) -> Totals:
    """Count the rows and add them up; weighting rounds once a stage, as everywhere."""
    figures = list(
        rows.order_by()
        .values("stage", "status")
        .annotate(count=Count("pk"), total=Sum("amount"))
        .values_list("stage", "status", "count", "total")
    )
    return Totals(
        count=sum(count for _stage, _status, count, _total in figures),
        total=sum(total or 0 for _stage, _status, _count, total in figures),
        weighted=sum(
            weighted(total or 0, table[stage - 1].percent)
            for stage, status, _count, total in figures
            if status == Status.OPEN
        ),
    )


def of_account(membership: Membership, account: Account, limit: int = 20) -> list[Opportunity]:
    """Return an account's opportunities that `membership` may see: the open ones first, then the latest."""
    rows = visible(membership).filter(account=account).with_card()
    is_closed = Case(When(status=Status.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(rows.order_by(is_closed, RANK, F("closed_at").desc(nulls_first=True), "-pk")[:limit])


def stale(opportunity: Opportunity) -> Stale:
    """Return the refusal of a move by someone who saw an older version."""
    return Stale(
        {"stage": opportunity.stage, "status": opportunity.status, "amount": opportunity.amount},
        changed_by=opportunity.updated_by.name if opportunity.updated_by_id else "",
        changed_at=opportunity.updated_at,
    )


# The page of one ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """A piece of evidence that a stage demands, and what was filed for it."""

    item: Item
    filed: Evidence | None


@dataclass(frozen=True)
class Step:
    """A stage on the path of one opportunity."""

    row: StageRow
    guide: labels.Guide
    proofs: Sequence[Proof]
    state: str  # done, now or ahead

    @property
    def filed(self) -> int:
        """How much of its evidence is filed."""
        return sum(proof.filed is not None for proof in self.proofs)

    @property
    def is_proven(self) -> bool:
        """Whether all of its evidence is filed."""
        return self.filed == len(self.proofs)


@dataclass(frozen=True)
class Line:
    """One line of the readable history."""

    kind: str
    label: str
    old: str
    new: str
    by: Membership | None
    at: datetime
    recorded_at: datetime
    why: str
    is_undone: bool
    is_undo: bool
    icon: str

    @property
    def is_learnt_later(self) -> bool:
        """Whether it occurred well before we recorded it."""
        return self.recorded_at - self.at > timedelta(minutes=1)


@dataclass(frozen=True)
class Story:
    """The page of one opportunity."""

    steps: Sequence[Step]
    members: Sequence[OpportunityMember]
    lines: Sequence[Line]
    flags: Sequence[labels.Flag]

    @property
    def now(self) -> Step:
        """The step in which it stands."""
        return next(step for step in self.steps if step.state == "now")


def story(opportunity: Opportunity) -> Story:
    """Return everything its page tells; six queries."""
    filed = {each.item.key: each for each in evidence_of(opportunity)}
    items: list[Item] = EvidenceItem.objects.all().checklist()
    steps = [
        Step(
            row,
            labels.GUIDES[row.stage],
            [Proof(item, filed.get(item.key)) for item in items if item.stage == row.stage],
            "done" if row.stage < opportunity.stage else "now" if row.stage == opportunity.stage else "ahead",
        )
        for row in stage_table()
    ]
    members = OpportunityMember.objects.filter(opportunity=opportunity).select_related("member__user")
    return Story(
        steps=steps,
        members=list(members.order_by("pk")),
        lines=_lines(opportunity, {step.row.stage: step.row.label for step in steps}),
        flags=[labels.FLAGS[code] for code in opportunity.flags if code in labels.FLAGS],
    )


def evidence_of(opportunity: Opportunity) -> list[Evidence]:
    """Return what was filed for an opportunity."""
    return list(Evidence.objects.filter(opportunity=opportunity).select_related("item", "by__user"))


_ICONS = {
    ChangeKind.CREATED: "plus",
    ChangeKind.AMOUNT: "coins",
    ChangeKind.EXPECTED_CLOSE: "calendar",
    ChangeKind.STAGE: "arrow-right",
    ChangeKind.OWNER: "user-round",
    ChangeKind.CATEGORY: "tag",
    ChangeKind.WON: "trophy",
    ChangeKind.LOST: "circle-x",
    ChangeKind.ABANDONED: "circle-slash",
    ChangeKind.REOPENED: "rotate-ccw",
}


def _lines(opportunity: Opportunity, stages: dict[Stage, str]) -> list[Line]:
    changes = list(
        Change.objects.filter(opportunity=opportunity)
        .select_related("by__user")
        .order_by("-occurred_at", "-id")[:LINES]
    )
    owners = {value for change in changes if change.kind == ChangeKind.OWNER for value in (change.old, change.new)}
    people = (
        {member.pk: member.name for member in Membership.objects.in_current_organization().filter(pk__in=owners)}
        if owners
        else {}
    )
    undone = {change.undoes_id for change in changes if change.undoes_id}
    language = get_language() or "en"

    def told(change: Change, value: Any) -> str:
        if value is None:
            return formats.NOTHING
        match change.kind:
            case ChangeKind.AMOUNT:
                return formats.compact(value, language)
            case ChangeKind.EXPECTED_CLOSE:
                day = date.fromisoformat(value)
                return formats.short_date(day, change.occurred_at.date(), language, weekday=False)
            case ChangeKind.STAGE:
                return stages[Stage(value)]
            case ChangeKind.OWNER:
                return people.get(value, formats.NOTHING)
            case ChangeKind.CATEGORY:
                return str(labels.CATEGORIES[Category(value)])
            case ChangeKind.CREATED:
                return formats.compact(value["amount"], language)
        if value.get("reason"):
            words = str(labels.REASONS[Reason(value["reason"])])
            return f"{words} ({value['rival']})" if value.get("rival") else words
        return str(labels.STATUSES[Status(value["status"])])

    return [
        Line(
            kind=change.kind,
            label=str(labels.CHANGES[ChangeKind(change.kind)]),
            old="" if change.kind == ChangeKind.CREATED or change.kind in STATUS_KINDS else told(change, change.old),
            new=told(change, change.new) if change.kind not in {ChangeKind.WON, ChangeKind.REOPENED} else "",
            by=change.by,
            at=change.occurred_at,
            recorded_at=change.recorded_at,
            why=change.why,
            is_undone=change.pk in undone,
            is_undo=change.undoes_id is not None,
            icon=_ICONS[ChangeKind(change.kind)],
        )
        for change in changes
    ]


def last_change(opportunity: Opportunity) -> int:
    """Return the id of the latest row of its change log: what an undo takes back."""
    return cast("int", Change.objects.filter(opportunity=opportunity).latest("id").pk)


def changed_opportunity_or_404(membership: Membership, change: int) -> Opportunity:
    """Return the opportunity that this row of the change log tells of; Http404 where it is not in sight."""
    found = Change.objects.filter(pk=change).values_list("opportunity_id", flat=True).first()
    if found is None:
        raise Http404
    return opportunity_or_404(membership, found)


def item_or_404(key: str) -> Item:
    """Return the active evidence item with this key, or Http404."""
    items: list[Item] = EvidenceItem.objects.all().checklist()
    item = next((item for item in items if item.key == key), None)
    if item is None:
        raise Http404
    return item


def helpers_for(opportunity: Opportunity) -> QuerySet[Membership]:
    """Return everyone who may still join the sales team."""
    known = OpportunityMember.objects.filter(opportunity=opportunity).values("member_id")
    people = Membership.objects.in_current_organization().active().exclude(pk=opportunity.owner_id)
    return cast("QuerySet[Membership]", people.exclude(pk__in=known).order_by("user__name", "pk"))


def member_or_404(opportunity: Opportunity, member: int) -> Membership:
    """Return a member of the sales team, or Http404."""
    rows = OpportunityMember.objects.select_related("member__user")
    found: Membership = get_object_or_404(rows, opportunity=opportunity, member_id=member).member
    return found


# Settings -----------------------------------------------------------------------------------------


def edition() -> int:
    """Return the edition of the stage table: what a settings form saw."""
    return cast("int", StageSetting.objects.all().edition())


@dataclass(frozen=True)
class Weighing:
    """The weighted pipeline of the whole organization by the percentages now, and by others."""

    now: int
    then: int
    open_count: int


def weighing(percents: dict[Stage, int]) -> Weighing:
    """Return what other percentages would make of the weighted pipeline."""
    rows = stage_table()
    figures = {
        each["stage"]: each
        for each in Opportunity.objects.open().order_by().values("stage").annotate(n=Count("pk"), total=Sum("amount"))
    }
    totals_of = {row.stage: (figures.get(row.stage) or {}).get("total") or 0 for row in rows}
    return Weighing(
        now=sum(weighted(totals_of[row.stage], row.percent) for row in rows),
        then=sum(weighted(totals_of[row.stage], percents[row.stage]) for row in rows),
        open_count=sum(each["n"] for each in figures.values()),
    )


def items_by_stage() -> dict[int, list[tuple[str, str, bool, bool]]]:
    """Return all evidence items by stage, in order: (key, label, is standard, is active)."""
    shown: dict[int, list[tuple[str, str, bool, bool]]] = {stage: [] for stage in Stage}
    rows = list(EvidenceItem.objects.all())
    if not rows:
        for item in EvidenceItem.objects.none().checklist():
            shown[item.stage].append((item.key, item.label, True, True))
    for row in sorted(rows, key=lambda row: (not row.is_active, row.position, row.pk)):
        shown[row.stage].append((row.key, str(row), bool(row.code), row.is_active))
    return shown


def filed_counts() -> dict[str, int]:
    """Return how often each item was filed, by its key."""
    counts = Evidence.objects.order_by().values("item_id", "item__code").annotate(n=Count("pk"), first=Min("pk"))
    return {each["item__code"] or f"own-{each['item_id']}": each["n"] for each in counts}


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
