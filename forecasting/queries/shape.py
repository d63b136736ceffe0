"""What the shape of a funnel stands on: what is open, how it flows here and with everybody else, and the gap."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db.models import BigIntegerField, Count, Q, Sum

from forecasting.models import owned_by
from forecasting.periods import Period
from forecasting.queries.numbers import Summary
from forecasting.shape import SHARES, STAGES, Have, Inflow, Pace, Shape, shape, wins_needed
from funnel.flags import Flag
from funnel.flow import Conversion
from funnel.models import Opportunity
from funnel.queries import conversion_by_owner, dwell, lead_figures
from funnel.slices import Slice
from funnel.stages import Stage, Status
from tenants.models import Organization

WINDOW = timedelta(days=365)
"""How far back conversion, dwell and the usual amount of a win are measured."""
LATELY = timedelta(days=90)
"""How far back it is counted how much comes in."""
_TOLD = (Flag.STALLED, Flag.UNPROVEN, Flag.PUSHED, Flag.SILENT, Flag.REGRESSED)


def shape_of(
    organization: Organization, period: Period, found: Summary, owners: Collection[int] | None, *, at: datetime
) -> Shape:
    """Return the shape of these owners' funnel against what the gap of a period needs, which is what the weighted
    forecast is short of the target.
    """
    since, today = at - WINDOW, at.astimezone(organization.zone).date()
    mine = Opportunity.objects.filter(owned_by(owners))
    flagged = {f"n_{code}": Count("pk", filter=Q(flags__contains=[code])) for code in _TOLD}
    rows = (
        mine.filter(status=Status.OPEN)
        .order_by()
        .values("stage")
        .annotate(
            count=Count("pk"),
            total=Sum("amount", default=0, output_field=BigIntegerField()),
            **flagged,
        )
    )
    have = {
        row["stage"]: Have(row["count"], int(row["total"]), **{str(code): row[f"n_{code}"] for code in _TOLD})
        for row in rows
    }
    won = mine.filter(status=Status.WON, closed_at__gt=since, amount__gt=0).order_by()
    sums = won.aggregate(n=Count("pk"), total=Sum("amount", default=0, output_field=BigIntegerField()))
    usual = int(sums["total"]) // sums["n"] if sums["n"] else None
    wins = wins_needed(found.numbers.gap, usual)
    days = max((period.ends_on - max(today, period.starts_on)).days + 1, 1)
    inflow = _inflow(organization, owners, today, at=at)
    return shape(have, _paces(owners, since=since, until=at), wins=wins, days=days, inflow=inflow)


def _inflow(organization: Organization, owners: Collection[int] | None, today: date, *, at: datetime) -> Inflow:
    """Return what came in lately: opportunities opened a day, and leads."""
    opened = Opportunity.objects.filter(owned_by(owners), opened_at__gt=at - LATELY, opened_at__lte=at).count()
    leads = lead_figures(owners, first=today - LATELY, last=today, organization=organization)
    return Inflow(opened / LATELY.days, leads.open, leads.converted, leads.dropped)


def _paces(owners: Collection[int] | None, *, since: datetime, until: datetime) -> dict[int, Pace]:
    """Return how each stage flows with these owners, and with all others; of everybody, against what is usual."""
    everybody = conversion_by_owner(since=since, until=until)
    ours = Slice() if owners is None else Slice(frozenset(owners))
    stays = dwell(since=since, until=until, slice_=ours)
    paces = {}
    for stage in STAGES:
        inside, outside, own = Conversion(), Conversion(), list[Conversion]()
        for owner, by_stage in everybody.items():
            if owners is None or owner in owners:
                own.append(by_stage.get(Stage(stage), Conversion()))
                inside += own[-1]
            else:
                outside += by_stage.get(Stage(stage), Conversion())
        spread = stays.get(Stage(stage))
        paces[stage] = Pace(
            share=inside.rate,
            counted=inside.reached + inside.fell,
            days=spread.mean if spread else None,
            exits=spread.count if spread else 0,
            peers=SHARES[stage] if owners is None else outside.rate,
            peers_counted=outside.reached + outside.fell,
            is_usual=owners is None,
            people=sum(each.counted > 0 for each in own),
            winners=sum(each.reached > 0 for each in own),
        )
    return paces
