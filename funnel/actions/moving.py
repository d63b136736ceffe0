"""Moving an opportunity between the stages, and taking back what was done to it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from funnel.actions import _log, _team
from funnel.actions._money import PRICED, quote_again, revenue_changed
from funnel.actions._override import go_on
from funnel.actions._proof import evidence_for, keep_proven, reached
from funnel.history import STATUS_KINDS, Draft, effective, entered_at, is_push, undone
from funnel.models import Change, Opportunity, StageOverride
from funnel.plans import Handed
from funnel.stages import ChangeKind, Stage, StageRow, Status, ask_move, default_category
from tenants.errors import Refused
from tenants.models import AuditEvent, Membership

UNDO_WITHIN = timedelta(seconds=30)
_DECISIONS = STATUS_KINDS | {ChangeKind.STAGE}
_WITH_THEM = {ChangeKind.CATEGORY, ChangeKind.AMOUNT}  # what goes with a move or a close
_FACTS = {ChangeKind.EXPECTED_CLOSE, ChangeKind.OWNER, ChangeKind.CATEGORY}
_RESTORED = [
    "stage",
    "stage_entered_at",
    "category",
    "category_is_own",
    "expected_close_on",
    "push_count",
    "owner",
    "status",
    "closed_at",
    "amount",
    *PRICED[1:],
    "quoted_currency",
    "reason",
    "reason_note",
    "rival",
    "lost_to",
]


@transaction.atomic
def move(
    opportunity: Opportunity,
    *,
    left: Stage,
    to: Stage,
    by: Membership | None,
    at: datetime,
    why: str = "",
    until: date | None = None,
    table: Sequence[StageRow] | None = None,
) -> Opportunity:
    """Move an open opportunity to another stage; a category of the rep's own choice survives.

    :param left: the stage the caller saw it in.
    :param until: go on although stages that only warn lack evidence, until this day, and `why`.
    :param table: the stages, where the caller read them in this transaction already.
    :raises Stale: it is not in `left` any more.
    :raises Refused: see `ask_move`, `check_override`.
    :raises MissingEvidence: see `ask_evidence`.
    """
    opportunity = _log.lock(opportunity, by=by)
    if opportunity.stage != left:
        raise _log.stale(opportunity)
    ask_move(status=Status(opportunity.status), left=left, to=to, why=why)
    table = table or _log.table()
    standing = evidence_for(opportunity)
    lacking = go_on(opportunity, standing, table, to=to, why=why, until=until, by=by, at=at)
    percent = table[to - 1].percent
    drafts = [Draft(ChangeKind.STAGE, int(left), int(to), at, percent, why)]
    proven, before = standing.proven(to), opportunity.proven_stage
    opportunity.stage, opportunity.stage_entered_at, opportunity.proven_stage = to, at, proven
    if proven > before:
        drafts = [*reached(opportunity, standing.reach, {row.stage: row.percent for row in table}, at=at), *drafts]
    if not opportunity.category_is_own and opportunity.category != default_category(to):
        drafts.append(Draft(ChangeKind.CATEGORY, opportunity.category, str(default_category(to)), at, percent))
        opportunity.category = default_category(to)
    _log.write(opportunity, drafts, by=by, at=at, fields=["stage", "stage_entered_at", "proven_stage", "category"])
    _log.tell(
        "opportunity.advanced" if to > left else "opportunity.went_back",
        opportunity,
        by=by,
        at=at,
        data={"from": int(left), "to": int(to), "why": why, "missing": [item.key for item in lacking]},
    )
    return opportunity


@transaction.atomic
def undo(
    change_id: int,
    *,
    by: Membership,
    at: datetime,
    within: timedelta = UNDO_WITHIN,
) -> Opportunity:
    """Take back one's own move, close, or change of expected close, owner or category, by rows that compensate it.

    What the log does not tell, whether the rep had chosen the category that was replaced and what a change of owner did
    to the sales team, the audit event of the change does.

    :param change_id: any row of it.
    :param within: how long after; what was done to many is taken back as a whole.
    :raises Change.DoesNotExist: there is no such row in this organization.
    :raises Refused: `not_undoable`, `not_yours`, `too_late` after 30 s, `already_undone`, `changed_since`.
    """
    change: Change = Change.objects.select_related("opportunity").get(pk=change_id)
    opportunity = _log.lock(change.opportunity)
    log = list(Change.objects.done().filter(opportunity=opportunity).order_by("id"))
    group = [row for row in log if row.recorded_at == change.recorded_at]
    decided = any(row.kind in _DECISIONS for row in group)
    if decided:
        group = [row for row in group if row.kind in _DECISIONS | _WITH_THEM]
    _ask_undo(change, group, log, by=by, at=at, within=within)
    told = {} if decided else _told_besides(change)
    if not decided and any(row.kind == ChangeKind.CATEGORY for row in group):
        opportunity.category_is_own, _now = told.get("category_is_own", (False, False))
    for row in reversed(group):
        _put_back(opportunity, row, Handed.told(told.get("handed", {})))
    gone = {row.pk for row in group}
    before = effective(row.as_event() for row in log if row.pk not in gone)
    opportunity.stage_entered_at = entered_at(before)
    _log.write(opportunity, [], by=by, at=at, fields=_RESTORED)
    keep_proven(opportunity, by=by, at=at)
    StageOverride.objects.filter(opportunity=opportunity, at=change.recorded_at).delete()
    Change.objects.bulk_create(
        [
            Change(
                opportunity=opportunity,
                kind=undone(row.kind, row.old),
                old=row.new,
                new=_told(row.old),
                percent=before[-1].percent,
                by=by,
                occurred_at=at,
                recorded_at=at,
                undoes=row,
            )
            for row in reversed(group)
        ]
    )
    if STATUS_KINDS & {row.kind for row in group}:
        revenue_changed({opportunity.account_id}, at=at)
    data = {"change": change.pk, "kind": change.kind}
    _log.tell("opportunity.undone", opportunity, by=by, at=at, data=data, timeline=decided)
    return opportunity


def _told_besides(change: Change) -> Mapping[str, Any]:
    """Return what the audit tells of a change of facts."""
    about = {"target_type": Opportunity._meta.label_lower, "target_id": change.opportunity_id}
    events = AuditEvent.objects.filter(**about, verb="opportunity.changed", at=change.recorded_at, by=change.by_id)
    event = events.first()
    return event.data if event else {}


def _ask_undo(
    change: Change, group: list[Change], log: list[Change], *, by: Membership, at: datetime, within: timedelta
) -> None:
    kinds = {row.kind for row in group}
    if change.undoes_id is not None or not (kinds & _DECISIONS or (kinds and kinds <= _FACTS)):
        raise Refused("not_undoable")
    if change.by_id != by.pk:
        raise Refused("not_yours")
    if any(row.undoes_id == change.pk for row in log):
        raise Refused("already_undone")
    if log[-1].pk != group[-1].pk:
        raise Refused("changed_since")
    if at - change.recorded_at > within:
        raise Refused("too_late")


def _told(old: Any) -> Any:
    """Return what stood before a row, as a row tells it: how the amount came to be is no part of the state."""
    return {name: value for name, value in old.items() if name != "quotation"} if isinstance(old, dict) else old


def _put_back(opportunity: Opportunity, row: Change, handed: Handed) -> None:
    """Set what the row changed to what it was before."""
    before: Any = row.old
    if row.kind == ChangeKind.EXPECTED_CLOSE:
        opportunity.push_count -= is_push(row.old, row.new)
        opportunity.expected_close_on = date.fromisoformat(before) if before else None
        return
    if row.kind == ChangeKind.OWNER:
        gone, opportunity.owner_id = opportunity.owner_id, before
        _team.owner_back(opportunity, gone, handed)
        return
    old: dict[str, Any] = dict(before) if row.kind in STATUS_KINDS else {row.kind: before}
    if quoted := old.pop("quotation", None):
        quote_again(opportunity, quoted)
    if old.get("closed_at"):
        old["closed_at"] = datetime.fromisoformat(old["closed_at"])
    for field, value in old.items():
        setattr(opportunity, field, value)
