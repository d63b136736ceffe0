"""How long opportunities stay in the stages, how many go on, and how long it takes to win one; from the spells.

Each is one statement for a whole organization, however large. None counts what was undone.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection

from funnel.flow import Conversion, Spread
from funnel.queries.behind import Behind
from funnel.queries.slices import of_slice
from funnel.slices import Slice
from funnel.stages import Stage
from tenants.scoping import require_organization_id

_SHARES = "ARRAY[0.25, 0.5, 0.75, 0.9, 0.95]"

_LEFT = """
    FROM funnel_spell s
    WHERE s.organization_id = %(organization)s AND s.left_to IS NOT NULL
        AND s.until_at > %(since)s AND s.until_at <= %(until)s
"""
_DWELL = f"""
    SELECT s.stage, count(*), avg(extract(epoch FROM s.until_at - s.stage_entered_at) / 86400)::float8,
           percentile_cont({_SHARES})
               WITHIN GROUP (ORDER BY extract(epoch FROM s.until_at - s.stage_entered_at) / 86400)
    {_LEFT}{{slice}}
    GROUP BY s.stage
"""  # noqa: S608  # our own text


def _ask(statement: str, slice_: Slice, **taken: Any) -> list[tuple[Any, ...]]:
    condition, more = of_slice(slice_, "s")
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(slice=condition),
            {"organization": require_organization_id(), **taken, **more},
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def dwell(*, since: datetime, until: datetime, slice_: Slice = Slice()) -> dict[Stage, Spread]:  # noqa: B008  # frozen
    """Return how long stays in each stage took that ended after `since` and up to `until`, however they ended.

    `count` is the number of exits. The owner of a stay is who owned it when it was left.
    """
    rows = _ask(_DWELL, slice_, since=since, until=until)
    return {Stage(stage): replace(Spread(count, *shares), mean=mean) for stage, count, mean, shares in rows}


_CONVERSIONS = """
    WITH stays AS (
        SELECT s.opportunity_id, s.stage, s.stage_entered_at, s.owner_id,
               CASE WHEN s.until_at <= %(until)s THEN s.left_to END AS left_to,
               max(CASE WHEN s.until_at <= %(until)s THEN s.left_to END) OVER (
                   PARTITION BY s.opportunity_id ORDER BY s.until_at DESC ROWS UNBOUNDED PRECEDING
               ) AS reached
        FROM (
            SELECT opportunity_id, stage, stage_entered_at, owner_id, until_at, left_to FROM funnel_spell
            WHERE organization_id = %(organization)s AND left_to IS NOT NULL
                AND stage_entered_at >= %(since)s AND stage_entered_at < %(until)s
            UNION ALL
            SELECT opportunity_id, stage, stage_entered_at, owner_id, until_at, left_to FROM funnel_spell
            WHERE organization_id = %(organization)s AND status = 'open' AND until_at = '9999-01-01T00:00:00Z'
                AND stage_entered_at >= %(since)s AND stage_entered_at < %(until)s
        ) AS s
    ), entered AS (
        SELECT DISTINCT ON (s.opportunity_id, s.stage) s.*
        FROM stays s ORDER BY s.opportunity_id, s.stage, s.stage_entered_at, s.reached DESC NULLS LAST
    ), patience AS (
        SELECT * FROM unnest(%(stages)s::int[], %(days)s::float[]) AS p (stage, days)
    )
