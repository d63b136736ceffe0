"""Every night: the snapshots of a whole organization, and the job that computes them after its health."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Count, Q, Sum

from forecasting.models import (
    JOB,
    ForecastSnapshot,
    OpportunitySnapshot,
    Target,
    closed_in,
    due_in,
)
from forecasting.periods import ONE_DAY, Period, midnight
from forecasting.replay import forecasts, periods_of
from forecasting.waterfall import State
from forecasting.weighting import target_of
from funnel.models import Opportunity, Spell, StageSetting, proven_amount, weighted_amount
from funnel.stages import Stage, Status
from jobs.actions import enqueue
from jobs.models import Job
from jobs.states import State as JobState
from tenants.actions.locking import one_at_a_time
from tenants.models import Membership, Organization

BATCH = 2_000


def start_night(organization: Organization, *, at: datetime) -> Job | None:
    """Start the nightly computation of the day that has ended, unless it was started already."""
    yesterday = at.astimezone(organization.zone).date() - ONE_DAY
    key = f"night:{yesterday}"
    if Job.objects.filter(unique_key=key).exclude(state=JobState.FAILED).exists():
        return None
    return enqueue(JOB, payload={"on": yesterday.isoformat()}, by=None, at=at, unique_key=key)


def start_now(*, by: Membership, at: datetime) -> Job:
    """Start the computation for today; one that runs already is returned instead."""
    today = at.astimezone(by.organization.zone).date()
    return enqueue(JOB, payload={"on": today.isoformat()}, by=by, at=at, unique_key="now")


@transaction.atomic
def take_snapshot(organization: Organization, *, on: date, at: datetime) -> int:
    """Store every open opportunity, and each person's forecast of this and the next month and quarter.

    What is stored for a day is replaced, so that taking it twice changes nothing; other days are never touched.
    Return how many opportunities were stored.
    """
    one_at_a_time(f"forecasting.snapshot:{organization.pk}")
    percents = {row.stage: row.percent for row in StageSetting.table()}
    count = _store_opportunities(organization, percents, on=on)
    ForecastSnapshot.objects.filter(on=on).delete()
    for period in periods_of(on, organization.fiscal_year_start):
        ForecastSnapshot.objects.bulk_create(
            _forecasts(period, organization.zone, percents, on=on, at=at), batch_size=BATCH
        )
    return count


def _store_opportunities(organization: Organization, percents: Mapping[Stage, int], *, on: date) -> int:
    """Copy the open opportunities in one statement."""
    OpportunitySnapshot.objects.filter(on=on).delete()
    stages = sorted(percents)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO forecasting_opportunitysnapshot
                (organization_id, "on", opportunity_id, owner_id, stage, percent, amount,
                 expected_close_on, category)
            SELECT o.organization_id, %s, o.id, o.owner_id, o.stage, p.percent, o.amount,
                   o.expected_close_on, o.category
            FROM funnel_opportunity o
            JOIN unnest(%s::int[], %s::int[]) AS p(stage, percent) ON p.stage = o.stage
            WHERE o.organization_id = %s AND o.status = %s
            """,
            [on, [int(stage) for stage in stages], [percents[stage] for stage in stages], organization.pk, Status.OPEN],
        )
        return int(cursor.rowcount)


def _forecasts(
    period: Period, zone: tzinfo, percents: Mapping[Stage, int], *, on: date, at: datetime
) -> list[ForecastSnapshot]:
    """Compute each person's forecast of a period with all its parts, if there is anything."""
    due, won = due_in(period), closed_in(period, zone) & Q(status=Status.WON)
    sums = {
        row["owner_id"]: row
        for row in Opportunity.objects.filter(due | won)
        .order_by()
        .values("owner_id")
        .annotate(
            won=Sum("amount", filter=won, default=0, output_field=BigIntegerField()),
            open_weighted=Sum(weighted_amount(percents), filter=due, default=0, output_field=BigIntegerField()),
            open_proven=Sum(proven_amount(percents), filter=due, default=0, output_field=BigIntegerField()),
            open_total=Sum("amount", filter=due, default=0, output_field=BigIntegerField()),
            open_count=Count("pk", filter=due),
        )
    }
    stored = {
        (owner, kind, day): amount
        for owner, kind, day, amount in Target.objects.filter(
            starts_on__range=(period.starts_on, period.ends_on)
        ).values_list("owner_id", "period", "starts_on", "amount")
    }
    targets = {owner: target_of(stored, owner, period) for owner in {key[0] for key in stored} | set(sums)}
    nothing: dict[str, Any] = {"won": 0, "open_weighted": 0, "open_proven": 0, "open_total": 0, "open_count": 0}
    return [
        ForecastSnapshot(
            on=on,
            period=period.kind,
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            owner_id=owner,
            target=target,
            computed_at=at,
            **{field: sums.get(owner, nothing)[field] for field in nothing},
        )
        for owner, target in sorted(targets.items())
        if owner in sums or target is not None
    ]


@transaction.atomic
def make_past_snapshots(organization: Organization, evenings: Iterable[date], *, at: datetime) -> int:
    """Store the forecasts of past evenings as the change log and today's targets and percentages tell them.

    Only for an organization whose past is made up, such as the demo company: a forecast that was not stored on its
    evening is otherwise never computed afterwards, or its accuracy would be a claim. Evenings that are stored stay.
    Return how many forecasts were stored.
    """
    zone, fiscal = organization.zone, organization.fiscal_year_start
    kept = set(ForecastSnapshot.objects.order_by().values_list("on", flat=True).distinct())
    wanted = [evening for evening in evenings if evening not in kept]
    percents = {int(row.stage): row.percent for row in StageSetting.table()}
    found, unknown = forecasts(_histories(zone), wanted, percents=percents, fiscal_start=fiscal)
    stored = {
        (owner, kind, day): amount
        for owner, kind, day, amount in Target.objects.values_list("owner_id", "period", "starts_on", "amount")
    }
    targets = {(owner, period): target_of(stored, owner, period) for _evening, period, owner in found}
    rows = [
        ForecastSnapshot(
            on=evening,
            period=period.kind,
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            owner_id=owner,
            won=numbers.won,
            open_weighted=numbers.weighted,
            open_proven=None if (evening, period, owner) in unknown else numbers.proven,
            open_total=numbers.open_total,
            open_count=numbers.open_count,
            target=targets[owner, period],
            computed_at=min(at, midnight(evening + ONE_DAY, zone)),
        )
        for (evening, period, owner), numbers in found.items()
    ]
    return len(ForecastSnapshot.objects.bulk_create(rows, batch_size=BATCH))


def _histories(zone: tzinfo) -> Iterable[list[tuple[date, State]]]:
    """Yield what each opportunity was, from which day on."""
    spells = Spell.objects.order_by("opportunity_id", "from_at").values_list(
        *("opportunity_id", "from_at", "closed_at", "status", "amount", "expected_close_on", "owner_id"),
        *("category", "stage", "proven_to"),
    )
    for _pk, mine in groupby(spells.iterator(chunk_size=BATCH), key=lambda row: row[0]):
        yield [
            (from_at.astimezone(zone).date(), _state(closed_at, zone, *facts))
            for _pk, from_at, closed_at, *facts in mine
        ]


def _state(
    closed_at: datetime | None,
    zone: tzinfo,
    status: str,
    amount: int | None,
    due_on: date | None,
    owner: int,
    category: str,
    stage: int,
    proven_to: int | None,
) -> State:
    closed_on = closed_at.astimezone(zone).date() if closed_at else None
    return State(status, amount, due_on, owner, category, stage, closed_on, proven_to=proven_to)
