"""Keeping `Opportunity.proven_stage`: for one opportunity as it is changed, or for many in one statement."""

from collections.abc import Collection

from django.db.models import Exists, F, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Least

from funnel.evidence import Item, State, proven_stage
from funnel.models import Evidence, EvidenceItem, Opportunity
from funnel.stages import Stage


def evidence_for(opportunity: Opportunity) -> tuple[list[Item], dict[str, State]]:
    """Return what the stages demand, and the state of what is filed for an opportunity, by key; one query."""
    filed = Evidence.objects.filter(opportunity=opportunity, item_id=OuterRef("pk")).values("state")
    rows = EvidenceItem.objects.annotate(state=Subquery(filed))
    items: list[Item] = rows.checklist()
    return items, {row.key: State(row.state) for row in rows if row.state}


def keep_proven(opportunity: Opportunity) -> None:
    """Set the proven stage of an opportunity whose stage or evidence has just changed; the caller need not save it."""
    items, states = evidence_for(opportunity)
    opportunity.proven_stage = proven_stage(items, states, claimed=opportunity.stage)
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
