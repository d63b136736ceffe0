"""What every action of this app shares: taking the lock, and leaving the trace of a change."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from accounts import actions as accounts_actions
from accounts.models import Account
from funnel.helping import ask_decides, decides
from funnel.history import Draft
from funnel.judges import judge_anew
from funnel.models import Opportunity, OpportunityMember, StageSetting
from funnel.stages import Stage, StageRow
from tenants import audit
from tenants.backend.prepared import run_prepared
from tenants.backend.whole import columns, taken
from tenants.errors import Stale
from tenants.models import Membership, User
from tenants.scoping import require_organization_id

SHOWN = ("name", "amount", "expected_close_on", "stage", "status", "owner_id", "category", "product_id", "source")


_LOCK = f"""
    SELECT {columns(Opportunity, "o")}, {columns(Account, "a")}, {columns(Membership, "m")}, {columns(User, "u")},
        {columns(Membership, "e")}, {columns(User, "f")}
    FROM funnel_opportunity o
    JOIN accounts_account a ON a.organization_id = o.organization_id AND a.id = o.account_id
    JOIN tenants_membership m ON m.organization_id = o.organization_id AND m.id = o.owner_id
    JOIN tenants_user u ON u.id = m.user_id
    LEFT JOIN (tenants_membership e JOIN tenants_user f ON f.id = e.user_id)
        ON e.organization_id = o.organization_id AND e.id = o.updated_by_id
    WHERE o.organization_id = %(org)s AND o.id = %(pk)s
    FOR UPDATE OF o
"""  # noqa: S608  # names of our own columns


def lock(opportunity: Opportunity, *, by: Membership | None = None) -> Opportunity:
    """Take the opportunity for this transaction and return it as it stands now.

    :param by: who writes on it as the owner, somebody above them or one of its team: they may have been taken off it
        since they opened it.
    :raises Opportunity.DoesNotExist: `by` does not see it any more.
    """
    found = _locked(opportunity.pk) or _locked(opportunity.pk)
    if found is None:
        raise Opportunity.DoesNotExist
    if by is None or decides(found.owner_id, by.visible_owner_ids):
        return found
    if not OpportunityMember.objects.filter(opportunity=found, member=by).exists():
        raise Opportunity.DoesNotExist
    return found


def _locked(pk: int) -> Opportunity | None:
    """Lock a row with what it points to, as `locked` does; every action begins with it, so its plan is kept.

    None as well where it was pointed elsewhere while one waited for it: it is asked for again then.
    """
    for row in run_prepared(_LOCK, {"org": require_organization_id(), "pk": pk}):
        found, rest = taken(Opportunity, row)
        found.account, rest = taken(Account, rest)
        found.owner, rest = taken(Membership, rest)
        found.owner.user, rest = taken(User, rest)
        if found.updated_by_id is None:
            return found
        found.updated_by, rest = taken(Membership, rest)
        found.updated_by.user, _rest = taken(User, rest)
        return found if found.updated_by.pk else None
    return None


def lock_deciding(opportunity: Opportunity, *, by: Membership | None) -> Opportunity:
    """Take the lock for what the owner decides, or whoever leads them; None is the system itself.

    :raises Refused: `owner_decides`.
    """
    opportunity = lock(opportunity)
    if by is not None:
        ask_decides(opportunity.owner_id, by.visible_owner_ids)
    return opportunity


def stale(opportunity: Opportunity) -> Stale:
    """Return the refusal that shows what stands now, and who put it there."""
    changed_by = opportunity.updated_by.name if opportunity.updated_by_id else ""
    return Stale(
        {field: getattr(opportunity, field) for field in SHOWN},
        changed_by=changed_by,
        changed_at=opportunity.updated_at,
    )


def table() -> list[StageRow]:
    """Return the seven stages as the organization has them now."""
    rows: list[StageRow] = StageSetting.table()
    return rows


def percents() -> dict[Stage, int]:
    """Return the percentages as the organization has them now."""
    return {row.stage: row.percent for row in table()}


def write(
    opportunity: Opportunity, drafts: Sequence[Draft], *, by: Membership | None, at: datetime, fields: Sequence[str]
) -> None:
    """Save `fields`, count the version up, and append the drafts to the change log."""
    opportunity.version += 1
    opportunity.updated_at, opportunity.updated_by = at, by
    opportunity.save(update_fields=[*fields, "version", "updated_at", "updated_by"])
    append(opportunity, drafts, by=by, at=at)


def append(opportunity: Opportunity, drafts: Sequence[Draft], *, by: Membership | None, at: datetime) -> None:
    """Append rows to the change log."""
    rows = append_many([(opportunity, drafts)], by=by, at=at)
    opportunity.last_change_id = rows[-1][1] if rows else 0


_APPEND = """
    INSERT INTO funnel_change (organization_id, opportunity_id, kind, old, new, percent, by_id, why, occurred_at,
                               recorded_at)
    SELECT %s, opportunity_id, kind, old::jsonb, new::jsonb, percent, %s, why, occurred_at, %s
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::text[], %s::timestamptz[])
         WITH ORDINALITY AS draft (opportunity_id, kind, old, new, percent, why, occurred_at, place)
    ORDER BY place
    RETURNING opportunity_id, id
"""


def append_many(
    told: Sequence[tuple[Opportunity, Sequence[Draft]]], *, by: Membership | None, at: datetime
) -> list[tuple[int, int]]:
    """Append all drafts in one statement; return (opportunity id, id of the row) of each.

    bulk_create takes three times as long, and this is most of an import.
    """
    rows = [(opportunity.pk, draft) for opportunity, drafts in told for draft in drafts]
    if not rows:
        return []
    columns: list[list[Any]] = [
        [pk for pk, _draft in rows],
        [str(draft.kind) for _pk, draft in rows],
        [_json(draft.old) for _pk, draft in rows],
        [_json(draft.new) for _pk, draft in rows],
        [draft.percent for _pk, draft in rows],
        [draft.why[:500] for _pk, draft in rows],
        [draft.occurred_at for _pk, draft in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [require_organization_id(), by.pk if by else None, at, *columns])
        found: list[tuple[int, int]] = cursor.fetchall()
        return found


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def tell(
    verb: str,
    opportunity: Opportunity,
    *,
    by: Membership | None,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    timeline: bool = True,
) -> None:
    """Leave the audit event and, where the customer's story gains by it, a line in the account's timeline."""
    audit.record(verb, opportunity, by=by, at=at, **(data or {}))
    if timeline:
        accounts_actions.tell(
            opportunity.account, verb, by=by, at=at, source=opportunity, data={"name": opportunity.name, **(data or {})}
        )
    judge(opportunity, by=by, at=at)


def judge(opportunity: Opportunity, *, by: Membership | None, at: datetime) -> None:
    """Have its health judged anew, and show what came of it; every action ends with this (`tell` does it)."""
    found = judge_anew([opportunity.pk], at=at, by=by)
    if opportunity.pk in found:
        opportunity.health, opportunity.flags = found[opportunity.pk]
