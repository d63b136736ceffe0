"""The numbers of a period, by person and stage."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from operator import itemgetter
from typing import Any

from django.db.models import BigIntegerField, Case, CharField, Count, F, Q, SmallIntegerField, Sum, Value, When
from django.db.models.functions import Cast, TruncDate

from forecasting.models import closed_in, due_in, open_and_counted, owned_by
from forecasting.periods import Period, pace, working_days
from forecasting.queries.scope import Scope, scope
from forecasting.queries.targets import targets_of
from forecasting.weighting import Numbers, target_of
from funnel.models import COMMITTED, Opportunity, StageSetting, proven_amount, weighted_amount
from funnel.stages import Stage, StageRow, Status
from tenants.calendar import WorkCalendar
from tenants.models import Membership
from tenants.permissions import Role


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
    proven: int
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
class Committed:
    """Of what is open and due: what the customers committed to, and what was promised with no procedure behind it."""

    count: int = 0
    amount: int = 0
    promised_count: int = 0
    promised_amount: int = 0


@dataclass(frozen=True)
class Summary:
    """The numbers of a period for a scope. `won_by_day` adds up: (day, won until its evening)."""

    period: Period
    numbers: Numbers
    people: list[PersonRow]
    stages: list[StageNumbers]
    won_by_day: list[tuple[date, int]]
    uncounted: Uncounted
    committed: Committed
    percents: Mapping[Stage, int]

    @property
    def is_bare(self) -> bool:
        """Nothing is aimed at, and nothing was won, lost, is due or waits for a date: there is nothing to tell."""
        waits = self.uncounted.overdue_count + self.uncounted.undated_count
        return self.numbers.target is None and not waits and not any(each.reached_count for each in self.stages)


def _groups(
    period: Period, zone: tzinfo, owners: Collection[int] | None, percents: Mapping[Stage, int]
) -> list[dict[str, Any]]:
    """Group what is open until the end of the period, what of it the customers committed to or just promised, and what
    was closed in the period, each read from one index; and what was won by day, which stands in `place` then.
    """
    counted = {"count": Count("*"), "total": Sum("amount", default=0, output_field=BigIntegerField())}
    open_ones = {
        "weighted": Sum(weighted_amount(percents), default=0, output_field=BigIntegerField()),
        "proven": Sum(proven_amount(percents), default=0, output_field=BigIntegerField()),
    }
    neither = {"weighted": Value(0, BigIntegerField()), "proven": Value(0, BigIntegerField())}
    place = Case(
        When(expected_close_on=None, then=Value("undated")),
        When(expected_close_on__lt=period.starts_on, then=Value("overdue")),
        default=Value("due"),
        output_field=CharField(),
    )
    until_its_end = Q(expected_close_on=None) | Q(expected_close_on__lte=period.ends_on)
    mine = Opportunity.objects.filter(owned_by(owners)).order_by()
    standing = mine.filter(open_and_counted(), until_its_end).annotate(place=place)
    closed = mine.filter(closed_in(period, zone)).annotate(place=F("status"))
    backed = Q(committed_on__isnull=False) | Q(eb_promised_on__isnull=False)
    sure = Case(When(COMMITTED, then=Value("committed")), default=Value("promised"), output_field=CharField())
    committed = mine.filter(backed, due_in(period)).annotate(place=sure)
    whose = {"whose": F("owner_id"), "at": F("stage")}
    nobody = {"whose": Value(0, BigIntegerField()), "at": Value(0, SmallIntegerField())}
    won_on = Cast(TruncDate("closed_at", tzinfo=zone), CharField())
    days = mine.filter(closed_in(period, zone), status=Status.WON).annotate(place=won_on)
    parts = [
        part.annotate(**by).values("whose", "at", "place").annotate(**counted, **weights)
        for part, by, weights in (
            (standing, whose, open_ones),
            (closed, whose, neither),
            (committed, whose, neither),
            (days, nobody, neither),
        )
    ]
    rows = parts[0].union(*parts[1:], all=True)
    return [{**row, **{name: int(row[name]) for name in ("total", "weighted", "proven")}} for row in rows]


def summary(membership: Membership, period: Period, scope_: Scope | None = None) -> Summary:
    """Return the numbers of a period: won, weighted by stage and by person, open, target; what reached each stage.

    :param scope_: from `scope`; without it, everyone whom `membership` may see.
    """
    whose = scope_ or scope(membership)
    table = StageSetting.table()
    percents = {row.stage: row.percent for row in table}
    groups = _groups(period, membership.organization.zone, whose.owners, percents)
    stored = targets_of(whose.owners, period)
    by_owner: dict[int, Numbers] = defaultdict(Numbers)
    for group in groups:
        if group["whose"]:
            by_owner[group["whose"]] += _numbers_of(group)
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
        committed=Committed(
            count=_sum(groups, "committed", "count"),
            amount=_sum(groups, "committed", "total"),
            promised_count=_sum(groups, "promised", "count"),
            promised_amount=_sum(groups, "promised", "total"),
        ),
        percents=percents,
    )


def _numbers_of(group: Mapping[str, Any]) -> Numbers:
    if group["place"] == "due":
        return Numbers(
            weighted=group["weighted"],
            proven=group["proven"],
            open_total=group["total"],
            open_count=group["count"],
        )
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
        here = [group for group in groups if group["place"] == "due" and group["at"] == row.stage]
        reached = [group for group in groups if group["place"] in decided and group["at"] >= row.stage]
        rows.append(
            StageNumbers(
                row=row,
                count=sum(group["count"] for group in here),
                amount=sum(group["total"] for group in here),
                weighted=sum(group["weighted"] for group in here),
                proven=sum(group["proven"] for group in here),
                reached_amount=sum(group["total"] for group in reached),
                reached_count=sum(group["count"] for group in reached),
            )
        )
    return rows


def _cumulative(groups: Sequence[Mapping[str, Any]]) -> list[tuple[date, int]]:
    total, points = 0, []
    for group in sorted((group for group in groups if not group["whose"]), key=itemgetter("place")):
        total += group["total"]
        points.append((date.fromisoformat(group["place"]), total))
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
