"""The settings of the stages: what an edit would do, what is demanded, and how often it was filed."""

from dataclasses import dataclass
from typing import cast

from django.db.models import Count, Min, Sum

from funnel.evidence import Kind
from funnel.models import Evidence, EvidenceItem, Opportunity, StageSetting
from funnel.queries.opportunities import stage_table
from funnel.stages import Stage, weighted


def edition() -> int:
    """Return the edition of the stage table: what a settings form saw."""
    return cast("int", StageSetting.objects.all().edition())


@dataclass(frozen=True)
class Weighing:
    """The weighted pipeline of the whole organization by the percentages now, and by others."""

    now: int
    then: int
    open_count: int


def weighing(percents: dict[Stage, int]) -> Weighing:
    """Return what other percentages would make of the weighted pipeline."""
    rows = stage_table()
    figures = {
        each["stage"]: each
        for each in Opportunity.objects.open().order_by().values("stage").annotate(n=Count("pk"), total=Sum("amount"))
    }
    totals_of = {row.stage: (figures.get(row.stage) or {}).get("total") or 0 for row in rows}
    return Weighing(
        now=sum(weighted(totals_of[row.stage], row.percent) for row in rows),
        then=sum(weighted(totals_of[row.stage], percents[row.stage]) for row in rows),
        open_count=sum(each["n"] for each in figures.values()),
    )


def items_by_stage() -> dict[int, list[tuple[str, str, Kind, bool, bool]]]:
    """Return all evidence items by stage, in order: (key, label, kind, is standard, is active)."""
    shown: dict[int, list[tuple[str, str, Kind, bool, bool]]] = {stage: [] for stage in Stage}
    rows = list(EvidenceItem.objects.all())
    if not rows:
        for item in EvidenceItem.objects.none().checklist():
            shown[item.stage].append((item.key, item.label, item.kind, True, True))
    for row in sorted(rows, key=lambda row: (not row.is_active, row.position, row.pk)):
        shown[row.stage].append((row.key, str(row), Kind(row.kind), bool(row.code), row.is_active))
    return shown


def filed_counts() -> dict[str, int]:
    """Return how often each item was filed, by its key."""
    counts = Evidence.objects.order_by().values("item_id", "item__code").annotate(n=Count("pk"), first=Min("pk"))
    return {each["item__code"] or f"own-{each['item_id']}": each["n"] for each in counts}