"""
_JOINED = "LEFT JOIN patience p ON p.stage = s.stage WHERE true"
_OLD = "coalesce(extract(epoch FROM %(until)s - s.stage_entered_at) / 86400 > p.days, false)"
FATES = {
    "reached": "coalesce(s.reached > s.stage, false)",
    "fell": f"(s.reached <= s.stage OR s.reached IS NULL AND {_OLD})",
    "pending": f"(s.reached IS NULL AND NOT {_OLD})",
}


def conversion(
    *,
    since: datetime,
    until: datetime,
    slice_: Slice = Slice(),  # noqa: B008  # frozen
    patience: Mapping[Stage, float] | None = None,
) -> dict[Stage, Conversion]:
    """Return by stage what became of those that entered it in the window, as of its end: see `funnel.flow.conversions`.

    :param patience: the P95 of each stage's dwell in days; None takes the organization's, of the same window.
    """
    rows = _conversions("NULL::bigint", since=since, until=until, slice_=slice_, patience=patience)
    return {Stage(stage): Conversion(*counts) for _owner, stage, *counts in rows}


def conversion_by_owner(
    *,
    since: datetime,
    until: datetime,
    slice_: Slice = Slice(),  # noqa: B008  # frozen
    patience: Mapping[Stage, float] | None = None,
) -> dict[int, dict[Stage, Conversion]]:
    """Return the same for each owner (membership id): who owned it when it left the stage, or owns it now."""
    found: dict[int, dict[Stage, Conversion]] = {}
    rows = _conversions("s.owner_id", since=since, until=until, slice_=slice_, patience=patience)
    for owner, stage, *counts in rows:
        found.setdefault(owner, {})[Stage(stage)] = Conversion(*counts)
    return found


def conversion_rows(
    *,
    stage: int,
    fate: str,
    since: datetime,
    until: datetime,
    slice_: Slice = Slice(),  # noqa: B008  # frozen
) -> Behind:
    """Return the opportunities behind a number of `conversion`; `fate` is a key of `FATES`."""
    condition, more = of_slice(slice_, "s")
    taken = _cohort(since, until, None) | more | {"organization": require_organization_id(), "stage": stage}
    condition += f" AND s.stage = %(stage)s AND {FATES[fate]}"
    wanted = f"SELECT s.opportunity_id FROM entered s {_JOINED}{condition}"  # noqa: S608  # our own text
    return Behind(_CONVERSIONS + wanted, taken)


def _conversions(
    by: str, *, since: datetime, until: datetime, slice_: Slice, patience: Mapping[Stage, float] | None
) -> list[tuple[Any, ...]]:
    counts = ", ".join(f"count(*) FILTER (WHERE {fate})" for fate in FATES.values())
    wanted = f"SELECT {by}, s.stage, {counts} FROM entered s {_JOINED}"  # noqa: S608  # our own text
    return _ask(_CONVERSIONS + wanted + "{slice} GROUP BY 1, 2", slice_, **_cohort(since, until, patience))


def _cohort(since: datetime, until: datetime, patience: Mapping[Stage, float] | None) -> dict[str, Any]:
    if patience is None:
        patience = {
            stage: spread.p95 for stage, spread in dwell(since=since, until=until).items() if spread.p95 is not None
        }
    stages, days = [int(stage) for stage in patience], list(patience.values())
    return {"since": since, "until": until, "stages": stages, "days": days}


def dwell_rows(
    *,
    stage: int,
    since: datetime,
    until: datetime,
    slice_: Slice = Slice(),  # noqa: B008  # frozen
) -> Behind:
    """Return the opportunities that left a stage, as `dwell` counts them."""
    condition, more = of_slice(slice_, "s")
    taken = {"organization": require_organization_id(), "stage": stage, "since": since, "until": until, **more}
    return Behind(f"SELECT s.opportunity_id {_LEFT} AND s.stage = %(stage)s{condition}", taken)


_CYCLES = f"""
    SELECT count(*), avg(extract(epoch FROM s.closed_at - s.opened_at) / 86400)::float8,
           percentile_cont({_SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM s.closed_at - s.opened_at) / 86400)
    FROM (SELECT o.*, o.id AS opportunity_id FROM funnel_opportunity o) AS s
    WHERE s.organization_id = %(organization)s AND s.status = 'won'
        AND s.closed_at > %(since)s AND s.closed_at <= %(until)s{{slice}}
"""  # noqa: S608  # as above


def won_cycle(*, since: datetime, until: datetime, slice_: Slice = Slice()) -> Spread:  # noqa: B008  # frozen
    """Return how long it took from opening to winning, over what was won after `since` and up to `until`.

    `count` is the number of wins.
    """
    ((count, mean, shares),) = _ask(_CYCLES, slice_, since=since, until=until)
    return replace(Spread(count, *shares), mean=mean) if count else Spread()
