"""What stands in a piece of evidence, how the audit tells it, and what becomes of it where the rivals change."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from funnel.actions import _log
from funnel.actions._proof import keep_proven, keep_told
from funnel.evidence import State, tells
from funnel.models import Evidence, EvidenceItem, Opportunity, Rival
from jobs.models import StoredFile
from tenants import audit
from tenants.models import Membership

_VALUES = ("note", "contact_id", "on", "amount", "file_id")


def held(evidence: Evidence, rivals: Sequence[Rival] = ()) -> dict[str, Any]:
    """Return what a piece of evidence says, where these stand on the sheet."""
    values = {name: getattr(evidence, name) for name in _VALUES}
    names = ", ".join(rival.competitor.name for rival in rivals) if evidence.has_rivals else None
    return {**values, "rivals": names, "no_rival": True if evidence.has_rivals is False else None}


def record(
    verb: str,
    opportunity: Opportunity,
    row: EvidenceItem,
    was: dict[str, Any],
    now: dict[str, Any],
    *,
    by: Membership,
    at: datetime,
) -> None:
    """Leave the audit event: the note always, each other value where it differs."""
    changed = {
        name.removesuffix("_id"): [_plain(was[name]), _plain(now.get(name))]
        for name in was
        if name == "note" or was[name] != now.get(name)
    }
    audit.record(verb, opportunity, by=by, at=at, item=row.key, stage=row.stage, **changed)


def _plain(value: Any) -> Any:
    return "" if value is None else value.isoformat() if isinstance(value, date) else value


def keep(
    opportunity: Opportunity, row: EvidenceItem, *, by: Membership, at: datetime, undoing: datetime | None = None
) -> None:
    """Keep what an opportunity says of its evidence, of which that of one item has changed; see `keep_proven`."""
    keep_proven(opportunity, by=by, at=at, undoing=undoing)
    if tells(row.code):
        keep_told([opportunity.pk])


def take_away(
    evidence: Evidence, opportunity: Opportunity, *, rivals: Sequence[Rival], by: Membership, at: datetime
) -> None:
    """Delete a piece of evidence, with its file; the audit keeps what it said."""
    record("evidence.withdrawn", opportunity, evidence.item, held(evidence, rivals), {}, by=by, at=at)
    evidence.delete()
    StoredFile.objects.filter(pk=evidence.file_id).delete()


def heed_rivals(
    opportunity: Opportunity, was: Sequence[Rival], *, but: EvidenceItem | None = None, by: Membership, at: datetime
) -> None:
    """Have what is proven by the rivals say who stands on the sheet now: it waits for a verdict anew.

    Where nobody stands there any more, nothing of it is left: that there is no rival must be said.

    :param was: who stood there before.
    :param but: the item that is being filed itself.
    """
    now = list(Rival.objects.on(opportunity))
    filed = Evidence.objects.filter(opportunity=opportunity, has_rivals__isnull=False).select_related("item")
    told = [evidence for evidence in filed if but is None or evidence.item_id != but.pk]
    for evidence in told:
        if not now:
            take_away(evidence, opportunity, rivals=was, by=by, at=at)
            continue
        before, evidence.has_rivals = held(evidence, was), True
        wait_anew(evidence, by=by, at=at)
        record("evidence.filed", opportunity, evidence.item, before, held(evidence, now), by=by, at=at)
    if told:
        keep_proven(opportunity, by=by, at=at)
        _log.judge(opportunity, by=by, at=at)


def wait_anew(evidence: Evidence, *, by: Membership, at: datetime) -> None:
    """Save a piece of evidence as filed now: whatever the verdict on it was, it waits for one."""
    evidence.state, evidence.judged_by, evidence.judged_at, evidence.word = State.FILED, None, None, ""
    evidence.by, evidence.at, evidence.version = by, at, evidence.version + 1
    evidence.save()
