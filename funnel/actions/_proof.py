"""Keeping `Opportunity.proven_stage`: for one opportunity as it is changed, or for many in one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, F, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Least

from funnel.evidence import Item, State, proven_stage
from funnel.models import Evidence, EvidenceItem, Opportunity, StageOverride
from funnel.stages import Stage


@dataclass(frozen=True)
class Standing:
    """What the stages demand, the state of what is filed for an opportunity by key, and until when stages are excused.

    An override makes the standard items real rows, so whatever was excused stands here.
    """

    items: Sequence[Item]
    states: Mapping[str, State]
    excused: Mapping[int, date]

    def proven(self, claimed: int) -> int:
        """Return the proven stage where this one is claimed."""
        return proven_stage(self.items, self.states, claimed=claimed)


def evidence_for(opportunity: Opportunity) -> Standing:
    """Return how an opportunity stands; one query."""
    filed = Evidence.objects.filter(opportunity=opportunity, item_id=OuterRef("pk")).order_by().values("state")
    ends = StageOverride.objects.filter(opportunity=opportunity, stage=OuterRef("stage")).order_by("-until")
    rows = EvidenceItem.objects.annotate(state=Subquery(filed), until=Subquery(ends.values("until")[:1]))
    items: list[Item] = rows.checklist()
    return Standing(
        items,
        {row.key: State(row.state) for row in rows if row.state},
        {row.stage: row.until for row in rows if row.until},
    )


def keep_proven(opportunity: Opportunity) -> None:
    """Set the proven stage of an opportunity whose stage or evidence has just changed; the caller need not save it."""
    opportunity.proven_stage = evidence_for(opportunity).proven(opportunity.stage)
    opportunity.save(update_fields=["proven_stage"])


def first_demanded() -> int:
    """Return the first stage that demands anything: there stands whatever has no evidence at all."""
    stages = [item.stage for item in EvidenceItem.objects.all().checklist()]
    return min(stages, default=int(Stage.DEPLOY))


def recount_proven(ids: Collection[int] | None = None) -> None:
    """Set the proven stage of many, as the rule has it, in one statement; None is every open one."""
    proven = Evidence.objects.proving().filter(opportunity=OuterRef(OuterRef("pk")), item=OuterRef("pk"))
    lacking = EvidenceItem.objects.filter(~Exists(proven), is_active=True).order_by().values("organization_id")
    first = Subquery(lacking.annotate(first=Min("stage")).values("first"))
    untouched = not EvidenceItem.objects.exists()
    claimed = Value(first_demanded()) if untouched else Coalesce(first, Value(int(Stage.DEPLOY)))
    rows = Opportunity.objects.open() if ids is None else Opportunity.objects.filter(pk__in=ids)
    changed = rows.annotate(proven_now=Least(F("stage"), claimed)).filter(~Q(proven_stage=F("proven_now")))
    changed.order_by().update(proven_stage=F("proven_now"))
