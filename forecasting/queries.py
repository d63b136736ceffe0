"""Questions about a period: the numbers, by person and stage, what changed, and how good past forecasts were.

A forecast counts an opportunity for its owner, never for those who help; `Scope` says whose are counted.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Case, CharField, Count, DateField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import ExtractMonth, ExtractYear, TruncDate
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecasting.accuracy import Mark, accuracy, bias, marked_on, nearest
from forecasting.labels import period_label
from forecasting.models import (
    Alert,
    ForecastSnapshot,
    Target,
    closed_in,
    due_in,
    open_and_counted,
    owned_by,
    weighted_amount,
)
from forecasting.periods import Kind, Period, is_start, last_ones, midnight, pace, period_of, working_days
from forecasting.replay import before
from forecasting.waterfall import Bucket, Reason, State, Story, View, Waterfall, build, weighted_change
from forecasting.weighting import Numbers, target_of
from funnel.history import STATUS_KINDS
from funnel.models import Change, Opportunity, StageSetting
from funnel.stages import ChangeKind, Stage, StageRow, Status
from tenants.calendar import WorkCalendar
from tenants.effects import Adjustment, Effect, stands, told_of
from tenants.models import Membership, Organization, Team
from tenants.permissions import Role

PAST_PERIODS = 6
SELLING = [Role.REP, Role.MANAGER, Role.EXECUTIVE, Role.PARTNER]


# Whose ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    """Whose opportunities are counted: `owners` (None: everyone's), the people among them, and the choices there are.

    `who` is "" for everyone one may see, `t7` for a team with all below it, `m7` for one person.
    """

    who: str
    label: str
    owners: frozenset[int] | None
    people: Sequence[Membership]
    teams: Sequence[tuple[str, str]] = ()
    choices: Sequence[tuple[str, str]] = ()


def scope(membership: Membership, who: str = "") -> Scope:
    """Return whose opportunities `membership` asks for.

    :raises Http404: a team or person that is not there, or not visible.
    """
    seen = membership.visible_owner_ids
    found = Membership.objects.in_current_organization().filter(role__in=SELLING).select_related("user", "team")
    if seen is not None:
        found = found.filter(pk__in=seen)
    people = sorted(found, key=lambda member: (not member.is_active, member.name))
    teams: list[Team] = []
    if len(people) > 1:
        every = list(Team.objects.order_by("path"))
        tops = [team.path for team in every if seen is None or team.pk == membership.team_id]
        teams = [team for team in every if team.path.startswith(tuple(tops))]
    offer = (
        [(f"t{team.pk}", "\N{EM SPACE}" * (team.depth - teams[0].depth) + team.name) for team in teams],
        [(f"m{person.pk}", person.name) for person in people],
    )
    if not who:
        return Scope("", "", seen, people, *offer)
    for team in teams:
        if f"t{team.pk}" == who:
            inside = [p for p in people if p.team is not None and p.team.path.startswith(team.path)]
            return Scope(who, team.name, frozenset(p.pk for p in inside), inside, *offer)
    for person in people:
        if f"m{person.pk}" == who:
            return Scope(who, person.name, frozenset({person.pk}), [person], *offer)
    raise Http404


def person_or_404(membership: Membership, pk: int) -> Membership:
    """Return a person whose numbers `membership` may see.

    :raises Http404: there is none.
    """
    seen = membership.visible_owner_ids
    found = Membership.objects.in_current_organization().select_related("organization")
    person: Membership | None = found.filter(pk=pk).first() if seen is None or pk in seen else None
    if person is None:
        raise Http404
    return person


# The numbers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PersonRow:
    """One person's numbers."""

    member: Membership
    numbers: Numbers


@dataclass(frozen=True)
class StageNumbers:
    """What is open and due in a stage, and what reached it: that, all beyond it, and what was won or lost there."""

    row: StageRow
    count: int
    amount: int
    weighted: int
    reached_amount: int
    reached_count: int


@dataclass(frozen=True)
class Uncounted:
    """Open, but in no period to come: the expected close is past, or unknown."""

    overdue_count: int = 0
    overdue_amount: int = 0
    undated_count: int = 0
    undated_amount: int = 0


@dataclass(frozen=True)
class Summary:
    """The numbers of a period for a scope. `won_by_day` adds up: (day, won until its evening)."""

    period: Period
    numbers: Numbers
    people: list[PersonRow]
    stages: list[StageNumbers]
    won_by_day: list[tuple[date, int]]
    uncounted: Uncounted
    percents: Mapping[Stage, int]


def _groups(
    period: Period, zone: tzinfo, owners: Collection[int] | None, percents: Mapping[Stage, int]
) -> list[dict[str, Any]]:
    """Group what is open until the end of the period, and what was closed in it, each read from one index."""
    sums = {
        "count": Count("*"),
        "total": Sum("amount", default=0, output_field=BigIntegerField()),
        "weighted": Sum(weighted_amount(percents), default=0, output_field=BigIntegerField()),
    }
    place = Case(
        When(expected_close_on=None, then=Value("undated")),
        When(expected_close_on__lt=period.starts_on, then=Value("overdue")),
        default=Value("due"),
        output_field=CharField(),
    )
    until_its_end = Q(expected_close_on=None) | Q(expected_close_on__lte=period.ends_on)
    mine = Opportunity.objects.filter(owned_by(owners)).order_by()
    standing = mine.filter(open_and_counted(), until_its_end).annotate(place=place, day=Value(None, DateField()))
    won_on = Case(When(status=Status.WON, then=TruncDate("closed_at", tzinfo=zone)), output_field=DateField())
    closed = mine.filter(closed_in(period, zone)).annotate(place=F("status"), day=won_on)
    parts = [part.values("owner_id", "stage", "place", "day").annotate(**sums) for part in (standing, closed)]
    rows = parts[0].union(parts[1], all=True)
    return [{**row, "total": int(row["total"]), "weighted": int(row["weighted"])} for row in rows]


def targets_of(owners: Collection[int] | None, period: Period) -> dict[tuple[int, str, date], int]:
    """Return the stored targets of these owners inside a period, by (owner, kind, first day)."""
    rows = Target.objects.filter(owned_by(owners), starts_on__range=(period.starts_on, period.ends_on))
    return {
        (owner, kind, day): amount
        for owner, kind, day, amount in rows.values_list("owner_id", "period", "starts_on", "amount")
    }


def summary(membership: Membership, period: Period, scope_: Scope | None = None) -> Summary:
    """Return the numbers of a period: won, weighted by stage and by person, open, target; what reached each stage.

    :param scope_: from `scope`; without it, everyone whom `membership` may see.
    """
    whose = scope_ or scope(membership)
    table = StageSetting.objects.all().table()
    percents = {row.stage: row.percent for row in table}
    groups = _groups(period, membership.organization.zone, whose.owners, percents)
    stored = targets_of(whose.owners, period)
    by_owner: dict[int, Numbers] = defaultdict(Numbers)
    for group in groups:
        by_owner[group["owner_id"]] += _numbers_of(group)
    for owner in {key[0] for key in stored} | set(by_owner):
        by_owner[owner] = replace(by_owner[owner], target=target_of(stored, owner, period))
    total = sum(by_owner.values(), Numbers())
    people = [
        PersonRow(member, by_owner[member.pk])
        for member in whose.people
        if not by_owner[member.pk].is_empty or (member.is_active and member.role == Role.REP)
    ]
    return Summary(
        period=period,
        numbers=total,
        people=sorted(people, key=lambda row: (-row.numbers.forecast, row.member.name)),
        stages=_stages(table, groups),
        won_by_day=_cumulative(groups),
        uncounted=Uncounted(
            overdue_count=_sum(groups, "overdue", "count"),
            overdue_amount=_sum(groups, "overdue", "total"),
            undated_count=_sum(groups, "undated", "count"),
            undated_amount=_sum(groups, "undated", "total"),
        ),
        percents=percents,
    )


def _numbers_of(group: Mapping[str, Any]) -> Numbers:
    if group["place"] == "due":
        return Numbers(weighted=group["weighted"], open_total=group["total"], open_count=group["count"])
    if group["place"] == Status.WON:
        return Numbers(won=group["total"], won_count=group["count"])
    return Numbers()


def _sum(groups: Sequence[Mapping[str, Any]], place: str, what: str) -> int:
    return sum(group[what] for group in groups if group["place"] == place)


def _stages(table: Sequence[StageRow], groups: Sequence[Mapping[str, Any]]) -> list[StageNumbers]:
    """Cut by stage. What reached a stage stands in it or beyond; what was lost reached the stage it stood in."""
    decided = {"due", *(str(status) for status in (Status.WON, Status.LOST, Status.ABANDONED))}
    rows = []
    for row in table:
        here = [group for group in groups if group["place"] == "due" and group["stage"] == row.stage]
        reached = [group for group in groups if group["place"] in decided and group["stage"] >= row.stage]
        rows.append(
            StageNumbers(
                row=row,
                count=sum(group["count"] for group in here),
                amount=sum(group["total"] for group in here),
                weighted=sum(group["weighted"] for group in here),
                reached_amount=sum(group["total"] for group in reached),
                reached_count=sum(group["count"] for group in reached),
            )
        )
    return rows


def _cumulative(groups: Sequence[Mapping[str, Any]]) -> list[tuple[date, int]]:
    won: dict[date, int] = defaultdict(int)
    for group in groups:
        if group["place"] == Status.WON:
            won[group["day"]] += group["total"]
    total, points = 0, []
    for day in sorted(won):
        total += won[day]
        points.append((day, total))
    return points


@dataclass(frozen=True)
class Pace:
    """What should be won by the evening of a day: target × working days gone ÷ working days of the period."""

    amount: int
    gone: int
    total: int


def pace_of(period: Period, target: int | None, today: date, calendar: WorkCalendar) -> Pace | None:
    """Return the pace; None without a target, or when the period has not begun or is over."""
    if target is None or today not in period:
        return None
    gone, total = working_days(period, today, calendar)
    return Pace(pace(target, gone, total), gone, total)


# The rows behind a number -----------------------------------------------------------------------------


def rows(
    period: Period, zone: tzinfo, owners: Collection[int] | None, *, what: str, stage: int | None = None
) -> QuerySet[Opportunity]:
    """Return the opportunities behind a number of `summary`.

    :param what: due (open and due), won, counted (both: what the weighted forecast adds up), lost (with abandoned),
        reached (a stage or beyond), overdue or undated.
    """
    begins = {
        "due": due_in(period),
        "won": closed_in(period, zone) & Q(status=Status.WON),
        "counted": due_in(period) | closed_in(period, zone) & Q(status=Status.WON),
        "lost": closed_in(period, zone) & Q(status__in=[Status.LOST, Status.ABANDONED]),
        "reached": due_in(period) | closed_in(period, zone),
        "overdue": open_and_counted() & Q(expected_close_on__lt=period.starts_on),
        "undated": open_and_counted() & Q(expected_close_on=None),
    }
    found = Opportunity.objects.filter(owned_by(owners)).filter(begins[what])
    if stage is not None:
        found = found.filter(stage__gte=stage) if what == "reached" else found.filter(stage=stage)
    return cast("QuerySet[Opportunity]", found)


@dataclass(frozen=True)
class Totals:
    """What a list of opportunities adds up to."""

    count: int
    amount: int
    weighted: int


def totals(found: QuerySet[Opportunity], percents: Mapping[Stage, int]) -> Totals:
    """Add up all of a list, not only its page."""
    sums = found.order_by().aggregate(
        rows=Count("pk"),
        total=Sum("amount", default=0, output_field=BigIntegerField()),
        in_part=Sum(weighted_amount(percents), default=0, output_field=BigIntegerField()),
    )
    return Totals(sums["rows"], int(sums["total"]), int(sums["in_part"]))


def listed(found: QuerySet[Opportunity], percents: Mapping[Stage, int]) -> QuerySet[Opportunity]:
    """Return a list with what its rows show and each one's `weighted` amount, the largest first."""
    rows_: Any = found
    shown = rows_.with_card().annotate(weighted=weighted_amount(percents))
    return cast("QuerySet[Opportunity]", shown.order_by(F("amount").desc(nulls_last=True), "pk"))


# What changed -----------------------------------------------------------------------------------------


def stories(period: Period, owners: Collection[int] | None, *, since: datetime, zone: tzinfo) -> list[Story]:
    """Return every opportunity that changed after `since` and may have a part in `period`, with its states from then
    until now.

    As it stood, by `occurred_at`: what stands now is read backwards through the change log. With `owners`, only those
    that one of them owns or owned.
    """
    return _read_backwards(_log(period, since, zone), owners, zone)


_DAYS = (ChangeKind.EXPECTED_CLOSE, *sorted(STATUS_KINDS))
"""The changes of an opportunity that move the day it is due, or closed."""


class _Entry(NamedTuple):
    """A row of the change log, and what stands now."""

    opportunity_id: int
    kind: str
    old: Any
    occurred_at: datetime
    status: str
    amount: int | None
    due_on: date | None
    owner: int
    category: str
    stage: int
    closed_at: datetime | None


def _log(period: Period, since: datetime, zone: tzinfo) -> list[_Entry]:
    """Return the change log after a moment, opportunity by opportunity, with what stands now.

    Left out is what was never due in the period, nor closed in it: neither is now, and neither day was another then.
    """
    first, last = midnight(period.starts_on, zone), midnight(period.ends_on + timedelta(days=1), zone)
    moved = Change.objects.filter(occurred_at__gt=since, kind__in=_DAYS).values("opportunity_id")
    shown = ("status", "amount", "expected_close_on", "owner_id", "category", "stage", "closed_at")
    log = (
        Change.objects.filter(occurred_at__gt=since)
        .filter(
            Q(opportunity__expected_close_on__range=(period.starts_on, period.ends_on))
            | Q(opportunity__closed_at__gte=first, opportunity__closed_at__lt=last)
            | Q(opportunity_id__in=moved)
        )
        .order_by("opportunity_id", "occurred_at", "id")
        .values_list("opportunity_id", "kind", "old", "occurred_at", *(f"opportunity__{field}" for field in shown))
    )
    return [_Entry(*row) for row in log]


def _read_backwards(log: Sequence[_Entry], owners: Collection[int] | None, zone: tzinfo) -> list[Story]:
    changes: dict[int, list[_Entry]] = defaultdict(list)
    for change in log:
        changes[change.opportunity_id].append(change)
    found = []
    for pk, mine in changes.items():
        state: State | None = _now(mine[0], zone)
        states = [state]
        for n in reversed(range(len(mine))):
            state = before(state, mine[n].kind, mine[n].old, zone)
            if n == 0 or mine[n - 1].occurred_at < mine[n].occurred_at:  # what one action wrote is one change
                states.append(state)
        states.reverse()
        if owners is None or any(each is not None and each.owner in owners for each in states):
            found.append(Story(pk, tuple(states)))
    return found


def _now(entry: _Entry, zone: tzinfo) -> State:
    return State(
        status=entry.status,
        amount=entry.amount,
        due_on=entry.due_on,
        owner=entry.owner,
        category=entry.category,
        stage=entry.stage,
        closed_on=entry.closed_at.astimezone(zone).date() if entry.closed_at else None,
    )


@dataclass(frozen=True)
class Movement:
    """What moved since a moment: the pipeline due in the period by bucket, the weighted forecast, its main reason."""

    since: datetime
    waterfall: Waterfall
    forecast_change: int
    reason: Reason | None
    opportunity: Opportunity | None


def movement(found: Summary, whose: Scope, *, since: datetime, zone: tzinfo) -> Movement:
    """Return what moved since a moment in the period of a summary."""
    view = View(found.period, whose.owners)
    told = stories(found.period, whose.owners, since=since, zone=zone)
    percents = {int(stage): percent for stage, percent in found.percents.items()}
    change, reason = weighted_change(told, view, percents)
    named: Any = Opportunity.objects.select_related("account")
    opportunity = named.filter(pk=reason.pk if reason else 0).first()
    return Movement(since, build(told, view, end=found.numbers.open_total), change, reason, opportunity)


def waterfall(
    membership: Membership, period: Period, *, since: datetime, owners: Collection[int] | None = None
) -> Waterfall:
    """Return what changed in the open pipeline due in a period since a moment, for `owners` among those visible.

    :param owners: membership ids; None is everyone whom `membership` may see.
    """
    seen = membership.visible_owner_ids
    whose = seen if owners is None else frozenset(owners) if seen is None else frozenset(owners) & seen
    end = (
        Opportunity.objects.filter(owned_by(whose))
        .filter(due_in(period))
        .order_by()
        .aggregate(total=Sum("amount", default=0, output_field=BigIntegerField()))
    )
    told = stories(period, whose, since=since, zone=membership.organization.zone)
    return build(told, View(period, whose), end=int(end["total"]))


def moved(
    membership: Membership, period: Period, whose: Scope, *, bucket: Bucket, since: datetime
) -> QuerySet[Opportunity]:
    """Return the opportunities in a bucket of the waterfall."""
    told = stories(period, whose.owners, since=since, zone=membership.organization.zone)
    members = build(told, View(period, whose.owners), end=0).members(bucket)
    return cast("QuerySet[Opportunity]", Opportunity.objects.filter(pk__in=members))


# Snapshots --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """The weighted forecast as it was stored, evening by evening, and when it was last computed."""

    points: list[tuple[date, int]]
    computed_at: datetime | None


def course(period: Period, owners: Collection[int] | None) -> Course:
    """Return the stored forecasts of a period, one a day, oldest first."""
    stored = (
        ForecastSnapshot.objects.filter(owned_by(owners), period=period.kind, starts_on=period.starts_on)
        .order_by("on")
        .values_list("on", "won", "open_weighted", "computed_at")
    )
    points: dict[date, int] = defaultdict(int)
    computed_at = None
    for on, won, weighted, computed in stored:
        points[on] += won + weighted
        computed_at = computed if computed_at is None else max(computed_at, computed)
    return Course(sorted(points.items()), computed_at)


@dataclass(frozen=True)
class Judged:
    """A stored forecast against what happened; accuracy and bias as shares, None where nothing was won."""

    mark: Mark
    forecast: int | None
    accuracy: float | None
    bias: float | None


@dataclass(frozen=True)
class PastPeriod:
    """A period that is over: what was won in it, and what was forecast at each mark."""

    period: Period
    actual: int
    judged: list[Judged]


def past(period: Period, owners: Collection[int] | None, today: date, zone: tzinfo) -> list[PastPeriod]:
    """Return the ended ones of this period and the six before it for which a forecast was stored, latest first.

    Periods of a calendar that held before the fiscal year was moved are among them, under their own days.
    """
    wanted = [each for each in (period, *last_ones(period, PAST_PERIODS)) if each.ends_on < today]
    if not wanted:
        return []
    wanted = sorted({*wanted, *_former(period, wanted[-1].starts_on, today)}, key=lambda each: each.starts_on)[::-1]
    snapshots: dict[date, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    stored = (
        ForecastSnapshot.objects.filter(
            owned_by(owners), period=period.kind, starts_on__in=[each.starts_on for each in wanted]
        )
        .order_by()
        .values("starts_on", "on")
        .annotate(total=Sum(F("won") + F("open_weighted"), output_field=BigIntegerField()))
    )
    for row in stored:
        snapshots[row["starts_on"]][row["on"]] = int(row["total"])
    begins_at, ends_at = wanted[-1].instants(zone)[0], max(each.instants(zone)[1] for each in wanted)
    won = (
        Opportunity.objects.won()
        .filter(owned_by(owners), closed_at__gte=begins_at, closed_at__lt=ends_at)
        .order_by()
        .values(day=TruncDate("closed_at", tzinfo=zone))
        .annotate(total=Sum("amount", default=0, output_field=BigIntegerField()))
    )
    by_day = [(row["day"], int(row["total"])) for row in won]
    found = []
    for each in wanted:
        if each.starts_on in snapshots:
            actual = sum(total for day, total in by_day if day in each)
            marks = [_judge(mark, each, snapshots[each.starts_on], actual) for mark in Mark]
            found.append(PastPeriod(each, actual, marks))
    return found


def _former(period: Period, since: date, today: date) -> list[Period]:
    """Return the ended periods with stored forecasts that do not begin where periods of this kind begin now."""
    if period.kind == Kind.MONTH:
        return []
    stored = ForecastSnapshot.objects.filter(period=period.kind, starts_on__range=(since, today), ends_on__lt=today)
    return [
        Period(period.kind, day, period.fiscal_start)
        for day in stored.order_by().values_list("starts_on", flat=True).distinct()
        if not is_start(period.kind, day, period.fiscal_start)
    ]


def _judge(mark: Mark, period: Period, snapshots: Mapping[date, int], actual: int) -> Judged:
    forecast = nearest(snapshots, marked_on(mark, period))
    if forecast is None:
        return Judged(mark, None, None, None)
    return Judged(mark, forecast, accuracy(forecast, actual), bias(forecast, actual))


# Targets ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One person's target of one period: the amount (None: none set), the version to send back (0: none yet)."""

    period: Period
    amount: int | None
    version: int
    is_sum: bool = False


@dataclass(frozen=True)
class TargetRow:
    """One person's targets of a year."""

    member: Membership
    cells: list[Cell]
    total: int | None


@dataclass(frozen=True)
class TargetGrid:
    """Targets of people × periods, with the sums of each period and of all."""

    periods: list[Period]
    rows: list[TargetRow]
    totals: list[int | None]
    total: int | None


def _total(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def target_grid(whose: Scope, year: Period, kind: Kind) -> TargetGrid:
    """Return the targets of a year by month or quarter; a quarter without its own shows the sum of its months."""
    owners = [person.pk for person in whose.people]
    stored = Target.objects.filter(owner_id__in=owners, starts_on__range=(year.starts_on, year.ends_on))
    versions: dict[tuple[int, str, date], tuple[int, int]] = {
        (row.owner_id, row.period, row.starts_on): (row.amount, row.version) for row in stored
    }
    amounts = {key: amount for key, (amount, _version) in versions.items()}
    first = Period(kind, year.starts_on, year.fiscal_start)
    periods = [first]
    while periods[-1].ends_on < year.ends_on:
        periods.append(periods[-1].next)
    rows = []
    for person in whose.people:
        has_any = any(key[0] == person.pk for key in amounts)
        if not has_any and not (person.is_active and person.role in {Role.REP, Role.PARTNER, Role.MANAGER}):
            continue
        cells = []
        for period in periods:
            key = (person.pk, str(period.kind), period.starts_on)
            amount = target_of(amounts, person.pk, period)
            cells.append(Cell(period, amount, versions.get(key, (0, 0))[1], key not in versions and amount is not None))
        rows.append(TargetRow(person, cells, _total([cell.amount for cell in cells])))
    sums = [_total([row.cells[n].amount for row in rows]) for n in range(len(periods))]
    return TargetGrid(periods, rows, sums, _total(sums))


def stray_targets(owners: Collection[int] | None, year: Period) -> int:
    """Return how many quarterly targets of a year begin where no quarter begins since the fiscal year was moved."""
    stored = Target.objects.filter(
        owned_by(owners), period=Kind.QUARTER, starts_on__range=(year.starts_on, year.ends_on)
    )
    days = stored.values_list("starts_on", flat=True)
    return sum(not is_start(Kind.QUARTER, day, year.fiscal_start) for day in days)


# When the fiscal year or the time zone moves ----------------------------------------------------------


def _fiscal_year(change: Adjustment) -> Iterator[Effect]:
    """Say where today would lie, which targets no longer fit, and what becomes of stored forecasts."""
    today = change.now.astimezone(change.of.zone).date()
    now, then = (period_of(Kind.QUARTER, today, start) for start in (change.before, change.after))
    words = {"now": _days_of(now), "then": _days_of(then)}
    yield Effect(_("Today lies in {now}; it would lie in {then}.").format(**words), asks=True)
    if (change.after - change.before) % 3 == 0:
        yield Effect(_("Quarters keep their days and their targets; only their number and year change."))
        return
    targets = Target.objects.filter(period=Kind.QUARTER).values_list("starts_on", flat=True)
    stray = [day for day in targets if not is_start(Kind.QUARTER, day, change.after)]
    if stray:
        text = ngettext(
            "{n} quarterly target begins where no quarter will begin ({ahead} of this quarter or later). It is kept "
            "and counts again if the year moves back, but not until then. Monthly targets count on.",
            "{n} quarterly targets begin where no quarter will begin ({ahead} of this quarter or later). They are kept "
            "and count again if the year moves back, but not until then. Monthly targets count on.",
            len(stray),
        )
        ahead = sum(day >= now.starts_on for day in stray)
        yield Effect(text.format(n=len(stray), ahead=ahead), asks=True)
    stored = ForecastSnapshot.objects.filter(period=Kind.QUARTER, ends_on__lt=today).order_by()
    past_ones = [
        day
        for day in stored.values_list("starts_on", flat=True).distinct()
        if not is_start(Kind.QUARTER, day, change.after)
    ]
    if past_ones:
        text = ngettext(
            "The forecasts stored for {n} past quarter stay and are judged under its own days.",
            "The forecasts stored for {n} past quarters stay and are judged under their own days.",
            len(past_ones),
        )
        yield Effect(text.format(n=len(past_ones)))
    yield Effect(_("The course of the quarter that runs begins anew with the next evening."))


def _days_of(period: Period) -> str:
    return f"{period_label(period)} ({period.starts_on:%m-%d} \N{EN DASH} {period.ends_on:%m-%d})"


def _time_zone(change: Adjustment) -> Iterator[Effect]:
    """Say how many wins would be counted in another month."""
    here, there = change.of.zone, ZoneInfo(change.after)
    moved = (
        Opportunity.objects.won()
        .annotate(
            now=ExtractYear("closed_at", tzinfo=here) * 12 + ExtractMonth("closed_at", tzinfo=here),
            then=ExtractYear("closed_at", tzinfo=there) * 12 + ExtractMonth("closed_at", tzinfo=there),
        )
        .exclude(now=F("then"))
        .count()
    )
    text = ngettext(
        "{n} win near midnight would be counted in another month.",
        "{n} wins near midnight would be counted in another month.",
        moved,
    )
    if moved:
        yield Effect(text.format(n=moved), asks=True)


told_of("fiscal_year_start", _fiscal_year)
told_of("time_zone", _time_zone)


def _targets_stand(reader: Membership) -> str:
    """Say how many people have a target of the fiscal year."""
    organization: Organization = reader.organization
    year = period_of(Kind.YEAR, datetime.now(organization.zone).date(), organization.fiscal_year_start)
    found = Target.objects.visible_to(reader).filter(starts_on__range=(year.starts_on, year.ends_on))
    n = found.order_by().values("owner_id").distinct().count()
    text = ngettext("{n} person in {year}", "{n} people in {year}", n)
    return text.format(n=n, year=period_label(year))


stands("forecasting:targets", _targets_stand)


# Alerts -----------------------------------------------------------------------------------------------


def flagged(membership: Membership, owners: Collection[int] | None, *, code: str = "") -> QuerySet[Opportunity]:
    """Return the open opportunities with a flag: at risk first, then the largest."""
    found = Opportunity.objects.visible_to(membership).open().filter(owned_by(owners)).exclude(flags=[])
    if code:
        found = found.filter(flags__contains=[code])
    ordered = found.with_card().order_by("health", F("amount").desc(nulls_last=True), "pk")
    return cast("QuerySet[Opportunity]", ordered)


def alerts_of(opportunities: Sequence[Opportunity]) -> dict[int, dict[str, datetime]]:
    """Return since when each standing flag of these opportunities stands."""
    since: dict[int, dict[str, datetime]] = defaultdict(dict)
    for alert in Alert.objects.standing().filter(opportunity__in=opportunities).order_by():
        since[alert.opportunity_id][alert.code] = alert.since
    return since


def week_before(today: date, zone: tzinfo) -> datetime:
    """Return the moment from which "since last week" counts: seven days ago, where that day ended."""
    return midnight(today - timedelta(days=6), zone)
