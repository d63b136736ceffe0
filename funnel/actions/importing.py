"""Opportunities with their dated past, as another system knew them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts import actions as accounts_actions
from funnel.actions import _log
from funnel.actions._money import end_discount, revenue_changed
from funnel.actions._proof import first_demanded, recount_proven
from funnel.actions.rivals import competitors_by_name
from funnel.history import Draft, Final, ImportedOpportunity, check, closing, is_push, story
from funnel.judges import judge_anew
from funnel.models import Change, Opportunity
from funnel.stages import Category, ChangeKind, Stage, Status, default_category
from tenants import audit
from tenants.bulk import insert_many, update_many
from tenants.models import Membership


@dataclass(frozen=True, slots=True)
class Changed:
    """What an import did to an opportunity that was there: its version now, what fields held, what it logged."""

    version: int
    before: Mapping[str, Any]
    log: Sequence[int]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows: those `made`, those `changed`, and the opportunity of each by its `external_id`."""

    made: Sequence[int]
    changed: Mapping[int, Changed]
    unchanged: int
    ids: Mapping[str, int]

    @property
    def created(self) -> int:
        """How many are new."""
        return len(self.made)

    @property
    def updated(self) -> int:
        """How many were there and differ now."""
        return len(self.changed)


@transaction.atomic
def import_opportunities(
    rows: Sequence[ImportedOpportunity], *, by: Membership | None, at: datetime, index: bool = True
) -> Counts:
    """Write opportunities and the change log of their past in bulk; the same rows again change nothing.

    A new `external_id` is created with its whole past (`occurred_at` from the row, `recorded_at` is `at`). A known
    one is updated where it differs, by rows dated as the import dates them, or now where that lies before what is
    known already. An import never reopens what is closed, nor moves what was moved here after the row's last stage.
    Health is judged when all has come in, not in each part of it: see `judge_imported`.

    :param index: put the names into the search.
    :raises Refused: see `funnel.history.check`; then nothing is written.
    """
    for row in rows:
        check(row, at=at)
    rows = _with_competitors({row.external_id: row for row in rows}.values())
    percents = _log.percents()
    known = {
        opportunity.external_id: opportunity
        for opportunity in Opportunity.objects.select_for_update().filter(
            external_id__in=[row.external_id for row in rows]
        )
    }
    new = [row for row in rows if row.external_id not in known]
    made = _create(new, percents, by=by, at=at)
    changed, differences = _update([row for row in rows if row.external_id in known], known, percents, by=by, at=at)
    recount_proven([each.pk for each in changed], by=by, at=at)
    if index:
        accounts_actions.index_many("opportunity", [(o.pk, (o.name,)) for o in made], new=True)
        accounts_actions.index_many("opportunity", [(o.pk, (o.name,)) for o in changed])
    won = {each.account_id for each in (*made, *changed) if each.status == Status.WON}
    if won:
        revenue_changed(won, at=at)
    counts = Counts(
        made=[each.pk for each in made],
        changed=differences,
        unchanged=len(rows) - len(made) - len(changed),
        ids={each.external_id: each.pk for each in (*made, *known.values())},
    )
    if made or changed:
        audit.record("opportunity.imported", None, by=by, at=at, created=len(made), updated=len(changed))
    return counts


@transaction.atomic
def judge_imported(ids: Collection[int], *, by: Membership, at: datetime) -> None:
    """Have what an import made or changed judged, once it is all there, so that owners hear of it once."""
    judge_anew(ids, at=at, by=by)


def _with_competitors(rows: Iterable[ImportedOpportunity]) -> list[ImportedOpportunity]:
    """Return the rows with the competitor that each one's rival names, where there is just one of that name."""
    rows = list(rows)
    known = competitors_by_name({row.rival for row in rows if row.outcome == Status.LOST})
    if not known:
        return rows
    return [replace(row, lost_to_id=known.get(row.rival) if row.outcome == Status.LOST else None) for row in rows]


