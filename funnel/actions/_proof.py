"""Keeping what evidence says of an opportunity: `proven_stage`, as it is changed or for many, and what was told.

The change log is told how far the evidence reaches, not what that proves of the stage that happens to be claimed: so
no move, and no undoing of one, has anything to tell. What is closed is told when it is opened again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Least

from funnel.actions import _log
from funnel.evidence import TOLD, Item, State, proven_stage
from funnel.history import Draft, reach
from funnel.models import Change, Evidence, EvidenceItem, Opportunity, Spell
from funnel.models.stages import demanded
from funnel.stages import ChangeKind, Stage, Status
from tenants.backend.prepared import run_prepared
from tenants.backend.whole import columns, taken
from tenants.models import Membership
from tenants.scoping import require_organization_id


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

    @property
    def reach(self) -> int:
        """The first stage whose own evidence is not all proven, whatever is claimed."""
        return self.proven(Stage.DEPLOY)


# Written out, and its plan kept: Django takes ten times as long to put it together as PostgreSQL to answer.
_STANDING = f"""
    SELECT {columns(EvidenceItem, "i")},
        (SELECT e.state FROM funnel_evidence e
         WHERE e.organization_id = %(org)s AND e.opportunity_id = %(pk)s AND e.item_id = i.id),
        (SELECT max(s.until) FROM funnel_stageoverride s
         WHERE s.organization_id = %(org)s AND s.opportunity_id = %(pk)s AND s.stage = i.stage)
    FROM funnel_evidenceitem i WHERE i.organization_id = %(org)s
    ORDER BY i.stage, i.position, i.id
"""  # noqa: S608  # names of our own columns


def evidence_for(opportunity: Opportunity) -> Standing:
    """Return how an opportunity stands; one query."""
    found = run_prepared(_STANDING, {"org": require_organization_id(), "pk": opportunity.pk})
    rows = [taken(EvidenceItem, row) for row in found]
    return Standing(
        demanded([item for item, _filed in rows]),
        {item.key: State(state) for item, (state, _until) in rows if state},
        {item.stage: until for item, (_state, until) in rows if until},
    )


def keep_proven(
    opportunity: Opportunity, *, by: Membership | None, at: datetime, undoing: datetime | None = None
) -> None:
    """Set the proven stage of an opportunity whose stage or evidence has just changed, and log how far that reaches.

    The caller need not save it.

    :param undoing: when the verdict was given that is taken back now: what it proved was never so.
    """
    standing = evidence_for(opportunity)
    opportunity.proven_stage = standing.proven(opportunity.stage)
    opportunity.save(update_fields=["proven_stage"])
    if opportunity.status != Status.OPEN:
        return
    for draft in reached(opportunity, standing.reach, at=at):
        undone = _proved_by(opportunity, draft, undoing)
        if undone is None:
            _log.append_many([(opportunity, [draft])], by=by, at=at)
        else:
            _take_back(undone, draft, by=by, at=at)


def reached(
    opportunity: Opportunity, stage: int, percents: Mapping[Stage, int] | None = None, *, at: datetime
) -> list[Draft]:
    """Return the row that says how far its evidence reaches now, none where the log knows that."""
    last = Spell.objects.filter(opportunity=opportunity).order_by("-from_at").values_list("proven_to", flat=True)
    known = last.first()
    if known == stage:
        return []
    return [_draft(known, stage, opportunity.stage, percents or _log.percents(), at)]


def _draft(known: int | None, stage: int, claimed: int, percents: Mapping[Stage, int], at: datetime) -> Draft:
    old = None if known is None else {"stage": known}
    return Draft(ChangeKind.PROVEN, old, reach(stage, percents), at, percents[Stage(claimed)])


def _proved_by(opportunity: Opportunity, draft: Draft, verdict_at: datetime | None) -> Change | None:
    """Return the row that a verdict left, where taking it back leads from what it proved to what stood before.

    It must be the last that stands: without it, what was proven after it would stand in the log still.
    """
    if verdict_at is None:
        return None
    rows = Change.objects.filter(opportunity=opportunity, kind=ChangeKind.PROVEN)
    taken_back = rows.filter(undoes__isnull=False).values("undoes")
    row: Change | None = rows.filter(undoes=None).exclude(pk__in=taken_back).order_by("-id").first()
    if row is None or row.recorded_at != verdict_at or row.old != {"stage": draft.new["stage"]}:
        return None
    proved: Any = row.new
    return row if draft.old == {"stage": proved["stage"]} else None


def _take_back(row: Change, draft: Draft, *, by: Membership | None, at: datetime) -> None:
    Change.objects.create(
        opportunity_id=row.opportunity_id,
        kind=row.kind,
        old=draft.old,
        new=draft.new,
        percent=draft.percent,
        by=by,
        occurred_at=at,
        recorded_at=at,
        undoes=row,
    )


def keep_told(ids: Collection[int]) -> None:
    """Set what the customer told, in one statement: what stands filed and was not sent back."""
    Opportunity.objects.filter(pk__in=ids).update(**{name: _told(*told) for name, told in TOLD.items()})


def _told(value: str, codes: Sequence[str]) -> Subquery:
    filed = Evidence.objects.standing().filter(opportunity=OuterRef("pk"), item__code__in=codes)
    return Subquery(filed.exclude(**{value: None}).order_by("-item__stage").values(value)[:1])


def first_demanded() -> int:
    """Return the first stage that demands anything: there stands whatever has no evidence at all."""
    stages = [item.stage for item in EvidenceItem.objects.all().checklist()]
    return min(stages, default=int(Stage.DEPLOY))


def recount_proven(ids: Collection[int] | None = None, *, by: Membership | None, at: datetime) -> None:
    """Set the proven stage of many, as the rule has it, and log it, in one statement each; None is every open one.

    Whoever judges evidence of one has it locked, and saw what was demanded before: they are waited for.
    """
    if ids is None:
        list(Opportunity.objects.open().order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    proven = Evidence.objects.proving().filter(opportunity=OuterRef(OuterRef("pk")), item=OuterRef("pk"))
    lacking = EvidenceItem.objects.filter(~Exists(proven), is_active=True).order_by().values("organization_id")
    first = Subquery(lacking.annotate(first=Min("stage")).values("first"))
    untouched = not EvidenceItem.objects.exists()
    reaches = Value(first_demanded()) if untouched else Coalesce(first, Value(int(Stage.DEPLOY)))
    rows = Opportunity.objects.all() if ids is None else Opportunity.objects.filter(pk__in=ids)
    rows = rows.order_by().annotate(reaches=reaches)
    counted = rows.open() if ids is None else rows
    changed = counted.annotate(proven_now=Least(F("stage"), F("reaches"))).filter(~Q(proven_stage=F("proven_now")))
    changed.update(proven_stage=F("proven_now"))
    latest = Spell.objects.filter(opportunity=OuterRef("pk")).order_by("-from_at").values("proven_to")
    told = rows.open().annotate(known=Subquery(latest[:1])).filter(Q(known=None) | ~Q(known=F("reaches")))
    percents = _log.percents()
    drafts = [(each, [_draft(each.known, each.reaches, each.stage, percents, at)]) for each in told.only("stage")]
    _log.append_many(drafts, by=by, at=at)
