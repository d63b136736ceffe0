"""What the nights stored: the course of a forecast, and how good past forecasts were."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.db.models import BigIntegerField, F, Sum
from django.db.models.functions import TruncDate

from forecasting.accuracy import Mark, accuracy, marked_on, nearest
from forecasting.models import ForecastSnapshot, owned_by
from forecasting.periods import Kind, Period, is_start, last_ones
from funnel.models import Opportunity

PAST_PERIODS = 6


@dataclass(frozen=True)
class Course:
    """The weighted forecast as it was stored, evening by evening, and when it was last computed.

    `proven` is won and proven of the evenings on which that was recorded.
    """

    points: list[tuple[date, int]]
    proven: list[tuple[date, int]]
    computed_at: datetime | None


def course(period: Period, owners: Collection[int] | None) -> Course:
    """Return the stored forecasts of a period, one a day, oldest first."""
    stored = (
        ForecastSnapshot.objects.filter(owned_by(owners), period=period.kind, starts_on=period.starts_on)
        .order_by("on")
        .values_list("on", "won", "open_weighted", "open_proven", "computed_at")
    )
    points: dict[date, int] = defaultdict(int)
    proven: dict[date, int] = defaultdict(int)
    unknown = set[date]()
    computed_at = None
    for on, won, weighted, in_proof, computed in stored:
        points[on] += won + weighted
        proven[on] += won + (in_proof or 0)
        if in_proof is None:
            unknown.add(on)
        computed_at = computed if computed_at is None else max(computed_at, computed)
    known = [(on, amount) for on, amount in sorted(proven.items()) if on not in unknown]
    return Course(sorted(points.items()), known, computed_at)


@dataclass(frozen=True)
class Judged:
    """A stored forecast against what happened; accuracy as a share, None where nothing was won."""

    mark: Mark
    forecast: int | None
    accuracy: float | None


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
        return Judged(mark, None, None)
    return Judged(mark, forecast, accuracy(forecast, actual))