def _create(
    rows: Sequence[ImportedOpportunity], percents: Mapping[Stage, int], *, by: Membership | None, at: datetime
) -> Sequence[Opportunity]:
    first = first_demanded()
    told = [story(row, percents, demanded=first) for row in rows]
    made = insert_many(
        [
            Opportunity(
                external_id=row.external_id,
                account_id=row.account_id,
                owner_id=row.owner_id,
                product_id=row.product_id,
                name=row.name.strip(),
                status=final.status,
                stage=final.stage,
                stage_entered_at=final.stage_entered_at,
                proven_stage=min(final.stage, first),
                amount=final.amount,
                expected_close_on=final.expected_close_on,
                category=final.category,
                opened_at=row.opened_at,
                closed_at=row.closed_at,
                reason=row.reason if final.status in {Status.LOST, Status.ABANDONED} else "",
                reason_note=row.note[:500],
                rival=row.rival[:120],
                lost_to_id=row.lost_to_id,
                push_count=final.push_count,
                source=row.source[:80],
                updated_at=at,
                updated_by=by,
            )
            for row, (_drafts, final) in zip(rows, told, strict=True)
        ]
    )
    _log.append_many([(each, drafts) for each, (drafts, _final) in zip(made, told, strict=True)], by=by, at=at)
    return made


def _update(
    rows: Sequence[ImportedOpportunity],
    known: Mapping[str, Opportunity],
    percents: Mapping[Stage, int],
    *,
    by: Membership | None,
    at: datetime,
) -> tuple[list[Opportunity], dict[int, Changed]]:
    latest: dict[int, datetime] = dict(
        Change.objects.done()
        .filter(opportunity__in=[known[row.external_id].pk for row in rows])
        .order_by()
        .values_list("opportunity_id")
        .annotate(latest=Max("occurred_at"))
    )
    told: list[tuple[Opportunity, list[Draft]]] = []
    changed: list[Opportunity] = []
    before: dict[int, dict[str, Any]] = {}
    for row in rows:
        opportunity = known[row.external_id]
        held = {name: getattr(opportunity, name) for name in _HELD}
        _drafts, final = story(row, percents)
        drafts, differs = _differences(opportunity, row, final, percents, after=latest[opportunity.pk], at=at)
        if differs:
            opportunity.version += 1
            opportunity.updated_at, opportunity.updated_by = at, by
            before[opportunity.pk] = {
                name: value for name, value in held.items() if getattr(opportunity, name) != value
            }
            changed.append(opportunity)
            told.append((opportunity, drafts))
    update_many(changed, _UPDATED)
    log: dict[int, list[int]] = {}
    for pk, row_id in _log.append_many(told, by=by, at=at):
        log.setdefault(pk, []).append(row_id)
    return changed, {each.pk: Changed(each.version, before[each.pk], log.get(each.pk, [])) for each in changed}


_PLAIN = ("account_id", "product_id", "name", "source")
_UPDATED = [
    "account",
    "product",
    "name",
    "source",
    "owner",
    "amount",
    "quoted_amount",
    "quoted_currency",
    "rate_on",
    "discount",
    "full_amount",
    "expected_close_on",
    "stage",
    "stage_entered_at",
    "category",
    "status",
    "closed_at",
    "reason",
    "reason_note",
    "rival",
    "lost_to",
    "push_count",
    "version",
    "updated_at",
    "updated_by",
]
_COUNTED = {"version", "updated_at", "updated_by"}
_HELD = [field.attname for field in Opportunity._meta.concrete_fields if field.name in set(_UPDATED) - _COUNTED]


