"""Segments: how many customers each holds, and how many would move by other limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from accounts.models import (
    Account,
    AssessmentSetting,
)
from accounts.segments import Limits, place


@dataclass(frozen=True)
class Moves:
    """What other limits would change: accounts by (segment now, segment then)."""

    total: int
    pairs: list[tuple[str, str, int]]


def moves(benchmark: int, high_from: int, little_percent: int, weights: Mapping[str, int]) -> Moves:
    """Return how many accounts would change segment by these limits and weights, without changing any."""
    limits = Limits(benchmark, high_from, little_percent)
    wanted = AssessmentSetting(weights=dict(weights))
    pairs: dict[tuple[str, str], int] = {}
    for account in Account.objects.only("segment", "annual_revenue", "assessed_at").judged_by(wanted):
        then = place(
            revenue=account.annual_revenue, score=account.score, confidence=account.confidence, limits=limits
        ).segment
        if then != account.segment:
            pairs[account.segment, then] = pairs.get((account.segment, then), 0) + 1
    return Moves(sum(pairs.values()), sorted((now, then, n) for (now, then), n in pairs.items()))


def usual_benchmark() -> int | None:
    """Return the revenue a year that the largest fifth of the earning accounts reach: a benchmark to propose."""
    revenues = Account.objects.filter(annual_revenue__gt=0).order_by("-annual_revenue")
    count = revenues.count()
    least: int | None = revenues.values_list("annual_revenue", flat=True)[count // 5] if count else None
    return least


def segment_counts() -> dict[str, int]:
    """Return how many accounts each segment holds now."""
    return dict(Account.objects.order_by().values_list("segment").annotate(n=Count("pk")))
