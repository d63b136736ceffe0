"""How an organization shapes its funnel: labels, percentages, gates, and what each stage demands."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from funnel.actions._checklist import ensure_items, item_row
from funnel.actions._proof import recount_proven
from funnel.evidence import Kind
from funnel.judges import judge_anew
from funnel.models import EvidenceItem, StageSetting
from funnel.stages import Stage, StageRow, check_percents
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused, Stale
from tenants.models import Membership, Organization
from tenants.names import tidy

LABEL_LENGTH, ITEM_LENGTH = 40, 200


def _lock(by: Membership) -> None:
    """One at a time shapes the funnel of an organization, rows or no rows."""
    Organization.objects.select_for_update(no_key=True).get(pk=by.organization_id)


@transaction.atomic
def change_stages(rows: Iterable[StageRow], *, seen: int, by: Membership, at: datetime) -> None:
    """Set labels ('' is the standard one), percentages and gates of all seven stages. Past changes keep theirs.

    :param seen: `StageSetting.objects.all().edition()` as the caller saw it.
    :raises Stale: it was edited since.
    :raises Refused: see `check_percents`; `label_too_long`.
    """
    _lock(by)
    before = {row.stage: row for row in StageSetting.table()}
    if StageSetting.objects.all().edition() != seen:
        raise Stale({f"stage_{stage:d}": f"{row.label} {row.percent}%" for stage, row in before.items()})
    wanted: Mapping[Stage, StageRow] = {row.stage: row for row in rows}
    check_percents({stage: wanted[stage].percent for stage in Stage})
    existing = {setting.stage: setting for setting in StageSetting.objects.all()}
    for stage in Stage:
        row = wanted[stage]
        label = tidy(row.label)
        if len(label) > LABEL_LENGTH:
            raise Refused("label_too_long", stage=stage)
        setting = existing.get(stage)
        was = (setting.label if setting else "", before[stage].percent, before[stage].gate)
        if (label, row.percent, row.gate) == was:
            continue
        setting = setting or StageSetting(stage=stage, version=0)
        setting.label, setting.percent, setting.gate = label, row.percent, row.gate
        setting.version += 1
        setting.save()
        changed = {
            name: [old, new]
            for name, old, new in zip(("label", "percent", "gate"), was, (label, row.percent, row.gate), strict=True)
            if old != new
        }
        audit.record("stages.changed", None, by=by, at=at, stage=int(stage), **changed)


@transaction.atomic
def add_item(stage: Stage, *, label: str, kind: Kind = Kind.FACT, by: Membership, at: datetime) -> EvidenceItem:
    """Demand one more piece of evidence in a stage, last in its list; what is open is proven no further than there.

    What the stage demands already in the same words is there: a second click demands nothing twice.

    :raises Refused: `label_empty`, `label_too_long`.
    """
    _lock(by)
    ensure_items()
    label = _label(label)
    there: EvidenceItem | None = EvidenceItem.objects.filter(stage=stage, label=label, is_active=True).first()
    if there is not None:
        return there
    position = EvidenceItem.objects.filter(stage=stage).count()
    item: EvidenceItem = EvidenceItem.objects.create(stage=stage, label=label, kind=kind, position=position)
    recount_proven(by=by, at=at)
    judge_anew(None, at=at, by=by)
    audit.record("evidence_item.added", item, by=by, at=at, stage=int(stage), label=label, item_kind=str(kind))
    return item


@transaction.atomic
def change_item(
    key: str, *, label: str, kind: Kind | None = None, seen: int, by: Membership, at: datetime
) -> EvidenceItem:
    """Call a piece of evidence something else, or let something else prove it; what was filed for it stays as it is.

    The same already changes nothing.

    :param label: '' gives a standard one its standard words back.
    :param kind: None leaves it.
    :param seen: the version that the caller saw; 1 where nobody has edited any.
    :raises EvidenceItem.DoesNotExist: no such item.
    :raises Stale: somebody has changed it since.
    :raises Refused: `label_empty`, `label_too_long`.
    """
    _lock(by)
    item = item_row(key)
    label = "" if item.code and not label.strip() else _label(label)
    if (label, kind or item.kind) == (item.label, item.kind):
        return item
    refuse_stale(item, seen, "kind", label=str(item))
    item.version += 1
    if label != item.label:
        before, item.label = str(item), label
        item.save(update_fields=["label", "version"])
        audit.record("evidence_item.renamed", item, by=by, at=at, label=[before, str(item)])
    if kind is not None and kind != item.kind:
        was, item.kind = item.kind, kind
        item.save(update_fields=["kind", "version"])
        audit.record("evidence_item.changed", item, by=by, at=at, item_kind=[was, str(kind)])
    return item


@transaction.atomic
def move_item(key: str, *, up: bool, by: Membership, at: datetime) -> EvidenceItem:
    """Move a piece of evidence one place up or down in its stage; at the end it stays.

    :raises EvidenceItem.DoesNotExist: no such item.
    """
    _lock(by)
    item = item_row(key)
    shown = list(EvidenceItem.objects.filter(stage=item.stage, is_active=True).order_by("position", "id"))
    hidden = list(EvidenceItem.objects.filter(stage=item.stage, is_active=False).order_by("position", "id"))
    place = next((index for index, each in enumerate(shown) if each.pk == item.pk), None)
    to = None if place is None else place + (-1 if up else 1)
    if place is None or to is None or not 0 <= to < len(shown):
        return item
    shown[place], shown[to] = shown[to], shown[place]
    for position, each in enumerate([*shown, *hidden]):
        each.position = position
    EvidenceItem.objects.bulk_update([*shown, *hidden], ["position"])
    audit.record("evidence_item.moved", item, by=by, at=at, stage=item.stage, to=to + 1)
    return item


@transaction.atomic
def switch_item(key: str, *, is_active: bool, by: Membership, at: datetime) -> EvidenceItem:
    """Demand a piece of evidence no longer, or again; what was filed for it stays.

    :raises EvidenceItem.DoesNotExist: no such item.
    """
    _lock(by)
    item = item_row(key)
    if item.is_active != is_active:
        item.is_active = is_active
        item.save(update_fields=["is_active"])
        recount_proven(by=by, at=at)
        judge_anew(None, at=at, by=by)
        audit.record("evidence_item.switched", item, by=by, at=at, is_active=is_active)
    return item


def _label(label: str) -> str:
    label = tidy(label)
    if not label:
        raise Refused("label_empty")
    if len(label) > ITEM_LENGTH:
        raise Refused("label_too_long")
    return label
