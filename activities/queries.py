"""Reads: what a visit form offers, lists and counts of visits, what waits for somebody today."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from accounts.models import Account, Contact
from activities.kinds import Result, VisitState
from activities.models import NextAction, Visit
from activities.times import Bounds, Span, bounds
from funnel.evidence import Item
from funnel.models import Evidence, EvidenceItem, Opportunity, StageSetting
from funnel.stages import Gate, Health, Stage, StageRow, Status, missing
from tenants.models import Membership, Team
from tenants.permissions import Role

SOON = timedelta(days=7)
FIRST = 6
MANY = 30


# What a visit form offers ---------------------------------------------------------------------


def open_to(membership: Membership) -> QuerySet[Account]:
    """Return the accounts a member may log a visit at: those they see, and those whose opportunity they help to win."""
    helped = Opportunity.objects.visible_to(membership).values("account_id")
    rows: QuerySet[Account] = Account.objects.filter(
        Q(pk__in=Account.objects.visible_to(membership)) | Q(pk__in=helped)
    )
    return rows


def recent_accounts(membership: Membership, now: datetime, limit: int = 8) -> list[Account]:
    """Return the customers a member visited last, filled up with their own of latest contact."""
    met = (
        Visit.objects.filter(by=membership, happened_at__lt=now + timedelta(days=1))
        .exclude(state=VisitState.CANCELLED)
        .order_by()
        .values("account_id")
        .annotate(latest=Max("happened_at"))
        .order_by("-latest")
        .values_list("account_id", flat=True)[:limit]
    )
    order = {pk: at for at, pk in enumerate(met)}
    found = list(open_to(membership).filter(pk__in=order))
    found.sort(key=lambda account: order[account.pk])
    if len(found) < limit:
        own = Account.objects.filter(owner=membership).exclude(pk__in=order)
        found += own.order_by("-last_contact_at", "name")[: limit - len(found)]
    return found


@dataclass(frozen=True)
class Step:
    """An opportunity a visit may be about, and what moving it on would lack; no `next` where only a win is left."""

    opportunity: Opportunity
    stage: StageRow
    next: StageRow | None
    lacking: tuple[Item, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether the missing evidence forbids the move, and does not only warn."""
        return bool(self.lacking) and self.stage.gate == Gate.BLOCK


@dataclass(frozen=True)
class Offer:
    """What a visit form has to choose from."""

    account: Account
    steps: list[Step]
    contacts: list[Contact]


def offer(membership: Membership, account: Account, *, also: Iterable[int] = ()) -> Offer:
    """Return the open opportunities and the people of an account, the one talked about last first.

    :param also: ids of opportunities offered though closed.
    """
    visible = Opportunity.objects.visible_to(membership).filter(account=account)
    wanted = [pk for pk in also if pk]
    offered = visible.filter(Q(status=Status.OPEN) | Q(pk__in=wanted))
    opportunities = list(offered.order_by(F("last_contact_at").desc(nulls_last=True), "-updated_at")[:MANY])
    table = StageSetting.table()
    items = EvidenceItem.objects.all().checklist()
    filed: dict[int, set[str]] = {}
    for row in Evidence.objects.standing().filter(opportunity__in=opportunities).select_related("item"):
        filed.setdefault(row.opportunity_id, set()).add(row.item.key)
    return Offer(
        account=account,
        steps=[_step(opportunity, table, items, filed.get(opportunity.pk, set())) for opportunity in opportunities],
        contacts=list(Contact.objects.filter(account=account)[:MANY]),
    )


def _step(opportunity: Opportunity, table: list[StageRow], items: list[Item], filed: set[str]) -> Step:
    stage = Stage(opportunity.stage)
    here = table[stage - 1]
    if opportunity.status != Status.OPEN or stage >= Stage.CLOSE:
        return Step(opportunity, here, None)
    to = Stage(stage + 1)
    return Step(opportunity, here, table[to - 1], missing(items, filed, left=stage, to=to))


# Lists of visits ------------------------------------------------------------------------------


