"""Leaving a stage without all of its evidence: asked for, excused until a day, or granted."""

from collections.abc import Sequence
from datetime import date, datetime

from funnel.actions._checklist import ensure_items
from funnel.actions._proof import Standing
from funnel.evidence import Item
from funnel.evidence import standing as filed
from funnel.models import Approval, Opportunity, StageOverride
from funnel.stages import Gate, Stage, StageRow, ask_evidence, check_override, missing
from tenants.models import Membership


def go_on(
    opportunity: Opportunity,
    standing: Standing,
    table: Sequence[StageRow],
    *,
    to: Stage,
    why: str,
    until: date | None,
    by: Membership | None,
    at: datetime,
    asks: bool = True,
) -> tuple[Item, ...]:
    """Ask for the evidence of a move from where an opportunity stands; write down who goes on without, and why.

    What was granted lets it leave a stage that blocks; then whoever granted it is written down.

    :param asks: False goes on past stages that only warn, without a word.
    :return: what is missing all the same.
    :raises MissingEvidence: see `ask_evidence`.
    :raises Refused: see `check_override`.
    """
    today = at.astimezone((by or opportunity).organization.zone).date()
    left, gates = Stage(opportunity.stage), {row.stage: row.gate for row in table}
    overdue = {stage for stage, end in standing.excused.items() if end < today and stage < left}
    running = {stage for stage, end in standing.excused.items() if end >= today}
    lacking = missing(standing.items, filed(standing.states), left=left, to=to, overdue=overdue)
    blocks = any(gates[Stage(item.stage)] == Gate.BLOCK for item in lacking)
    grants = Approval.objects.all().overrides([opportunity.pk], on=today).get(opportunity.pk, {}) if blocks else {}
    override = until is not None or not asks
    open_ones = ask_evidence(lacking, gates, override=override, excused=running, granted=grants)
    rows = []
    for stage in sorted({item.stage for item in lacking} - running):
        if stage in grants:
            given = grants[stage]
            rows.append(_row(opportunity, stage, given.why, given.granted_until or today, given.decided_by, at))
        elif until is not None and by is not None and any(item.stage == stage for item in open_ones):
            check_override(why=why.strip(), until=until, today=today)
            rows.append(_row(opportunity, stage, why.strip(), until, by, at))
    if rows:
        if standing.items[0].id is None:
            ensure_items()
        StageOverride.objects.bulk_create(rows)
    return lacking


def _row(
    opportunity: Opportunity, stage: int, why: str, until: date, by: Membership | None, at: datetime
) -> StageOverride:
    return StageOverride(opportunity=opportunity, stage=stage, why=why[:500], until=until, by=by, at=at)
