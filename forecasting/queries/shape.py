"""What the shape of a funnel stands on: what is open, how it flows here and with everybody else, and the gap."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, Count, Q, Sum

from forecasting.models import owned_by
from forecasting.periods import Period
from forecasting.queries.numbers import Summary
from forecasting.shape import STAGES, Have, Pace, Shape, shape, wins_needed
from funnel.flags import Flag
from funnel.flow import Conversion
from funnel.models import Opportunity
from funnel.queries import conversion_by_owner, dwell
from funnel.slices import Slice
from funnel.stages import Stage, Status
from tenants.models import Organization

WINDOW = timedelta(days=365)
"""How far back conversion, dwell and the usual amount of a win are measured."""


def shape_of(
    organization: Organization, period: Period, found: Summary, owners: Collection[int] | None, *, at: datetime
) -> Shape:
    """Return the shape of these owners' funnel against what the gap of a period needs, which is what the weighted
    forecast is short of the target.
    """
    since, today = at - WINDOW, at.astimezone(organization.zone).date()
    mine = Opportunity.objects.filter(owned_by(owners))
    flagged = {code: Count("pk", filter=Q(flags__contains=[code])) for code in (Flag.STALLED, Flag.UNPROVEN)}
    rows = (
        mine.filter(status=Status.OPEN)
        .order_by()
        .values("stage")
        .annotate(
            count=Count("pk"),
            total=Sum("amount", default=0, output_field=BigIntegerField()),
            late=Count("pk", filter=Q(flags__contains=[Flag.PUSHED])),
            **flagged,
        )
    )
    have = {
        row["stage"]: Have(row["count"], int(row["total"]), row[Flag.STALLED], row[Flag.UNPROVEN], row["late"])
        for row in rows
    }
    won = mine.filter(status=Status.WON, closed_at__gt=since, amount__gt=0).order_by()
    sums = won.aggregate(n=Count("pk"), total=Sum("amount", default=0, output_field=BigIntegerField()))
    usual = int(sums["total"]) // sums["n"] if sums["n"] else None
    wins = wins_needed(found.numbers.gap, usual)
    days = max((period.ends_on - max(today, period.starts_on)).days + 1, 1)
    return shape(have, _paces(owners, since=since, until=at), wins=wins, days=days)


def _paces(owners: Collection[int] | None, *, since: datetime, until: datetime) -> dict[int, Pace]:
    """Return how each stage flows with these owners, and with all others."""
    everybody = conversion_by_owner(since=since, until=until)
    ours = Slice() if owners is None else Slice(frozenset(owners))
    stays = dwell(since=since, until=until, slice_=ours)
    paces = {}
    for stage in STAGES:
        inside, outside = Conversion(), Conversion()
        for owner, by_stage in everybody.items():
            if owners is None or owner in owners:
                inside += by_stage.get(Stage(stage), Conversion())
            else:
                outside += by_stage.get(Stage(stage), Conversion())
        spread = stays.get(Stage(stage))
        paces[stage] = Pace(
            share=inside.rate,
            counted=inside.reached + inside.fell,
            days=spread.mean if spread else None,
            exits=spread.count if spread else 0,
            peers=outside.rate,
            peers_counted=outside.reached + outside.fell,
        )
    return paces
