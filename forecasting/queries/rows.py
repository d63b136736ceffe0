"""The opportunities behind a number, and what they add up to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, cast

from django.db.models import BigIntegerField, Case, Count, F, Q, QuerySet, Sum, When

from forecasting.models import closed_in, due_in, open_and_counted, owned_by
from forecasting.periods import Period
from funnel.models import COMMITTED, PROMISED, Opportunity, proven_amount, weighted_amount
from funnel.stages import Stage, Status


def rows(
    period: Period, zone: tzinfo, owners: Collection[int] | None, *, what: str, stage: int | None = None
) -> QuerySet[Opportunity]:
    """Return the opportunities behind a number of `summary`.

    :param what: due (open and due), won, counted (both: what the weighted forecast adds up), lost (with abandoned),
        committed or promised (of what is due: the customer committed, or the economic buyer just promised), reached
        (a stage or beyond), overdue or undated.
    """
    begins = {
        "due": due_in(period),
        "won": closed_in(period, zone) & Q(status=Status.WON),
        "counted": due_in(period) | closed_in(period, zone) & Q(status=Status.WON),
        "lost": closed_in(period, zone) & Q(status__in=[Status.LOST, Status.ABANDONED]),
        "reached": due_in(period) | closed_in(period, zone),
        "committed": due_in(period) & COMMITTED,
        "promised": due_in(period) & PROMISED,
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
    proven: int


def _proven(percents: Mapping[Stage, int]) -> Case:
    """Return what is proven of a row; of what is closed its whole part, as the forecast counts it."""
    return Case(When(status=Status.OPEN, then=proven_amount(percents)), default=weighted_amount(percents))


def totals(found: QuerySet[Opportunity], percents: Mapping[Stage, int]) -> Totals:
    """Add up all of a list, not only its page."""
    sums = found.order_by().aggregate(
        rows=Count("pk"),
        total=Sum("amount", default=0, output_field=BigIntegerField()),
        in_part=Sum(weighted_amount(percents), default=0, output_field=BigIntegerField()),
        in_proof=Sum(_proven(percents), default=0, output_field=BigIntegerField()),
    )
    return Totals(sums["rows"], int(sums["total"]), int(sums["in_part"]), int(sums["in_proof"]))


def listed(found: QuerySet[Opportunity], percents: Mapping[Stage, int]) -> QuerySet[Opportunity]:
    """Return a list with what its rows show and each one's `weighted` and `proven` amounts, the largest first."""
    rows_: Any = found
    shown = rows_.with_card().annotate(weighted=weighted_amount(percents), proven=_proven(percents))
    return cast("QuerySet[Opportunity]", shown.order_by(F("amount").desc(nulls_last=True), "pk"))
