"""The settings of the stages: what an edit would do, what is demanded, and how often it was filed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import BigIntegerField, Count, Exists, F, Min, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Least

from funnel.evidence import Kind
from funnel.models import Evidence, EvidenceItem, Opportunity, StageSetting, Weighed, proven_amount, weighted_amount
from funnel.queries.opportunities import stage_table
from funnel.stages import Stage


def edition() -> int:
    """Return the edition of the stage table: what a settings form saw."""
    return cast("int", StageSetting.objects.all().edition())


@dataclass(frozen=True)
class Weighing:
    """The weighted pipeline of the whole organization by the percentages now, and by others; claimed and proven."""

    now: int
    then: int
    proven_now: int
    proven_then: int
    open_count: int


def weighing(percents: Mapping[Stage, int]) -> Weighing:
    """Return what other percentages would make of the weighted pipeline."""
    now = {row.stage: row.percent for row in stage_table()}
    sums = Opportunity.objects.open().aggregate(
        now=Sum(weighted_amount(now), default=0),
        then=Sum(weighted_amount(percents), default=0),
        proven_now=Sum(proven_amount(now), default=0),
        proven_then=Sum(proven_amount(percents), default=0),
        open_count=Count("pk"),
    )
    return Weighing(**{name: int(found) for name, found in sums.items()})


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


def item_label(key: str) -> str:
    """Return what an item is called, demanded or not; nothing where there is none."""
    rows = list(EvidenceItem.objects.all())
    found = {row.key: str(row) for row in rows} or {i.key: i.label for i in EvidenceItem.objects.none().checklist()}
    return found.get(key, "")


def filed_counts() -> dict[str, int]:
    """Return how often each item was filed, by its key."""
    counts = Evidence.objects.order_by().values("item_id", "item__code").annotate(n=Count("pk"), first=Min("pk"))
    return {each["item__code"] or f"own-{each['item_id']}": each["n"] for each in counts}


def proven_then(*, without: str = "", again: str = "", more: Stage | None = None) -> tuple[int, int]:
    """Return the proven weighted pipeline of the organization now, and under another checklist.

    :param without: the key of an item that is no longer demanded.
    :param again: the key of one that is demanded again.
    :param more: a stage that demands one item more, which nobody has filed yet.
    """
    percents = {row.stage: row.percent for row in stage_table()}
    rows = list(EvidenceItem.objects.all())
    own = {row.key: row.pk for row in rows}
    asked = EvidenceItem.objects.filter(Q(is_active=True) | Q(pk=own.get(again, 0))).exclude(pk=own.get(without, 0))
    proven = Evidence.objects.proving().filter(opportunity=OuterRef(OuterRef("pk")), item=OuterRef("pk"))
    lacking = asked.filter(~Exists(proven)).order_by().values("organization_id").annotate(first=Min("stage"))
    first: Any = Coalesce(Subquery(lacking.values("first")), Value(int(Stage.DEPLOY)))
    if not rows:
        left = [item.stage for item in EvidenceItem.objects.none().checklist() if item.key != without]
        first = Value(min(left, default=int(Stage.DEPLOY)))
    then = Least(F("stage"), first, Value(int(more or Stage.DEPLOY)))
    sums = (
        Opportunity.objects.open()
        .annotate(proven_then=then)
        .aggregate(
            now=Sum(proven_amount(percents), default=0, output_field=BigIntegerField()),
            then=Sum(Weighed(percents, "proven_then"), default=0, output_field=BigIntegerField()),
        )
    )
    return int(sums["now"]), int(sums["then"])