def _differences(
    opportunity: Opportunity,
    row: ImportedOpportunity,
    final: Final,
    percents: Mapping[Stage, int],
    *,
    after: datetime,
    at: datetime,
) -> tuple[list[Draft], bool]:
    """Bring a known opportunity to where the row says it stands; return what to log, and whether anything differs."""

    closes = final.status != Status.OPEN and row.closed_at is not None and opportunity.status == Status.OPEN
    latest = row.closed_at if closes and row.closed_at and row.closed_at > after else at

    def dated(when: datetime) -> datetime:
        """Keep the row's date where the log stays in order by it; else the latest moment there is."""
        return when if after < when <= latest else latest

    drafts: list[Draft] = []
    before = opportunity.amount

    def take(kind: ChangeKind, field: str, value: Any, when: datetime) -> None:
        old, new = (
            (day.isoformat() if day else None for day in (opportunity.expected_close_on, value))
            if kind == ChangeKind.EXPECTED_CLOSE
            else (getattr(opportunity, field), value)
        )
        if old != new:
            setattr(opportunity, field, value)
            percent = percents[Stage(opportunity.stage)]
            drafts.append(Draft(kind, old, new, dated(when), percent))

    wanted: dict[str, Any] = {
        "account_id": row.account_id,
        "product_id": row.product_id or opportunity.product_id,
        "name": row.name.strip(),
        "source": row.source[:80] or opportunity.source,
    }
    plain = any(getattr(opportunity, field) != wanted[field] for field in _PLAIN)
    for field in _PLAIN:
        setattr(opportunity, field, wanted[field])
    take(ChangeKind.OWNER, "owner_id", row.owner_id, at)  # a row does not date its owner: latest moment there is
    if row.amounts:
        take(ChangeKind.AMOUNT, "amount", final.amount, row.amounts[-1][1])
    if opportunity.amount != before:  # the other system quoted another price, in our currency
        end_discount(opportunity)
        opportunity.quoted_amount, opportunity.quoted_currency, opportunity.rate_on = None, "", None
    if opportunity.status != Status.OPEN:
        return drafts, plain or bool(drafts)
    if row.closes:
        take(ChangeKind.EXPECTED_CLOSE, "expected_close_on", final.expected_close_on, row.closes[-1][1])
        opportunity.push_count += sum(
            draft.kind == ChangeKind.EXPECTED_CLOSE and is_push(draft.old, draft.new) for draft in drafts
        )
    stage = row.stages[-1][0] if row.stages else Stage(opportunity.stage)
    when = row.stages[-1][1] if row.stages else opportunity.stage_entered_at
    if stage != opportunity.stage and when >= opportunity.stage_entered_at:
        old = int(opportunity.stage)
        opportunity.stage, opportunity.stage_entered_at = stage, dated(when)
        drafts.append(Draft(ChangeKind.STAGE, old, int(stage), dated(when), percents[stage]))
        if not opportunity.category_is_own:
            take(ChangeKind.CATEGORY, "category", str(default_category(stage)), when)
    drafts.sort(key=lambda draft: draft.occurred_at)
    if closes and row.closed_at:
        drafts.append(_end(opportunity, row, final, percents, closed_at=row.closed_at, occurred_at=latest))
    return drafts, plain or bool(drafts)


def _end(
    opportunity: Opportunity,
    row: ImportedOpportunity,
    final: Final,
    percents: Mapping[Stage, int],
    *,
    closed_at: datetime,
    occurred_at: datetime,
) -> Draft:
    """Close a known opportunity as the row says; `closed_at` stays the row's own, whenever we learnt it."""
    draft, stage, opportunity.category = closing(
        final.status,
        Stage(opportunity.stage),
        Category(opportunity.category),
        closed_at,
        percents=percents,
        reason=row.reason if final.status != Status.WON else "",
        note=row.note[:500],
        rival=row.rival[:120],
        lost_to=row.lost_to_id,
    )
    if final.status == Status.WON:
        opportunity.stage, opportunity.stage_entered_at = stage, occurred_at
    opportunity.status, opportunity.closed_at = final.status, closed_at
    opportunity.reason_note, opportunity.rival = row.note[:500], row.rival[:120]
    opportunity.lost_to_id = row.lost_to_id
    opportunity.reason = row.reason if final.status != Status.WON else ""
    return replace(draft, occurred_at=occurred_at)
