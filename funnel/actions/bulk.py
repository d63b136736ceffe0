"""One change of many opportunities: drawn up, done one by one through the actions of a single one, taken back."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from funnel.actions.approving import ask_approval, withdraw
from funnel.actions.changing import change_opportunity
from funnel.actions.moving import UNDO_WITHIN, move, undo
from funnel.approvals import ApprovalKind, Demand
from funnel.bulk import AT_ONCE, CHUNK, BulkKind, BulkState, Choice, Fate
from funnel.models import Approval, BulkChange, Opportunity
from funnel.stages import Category, MissingEvidence, Stage
from jobs.actions import enqueue
from tenants import audit
from tenants.actions.locking import locked, one_at_a_time
from tenants.errors import Refused, Stale
from tenants.models import Membership

JOB = "bulk_change"
FORGOTTEN = timedelta(days=30)


@transaction.atomic
def draw_up(
    kind: BulkKind, to: int | str, ids: Sequence[int], *, request_key: UUID, by: Membership, at: datetime
) -> BulkChange:
    """Write down what is to be changed, and the version of each as it stands now; the same key finds it again.

    :param to: the number of a stage, the id of an owner, a day (ISO), or a category ('' gives it back to the stage).
    """
    one_at_a_time(f"bulk:{request_key}")
    found: BulkChange | None = BulkChange.objects.filter(request_key=request_key, by=by).first()
    if found is not None and found.state != BulkState.DRAWN:
        return found
    BulkChange.objects.filter(by=by, made_at__lt=at - FORGOTTEN).exclude(
        state__in=[BulkState.RUNNING, BulkState.UNDOING]
    ).delete()
    asked = list(Opportunity.objects.visible_to(by).filter(pk__in=ids).order_by("pk").values_list("pk", "version"))
    bulk = found or BulkChange(request_key=request_key, by=by)
    bulk.kind, bulk.to, bulk.asked, bulk.made_at = kind, {"key": to}, [list(pair) for pair in asked], at
    bulk.save()
    return bulk


@transaction.atomic
def carry_out(bulk: BulkChange, choice: Choice, *, by: Membership, at: datetime) -> BulkChange:
    """Do it: at once where they are few, by a job where they are many. A second time changes nothing."""
    bulk = locked(BulkChange.objects.all(), bulk.pk)
    if bulk.state != BulkState.DRAWN:
        return bulk
    without = None if choice.without is None else sorted(choice.without)
    bulk.to |= {"why": choice.why, "until": choice.until, "without": without}
    bulk.to |= {"own": {str(pk): list(said) for pk, said in choice.own.items()}, "asking": sorted(choice.asking)}
    bulk.state = BulkState.RUNNING
    audit.record("bulk.begun", None, by=by, at=at, kind=bulk.kind, count=len(bulk.asked))
    return _go(bulk, by=by, at=at)


@transaction.atomic
def take_back(bulk: BulkChange, *, by: Membership, at: datetime) -> BulkChange:
    """Take back what was done to each, where nobody changed it since; within thirty seconds.

    What was left half-way, whether doing or taking back, is taken back as far as it came.

    :raises Refused: `too_late`, `already_undone`.
    """
    bulk = locked(BulkChange.objects.select_related("job"), bulk.pk)
    stopped = bulk.stopped_at
    if bulk.state == BulkState.UNDONE or (bulk.state == BulkState.UNDOING and stopped is None):
        raise Refused("already_undone")
    if bulk.state == BulkState.DRAWN or stopped is None or at - stopped > UNDO_WITHIN:
        raise Refused("too_late")
    bulk.state = BulkState.UNDOING
    audit.record("bulk.taken_back", None, by=by, at=at, kind=bulk.kind, count=len(bulk.asked))
    return _go(bulk, by=by, at=at)


def _go(bulk: BulkChange, *, by: Membership, at: datetime) -> BulkChange:
    if len(bulk.asked) > AT_ONCE:
        key = f"bulk-{bulk.pk}-{bulk.state}"
        bulk.job = enqueue(JOB, payload={"bulk": bulk.pk}, by=by, at=at, unique_key=key)
        bulk.save()
        return bulk
    work_on(bulk, 0, len(bulk.asked), by=by, at=at)
    return bulk


def work_on(bulk: BulkChange, start: int, end: int, *, by: Membership, at: datetime) -> None:
    """Do, or take back, those from `start` to before `end`; at the end of the list it is done."""
    step: Callable[..., dict[str, Any]] = _take_back_one if bulk.state == BulkState.UNDOING else _one
    for pk, version in bulk.asked[start:end]:
        said = bulk.outcome.get(str(pk), {})
        if bulk.state == BulkState.UNDOING and said.get("fate") not in {Fate.DONE, Fate.ASKED}:
            continue
        bulk.outcome[str(pk)] = _told(step, bulk, pk, version, by=by, at=at)
    if end >= len(bulk.asked):
        bulk.state, bulk.ended_at = (BulkState.UNDONE if bulk.state == BulkState.UNDOING else BulkState.DONE), at
    bulk.save(update_fields=["outcome", "state", "ended_at", "to", "job"])


def _told(step: Callable[..., dict[str, Any]], bulk: BulkChange, pk: int, version: int, **who: Any) -> dict[str, Any]:
    """Do one, whole or not at all, and return what is to be said of it."""
    try:
        with transaction.atomic():
            return step(bulk, pk, version, **who)
    except Stale:
        return {"fate": Fate.STALE}
    except Opportunity.DoesNotExist:
        return {"fate": Fate.GONE}
    except MissingEvidence as lacking:
        return {"fate": Fate.LEFT_OUT if lacking.can_override else Fate.BLOCKED}
    except Refused as refused:
        fates = {"closed": Fate.CLOSED, "same_stage": Fate.SAME}
        return {"fate": fates.get(refused.code, Fate.REFUSED), "code": refused.code, "data": _plain(refused.data)}


def _plain(data: Any) -> dict[str, str]:
    return {name: str(value) for name, value in data.items() if isinstance(value, str | int | date)}


def _one(bulk: BulkChange, pk: int, version: int, *, by: Membership, at: datetime) -> dict[str, Any]:
    found: Opportunity | None = Opportunity.objects.visible_to(by).filter(pk=pk).first()
    if found is None:
        return {"fate": Fate.GONE}
    if found.version != version:
        return {"fate": Fate.STALE}
    choice = _choice(bulk)
    if bulk.kind == BulkKind.STAGE:
        return _moved(bulk, found, choice, by=by, at=at)
    was_own = found.category_is_own
    changed = change_opportunity(found, seen=version, by=by, at=at, why=choice.why, **_facts(bulk.kind, bulk.to["key"]))
    if changed.version == version:
        return {"fate": Fate.SAME}
    return {
        "fate": Fate.DONE,
        "version": changed.version,
        "change": changed.last_change_id,
        "was_own": was_own,
    }


def _moved(bulk: BulkChange, found: Opportunity, choice: Choice, *, by: Membership, at: datetime) -> dict[str, Any]:
    """Move one; where a stage blocks, ask for the exception if that was wanted."""
    pk, (why, day), left = found.pk, choice.answer(found.pk), Stage(found.stage)
    until = date.fromisoformat(day) if day else None
    going = until if choice.goes_on(pk) else None
    try:
        moved = move(found, left=left, to=Stage(bulk.to["key"]), why=why, until=going, by=by, at=at)
    except MissingEvidence as lacking:
        if lacking.can_override or pk not in choice.asking:
            raise
        demand = Demand(ApprovalKind.OVERRIDE, stage=lacking.blocking[0], until=until)
        asked = ask_approval(found, demand, why=why, by=by, at=at)
        return {"fate": Fate.ASKED, "approval": asked.pk, "version": asked.version, "name": asked.approver.name}
    return {"fate": Fate.DONE, "version": moved.version, "change": moved.last_change_id}


def _take_back_one(bulk: BulkChange, pk: int, _version: int, *, by: Membership, at: datetime) -> dict[str, Any]:
    said = bulk.outcome[str(pk)]
    if said["fate"] == Fate.ASKED:
        withdraw(Approval.objects.get(pk=said["approval"]), seen=said["version"], by=by, at=at)
    elif said["change"]:
        long = at - bulk.made_at + UNDO_WITHIN  # the time of the whole was asked already
        undo(said["change"], by=by, at=at, within=long)
    else:  # the same category, of the rep's own choice or not: the log knows nothing of it
        found: Opportunity = Opportunity.objects.get(pk=pk)
        own = Category(found.category) if said["was_own"] else None
        change_opportunity(found, seen=said["version"], by=by, at=at, category=own)
    return {"fate": Fate.UNDONE}


def _choice(bulk: BulkChange) -> Choice:
    without = bulk.to.get("without", [])
    own = {int(pk): (why, until) for pk, (why, until) in bulk.to.get("own", {}).items()}
    going, asking = None if without is None else frozenset(without), frozenset(bulk.to.get("asking", []))
    return Choice(bulk.to.get("why", ""), bulk.to.get("until", ""), going, own, asking)


def _facts(kind: str, to: Any) -> dict[str, Any]:
    if kind == BulkKind.OWNER:
        return {"owner": Membership.objects.in_current_organization().get(pk=to)}
    if kind == BulkKind.CATEGORY:
        return {"category": Category(to) if to else None}
    return {"expected_close_on": date.fromisoformat(to) if to else None}


@transaction.atomic
def work_on_chunk(bulk_id: int, start: int, *, at: datetime) -> tuple[BulkChange, int]:
    """Do the next few of a change that a job carries out; returns it, and how many are behind it now."""
    bulk = locked(BulkChange.objects.select_related("by__organization", "by__team"), bulk_id)
    end = min(start + CHUNK, len(bulk.asked))
    if bulk.state in {BulkState.RUNNING, BulkState.UNDOING}:
        work_on(bulk, start, end, by=bulk.by, at=at)
    return bulk, end
