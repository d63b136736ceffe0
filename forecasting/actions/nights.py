"""Every night: health, alerts and snapshots of a whole organization."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Count, Q, Sum
from django.urls import reverse

from forecasting.actions._alone import alone
from forecasting.health import REGRESSED_DAYS, Facts, broken, difference, health
from forecasting.models import (
    Alert,
    ForecastSnapshot,
    OpportunitySnapshot,
    Target,
    closed_in,
    due_in,
    weighted_amount,
)
from forecasting.periods import ONE_DAY, Period, midnight
from forecasting.replay import forecasts, periods_of
from forecasting.waterfall import State
from forecasting.weighting import target_of
from funnel.actions import note_health
from funnel.models import Change, Opportunity, Spell, StageSetting
from funnel.stages import ChangeKind, Stage, Status
from jobs.actions import Notice, enqueue, notify_all
from jobs.models import Job
from jobs.states import State as JobState
from tenants.models import Membership, Organization

JOB = "forecast"
NAMED = 3
"""So many opportunities are named in a notification."""
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
    alone("snapshot", organization.pk)
    percents = {row.stage: row.percent for row in StageSetting.objects.all().table()}
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
    nothing: dict[str, Any] = {"won": 0, "open_weighted": 0, "open_total": 0, "open_count": 0}
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
    percents = {int(row.stage): row.percent for row in StageSetting.objects.all().table()}
    found = forecasts(_histories(zone), wanted, percents=percents, fiscal_start=fiscal)
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
        *("category", "stage"),
    )
    for _pk, mine in groupby(spells.iterator(chunk_size=BATCH), key=lambda row: row[0]):
        yield [
            (
                from_at.astimezone(zone).date(),
                State(*facts, closed_on=closed_at.astimezone(zone).date() if closed_at else None),
            )
            for _pk, from_at, closed_at, *facts in mine
        ]


@transaction.atomic
def refresh_health(organization: Organization, *, at: datetime) -> int:
    """Judge every open opportunity; write its health, open and clear alerts, tell owners what is new.

    Return how many opportunities carry a flag.
    """
    alone("health", organization.pk)
    zone = organization.zone
    today = at.astimezone(zone).date()
    went_back = _went_back(since=midnight(today - timedelta(days=REGRESSED_DAYS), zone), zone=zone)
    flags: dict[int, list[str]] = {}
    shown: dict[int, tuple[int, str]] = {}
    for opportunity in Opportunity.objects.open().only(
        "owner_id",
        "name",
        "stage",
        "amount",
        "expected_close_on",
        "opened_at",
        "stage_entered_at",
        "last_contact_at",
        "next_step_on",
        "push_count",
    ):
        facts = facts_of(opportunity, zone, went_back_on=went_back.get(opportunity.pk))
        flags[opportunity.pk] = broken(facts, today)
        shown[opportunity.pk] = (opportunity.owner_id, opportunity.name)
    note_health(((pk, health(codes), codes) for pk, codes in flags.items()), at=at)
    raised = _keep_alerts(flags, at=at)
    _tell_owners(organization, raised, shown, at=at)
    return sum(1 for codes in flags.values() if codes)


def facts_of(opportunity: Opportunity, zone: tzinfo, *, went_back_on: date | None = None) -> Facts:
    """Return what the rules of health ask of an opportunity."""
    contact = opportunity.last_contact_at
    return Facts(
        stage=opportunity.stage,
        amount=opportunity.amount,
        expected_close_on=opportunity.expected_close_on,
        opened_on=opportunity.opened_at.astimezone(zone).date(),
        stage_entered_on=opportunity.stage_entered_at.astimezone(zone).date(),
        last_contact_on=contact.astimezone(zone).date() if contact else None,
        next_step_on=opportunity.next_step_on,
        push_count=opportunity.push_count,
        went_back_on=went_back_on,
    )


def _went_back(*, since: datetime, zone: tzinfo) -> dict[int, date]:
    """Return when each opportunity last went back a stage since then; what was undone does not count."""
    undone = Change.objects.filter(undoes__isnull=False).values("undoes_id")
    log = (
        Change.objects.filter(kind=ChangeKind.STAGE, occurred_at__gte=since, undoes=None)
        .exclude(pk__in=undone)
        .order_by("occurred_at", "pk")
        .values_list("opportunity_id", "old", "new", "occurred_at")
    )
    return {pk: occurred.astimezone(zone).date() for pk, old, new, occurred in log if new < old}


def _keep_alerts(flags: Mapping[int, Sequence[str]], *, at: datetime) -> list[Alert]:
    """Open an alert for each new flag, clear those that no longer hold; return the new ones."""
    standing: dict[int, dict[str, int]] = defaultdict(dict)
    for pk, opportunity_id, code in Alert.objects.standing().order_by().values_list("pk", "opportunity_id", "code"):
        standing[opportunity_id][code] = pk
    raised: list[Alert] = []
    cleared: list[int] = []
    for opportunity_id in flags.keys() | standing.keys():
        more, fewer = difference(standing.get(opportunity_id, ()), flags.get(opportunity_id, ()))
        raised += [Alert(opportunity_id=opportunity_id, code=code, since=at) for code in more]
        cleared += [standing[opportunity_id][code] for code in fewer]
    Alert.objects.filter(pk__in=cleared).update(cleared_at=at)
    return list(Alert.objects.bulk_create(raised, batch_size=BATCH))


def _tell_owners(
    organization: Organization, raised: Iterable[Alert], shown: Mapping[int, tuple[int, str]], *, at: datetime
) -> None:
    """Tell each owner once what is new: one line for all their opportunities."""
    news: dict[int, dict[int, int]] = defaultdict(dict)
    for alert in raised:
        owner_id, _name = shown[alert.opportunity_id]
        news[owner_id][alert.opportunity_id] = alert.pk
    url = reverse("forecasting:alerts", args=[organization.slug])
    notices = []
    for owner_id, alerts in news.items():
        names = [shown[pk][1] for pk in sorted(alerts)[:NAMED]]
        notices.append(
            Notice(
                to_id=owner_id,
                code="opportunities_flagged",
                unique_key=f"alerts:{max(alerts.values())}",
                data={"count": len(alerts), "names": names},
                url=url,
            )
        )
    notify_all(notices, at=at)
