"""What was recorded of one opportunity, as its page tells it: evidence, stages left without it, the change log.

Three written statements: whole objects of up to eight tables took longer to plan and to make than to find.
"""

import json
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from funnel.evidence import State
from funnel.models import Opportunity
from funnel.stages import ChangeKind
from tenants.scoping import require_organization_id


def _name_of(member: str) -> str:
    return f"(SELECT u.name FROM tenants_membership m JOIN tenants_user u ON u.id = m.user_id WHERE m.id = {member})"  # noqa: S608


_RIVALS = """ARRAY(SELECT a.name FROM funnel_rival r
        JOIN accounts_account a ON a.organization_id = r.organization_id AND a.id = r.competitor_id
        WHERE r.organization_id = e.organization_id AND r.opportunity_id = e.opportunity_id ORDER BY r.id)"""

_EVIDENCE = f"""
    SELECT e.item_id, e.state, e.note, e."on", e.amount, e.contact_id IS NOT NULL, c.name, c.position,
        e.file_id IS NOT NULL, f.name, e.by_id, {_name_of("e.by_id")}, e.at, {_name_of("e.judged_by_id")}, e.word,
        e.has_rivals, CASE WHEN e.has_rivals THEN {_RIVALS} END
    FROM funnel_evidence e
    LEFT JOIN accounts_contact c ON c.organization_id = e.organization_id AND c.id = e.contact_id
    LEFT JOIN jobs_storedfile f ON f.organization_id = e.organization_id AND f.id = e.file_id
    WHERE e.organization_id = %s AND e.opportunity_id = %s
"""  # noqa: S608  # words of ours, values apart

_OVERRIDES = f"""
    SELECT o.stage, o.why, o.until, {_name_of("o.by_id")}
    FROM funnel_stageoverride o WHERE o.organization_id = %s AND o.opportunity_id = %s
    ORDER BY o.until, o.id
"""  # noqa: S608

_CHANGES = f"""
    SELECT c.id, c.kind, c.old, c.new, {_name_of("c.by_id")}, c.why, c.occurred_at, c.recorded_at, c.undoes_id
    FROM funnel_change c WHERE c.organization_id = %s AND c.opportunity_id = %s AND c.kind <> '{ChangeKind.PROVEN}'
    ORDER BY c.occurred_at DESC, c.id DESC LIMIT %s
"""  # noqa: S608


class Filed(NamedTuple):
    """A piece of evidence that was filed; people and papers by their names."""

    item_id: int
    state: State
    note: str
    on: date | None
    amount: int | None
    has_contact: bool
    contact: str | None
    position: str | None
    has_file: bool
    file: str | None
    by_id: int
    by: str
    at: datetime
    judged_by: str | None
    word: str
    has_rivals: bool | None
    rivals: list[str] | None


class Left(NamedTuple):
    """A stage that was left without all of its evidence: why, until when, and by whom."""

    stage: int
    why: str
    until: date
    by: str


class Changed(NamedTuple):
    """A row of the change log."""

    pk: int
    kind: str
    old: Any
    new: Any
    by: str | None
    why: str
    occurred_at: datetime
    recorded_at: datetime
    undoes_id: int | None


def filed_of(opportunity: Opportunity) -> dict[int, Filed]:
    """Return what was filed for an opportunity, by the item it proves."""
    return {row[0]: Filed(row[0], State(row[1]), *row[2:]) for row in _asked(_EVIDENCE, opportunity)}


def left_of(opportunity: Opportunity) -> dict[int, Left]:
    """Return how stages of it were left without evidence: the latest of each stage."""
    return {row[0]: Left(*row) for row in _asked(_OVERRIDES, opportunity)}


def changes_of(opportunity: Opportunity, most: int) -> list[Changed]:
    """Return the latest rows of its change log, the latest first; what was proven the evidence itself tells."""
    rows = _asked(_CHANGES, opportunity, most)
    return [Changed(pk, kind, _read(old), _read(new), *rest) for pk, kind, old, new, *rest in rows]


def _read(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _asked(sql: str, opportunity: Opportunity, *values: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [require_organization_id(), opportunity.pk, *values])
        return list(cursor.fetchall())