@dataclass(frozen=True)
class VisitFilter:
    """What a list of visits is narrowed to; empty means all."""

    span: Span = Span.MONTH
    person: int | None = None
    team: int | None = None
    kind: str = ""
    result: str = ""
    first: str = ""  # "fsi" or "fua"
    state: str = ""  # "planned", else done


@dataclass(frozen=True)
class VisitCounts:
    """The fifth of the five numbers: visits done, first ones (FSI) and follow-ups (FUA); calls for nothing apart."""

    total: int = 0
    first: int = 0
    follow_up: int = 0
    advanced: int = 0
    nobody: int = 0


def visits(membership: Membership, chosen: VisitFilter, today: date) -> QuerySet[Visit]:
    """Return the visits a member may see that fit the filter, the latest first (planned ones: the next first)."""
    rows = _narrowed(Visit.objects.visible_to(membership), chosen, membership, today)
    if chosen.first == "fsi":
        rows = rows.filter(is_first=True)
    elif chosen.first == "fua":
        rows = rows.filter(is_first=False).exclude(result=Result.NOBODY)
    if chosen.result:
        rows = rows.filter(result=chosen.result)
    order = ("happened_at", "id") if chosen.state == VisitState.PLANNED else ("-happened_at", "-id")
    return rows.select_related("account", "opportunity", "by__user").prefetch_related("met__contact").order_by(*order)


def count_visits(membership: Membership, chosen: VisitFilter, today: date) -> VisitCounts:
    """Count the visits of a span by what they were; result and FSI/FUA of the filter do not narrow the counts."""
    rows = _narrowed(Visit.objects.visible_to(membership), chosen, membership, today).order_by()
    met = ~Q(result=Result.NOBODY)
    counted = rows.aggregate(
        total=Count("pk"),
        first=Count("pk", filter=Q(is_first=True)),
        follow_up=Count("pk", filter=met & Q(is_first=False)),
        advanced=Count("pk", filter=Q(result=Result.ADVANCED)),
        nobody=Count("pk", filter=Q(result=Result.NOBODY)),
    )
    return VisitCounts(**counted)


def _narrowed(rows: QuerySet[Visit], chosen: VisitFilter, membership: Membership, today: date) -> QuerySet[Visit]:
    rows = rows.filter(state=chosen.state or VisitState.DONE)
    if chosen.state != VisitState.PLANNED:
        rows = _within(rows, bounds(chosen.span, today), membership)
    if chosen.person:
        rows = rows.filter(by_id=chosen.person)
    if chosen.team:
        path = Team.objects.filter(pk=chosen.team).values_list("path", flat=True).first()
        rows = rows.filter(by__team__path__startswith=path) if path else rows.none()
    if chosen.kind:
        rows = rows.filter(kind=chosen.kind)
    return rows


def _within(rows: QuerySet[Visit], span: Bounds, membership: Membership) -> QuerySet[Visit]:
    zone = membership.organization.zone
    if span.start:
        rows = rows.filter(happened_at__gte=datetime.combine(span.start, time(), tzinfo=zone))
    if span.end:
        rows = rows.filter(happened_at__lt=datetime.combine(span.end, time(), tzinfo=zone))
    return rows


def people_of(membership: Membership) -> list[Membership]:
    """Return the people whose visits a member may see, by name."""
    ids = membership.visible_owner_ids
    people = Membership.objects.in_current_organization().selling()
    if ids is not None:
        people = people.filter(pk__in=ids)
    return sorted(people, key=lambda person: person.name)


def teams_of(membership: Membership) -> list[Team]:
    """Return the teams whose visits a member may see, in the order of the tree."""
    if membership.role == Role.EXECUTIVE:
        return list(Team.objects.all())
    if membership.role == Role.MANAGER and membership.team_id:
        team: Team = membership.team
        return list(Team.objects.filter(path__startswith=team.path))
    return []


# Panels ---------------------------------------------------------------------------------------


def visits_of(membership: Membership, limit: int = 10, **place: Any) -> list[Visit]:
    """Return the latest visits of an account or an opportunity, planned ones included."""
    rows = Visit.objects.filter(**place).exclude(state=VisitState.CANCELLED)
    if "opportunity" not in place:
        rows = rows.filter(
            Q(pk__in=Visit.objects.visible_to(membership)) | Q(account__in=Account.objects.visible_to(membership))
        )
    return list(rows.select_related("opportunity", "by__user").prefetch_related("met__contact")[:limit])


