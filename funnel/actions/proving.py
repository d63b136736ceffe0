"""Filing the evidence that a stage is complete."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from funnel.actions import _log
from funnel.actions._checklist import ensure_items, item_row
from funnel.models import Evidence, EvidenceItem, Opportunity
from tenants import audit
from tenants.errors import Refused
from tenants.models import Membership

NOTE_LENGTH = 2_000


@transaction.atomic
def file_evidence(
    opportunity: Opportunity, item: EvidenceItem | str, *, note: str, by: Membership, at: datetime
) -> Evidence:
    """File a piece of evidence; a second filing of the same item replaces the note, the audit keeps the first.

    :param item: the item, or its key (the code of a standard item, `own-<id>`).
    :raises EvidenceItem.DoesNotExist: no such item.
    :raises Refused: `note_needed`, `note_too_long`.
    """
    opportunity = _log.lock(opportunity)
    note = note.strip()
    if not note:
        raise Refused("note_needed")
    if len(note) > NOTE_LENGTH:
        raise Refused("note_too_long")
    row = item_row(item) if isinstance(item, str) else item
    before: Evidence | None = Evidence.objects.filter(opportunity=opportunity, item=row).first()
    if before is not None and before.note == note:
        return before
    was = before.note if before else ""
    evidence = before or Evidence(opportunity=opportunity, item=row)
    evidence.note, evidence.by, evidence.at = note, by, at
    evidence.save()
    audit.record("evidence.filed", opportunity, by=by, at=at, item=row.key, stage=row.stage, note=[was, note])
    return evidence


@transaction.atomic
def withdraw_evidence(opportunity: Opportunity, item: EvidenceItem | str, *, by: Membership, at: datetime) -> None:
    """Take a piece of evidence back, since it proved wrong; the audit keeps what it said."""
    opportunity = _log.lock(opportunity)
    row = item_row(item) if isinstance(item, str) else item
    for evidence in Evidence.objects.filter(opportunity=opportunity, item=row):
        audit.record(
            "evidence.withdrawn", opportunity, by=by, at=at, item=row.key, stage=row.stage, note=[evidence.note, ""]
        )
        evidence.delete()


@transaction.atomic
def import_evidence(rows: Sequence[tuple[int, str, str, int]], *, at: datetime) -> int:
    """File many pieces of evidence; what is filed already stays. Returns how many are new.

    :param rows: (opportunity id, key of the item, note, membership id of who files it).
    """
    ensure_items()
    items = {item.key: item for item in EvidenceItem.objects.all()}
    before = Evidence.objects.count()
    Evidence.objects.bulk_create(
        (
            Evidence(opportunity_id=opportunity, item=items[key], note=note[:NOTE_LENGTH], by_id=by, at=at)
            for opportunity, key, note, by in rows
        ),
        batch_size=1_000,
        ignore_conflicts=True,
    )
    return int(Evidence.objects.count() - before)