def actions_of(membership: Membership, limit: int = MANY, **place: Any) -> list[tuple[NextAction, bool]]:
    """Return the open next actions of an account or an opportunity in order, and whether one may end each."""
    rows = NextAction.objects.open().filter(**place).select_related("opportunity", "account", "owner__user")[:limit]
    ids = membership.visible_owner_ids
    return [(action, ids is None or action.owner_id in ids) for action in rows]


# Today ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Today:
    """What waits for one person."""

    overdue: list[NextAction] = field(default_factory=list)
    due: list[NextAction] = field(default_factory=list)
    coming: list[NextAction] = field(default_factory=list)
    to_record: list[Visit] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    attention: list[Opportunity] = field(default_factory=list)
    attention_count: int = 0

    @property
    def overdue_rest(self) -> int:
        """How many overdue actions stand behind the first ones."""
        return max(0, len(self.overdue) - FIRST)

    @property
    def is_clear(self) -> bool:
        """Whether nothing waits."""
        return not (self.overdue or self.due or self.to_record or self.visits)


def today_of(membership: Membership, now: datetime, today: date) -> Today:
    """Return what waits for a member: actions and visits of a week, what was not recorded, opportunities in need."""
    actions = list(
        NextAction.objects.open()
        .filter(owner=membership, due_on__lte=today + SOON)
        .select_related("account", "opportunity")[: 4 * MANY]
    )
    planned = list(
        Visit.objects.filter(by=membership, state=VisitState.PLANNED, happened_at__lt=now + SOON + timedelta(days=1))
        .select_related("account", "opportunity")
        .prefetch_related("met__contact")
        .order_by("happened_at")[: 2 * MANY]
    )
    needy = Opportunity.objects.open().filter(owner=membership).exclude(health=Health.OK)
    attention = list(needy.with_card().order_by("health", "-amount")[:8]) if membership.role != Role.EXECUTIVE else []
    return Today(
        overdue=[action for action in actions if action.due_on < today],
        due=[action for action in actions if action.due_on == today],
        coming=[action for action in actions if action.due_on > today],
        to_record=[visit for visit in planned if visit.happened_at < now],
        visits=[visit for visit in planned if visit.happened_at >= now],
        attention=attention,
        attention_count=needy.count() if attention else 0,
    )


@dataclass(frozen=True)
class Exceptions:
    """What is not in order with one person."""

    person: Membership
    overdue: int
    unrecorded: int
    risk: int
    visits: int


def exceptions(membership: Membership, now: datetime, today: date) -> list[Exceptions]:
    """Return the people of a manager's team with anything overdue, unrecorded or at risk, the worst first."""
    people = [person for person in people_of(membership) if person.pk != membership.pk]
    ids = [person.pk for person in people]
    overdue = _by_person(NextAction.objects.open().filter(owner__in=ids, due_on__lt=today), "owner_id")
    planned = Visit.objects.filter(by__in=ids, state=VisitState.PLANNED, happened_at__lt=now)
    unrecorded = _by_person(planned, "by_id")
    risk = _by_person(Opportunity.objects.open().filter(owner__in=ids, health=Health.RISK), "owner_id")
    week = bounds(Span.WEEK, today)
    done = _by_person(_within(Visit.objects.filter(by__in=ids, state=VisitState.DONE), week, membership), "by_id")
    rows = [
        Exceptions(
            person,
            overdue.get(person.pk, 0),
            unrecorded.get(person.pk, 0),
            risk.get(person.pk, 0),
            done.get(person.pk, 0),
        )
        for person in people
    ]
    rows = [row for row in rows if row.overdue or row.unrecorded or row.risk]
    return sorted(rows, key=lambda row: (-row.risk - row.overdue - row.unrecorded, row.person.name))


def _by_person(rows: Any, person: str) -> Mapping[int, int]:
    return dict(rows.order_by().values_list(person).annotate(Count("pk")))
