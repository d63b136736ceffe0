"""What changed between two moments: added up by the database from the spells, without a cap on rows.

The rule is `forecasting.waterfall.classify`; what the statements say again in SQL, a property test compares with it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.db import connection

from forecasting.periods import Period, midnight
from forecasting.queries.numbers import Summary
from forecasting.queries.scope import Scope
from forecasting.waterfall import Bucket, Part, Reason, Waterfall, cause
from funnel.history import ENDLESS
from funnel.models import Opportunity
from funnel.queries.behind import Behind
from funnel.queries.slices import of_slice
from funnel.slices import Slice
from funnel.stages import Stage
from tenants.models import Membership
from tenants.scoping import require_organization_id

LATEST = ENDLESS - timedelta(microseconds=1)
"""The later moment of "until now": after everything that is known."""

_STEPS = """
    WITH spells AS MATERIALIZED (
        SELECT
            s.opportunity_id,
            max(CASE WHEN s.from_at <= %(since)s THEN coalesce(s.amount, 0) END) AS old,
            max(CASE WHEN s.until_at > %(until)s THEN coalesce(s.amount, 0) END) AS new,
            max(CASE WHEN s.until_at > %(until)s THEN s.priced END)
                - max(CASE WHEN s.from_at <= %(since)s THEN s.priced END) AS priced{more}
        FROM funnel_spell s
        WHERE s.organization_id = %(organization)s AND s.status = 'open' AND NOT s.category = 'omitted'
            AND s.expected_close_on BETWEEN %(first)s AND %(last)s
            AND s.until_at > %(since)s AND s.from_at <= %(until)s{slice}
        GROUP BY s.opportunity_id
    ), held AS (
        SELECT *, old IS NOT NULL AS was_in, new IS NOT NULL AS is_in FROM spells
    ), steps AS (
        SELECT
            h.opportunity_id,
            coalesce(h.old, 0) AS old,
            coalesce(h.new, 0) AS new,
            CASE
                WHEN h.was_in AND h.is_in THEN CASE
                    WHEN h.new = h.old THEN 'unchanged'
                    WHEN h.priced = 0 THEN 'currency'
                    WHEN h.new > h.old THEN 'increased'
                    ELSE 'decreased'
                END
                WHEN h.was_in THEN CASE
                    WHEN e.status <> 'open' THEN e.status
                    WHEN e.category = 'omitted' THEN 'removed'
                    WHEN NOT e.is_ours THEN 'transferred_out'
                    WHEN e.expected_close_on < %(first)s THEN 'moved_earlier'
                    ELSE 'pushed_out'
                END
                WHEN h.is_in THEN CASE
                    WHEN e.status IS NULL THEN 'new'
                    WHEN e.status <> 'open' THEN 'reopened'
                    WHEN NOT e.is_ours THEN 'transferred_in'
                    WHEN e.expected_close_on IS NULL OR e.expected_close_on > %(last)s THEN 'pulled_in'
                    WHEN e.expected_close_on < %(first)s THEN 'rolled_over'
                    ELSE 'restored'
                END
                ELSE 'came_and_went'
            END AS bucket
        FROM held h LEFT JOIN LATERAL (
            SELECT e.status, e.category, e.expected_close_on, {ours} AS is_ours
            FROM funnel_spell e
            WHERE h.was_in <> h.is_in AND e.organization_id = %(organization)s AND e.opportunity_id = h.opportunity_id
                AND e.from_at <= CASE WHEN h.was_in THEN %(until)s ELSE %(since)s END
            ORDER BY e.from_at DESC LIMIT 1
        ) AS e ON true
    )
"""


def _steps(
    period: Period, slice_: Slice, since: datetime, until: datetime, more: str = ""
) -> tuple[str, dict[str, Any]]:
    condition, taken = of_slice(slice_, "s")
    ours = "true" if slice_.owners is None else "e.owner_id = ANY(%(slice_owners)s)"
    return _STEPS.format(slice=condition, ours=ours, more=more), {
        **taken,
        "organization": require_organization_id(),
        "first": period.starts_on,
        "last": period.ends_on,
        "since": since,
        "until": until,
    }


def waterfall(period: Period, slice_: Slice, *, since: datetime, until: datetime = LATEST) -> Waterfall:
    """Return what changed between two moments in the open pipeline due in a period."""
    steps, taken = _steps(period, slice_, since, until)
    with connection.cursor() as cursor:
        cursor.execute(f"{steps} SELECT bucket, count(*), sum(old), sum(new) FROM steps GROUP BY bucket", taken)  # noqa: S608  # our own text
        found = {Bucket(bucket): Part(count, int(old), int(new)) for bucket, count, old, new in cursor.fetchall()}
    return Waterfall(found)


def moved(period: Period, slice_: Slice, *, bucket: Bucket, since: datetime, until: datetime = LATEST) -> Behind:
    """Return the opportunities in a bucket of the waterfall."""
    steps, taken = _steps(period, slice_, since, until)
    statement = f"{steps} SELECT opportunity_id, old, new FROM steps WHERE bucket = %(bucket)s"  # noqa: S608  # as above
    return Behind(statement, {**taken, "bucket": bucket}, has_worth=True)


# The weighted forecast --------------------------------------------------------------------------------

_WEIGHED = "(coalesce(s.amount, 0) * (%(percents)s::bigint[])[s.stage] + 50) / 100"
_PART = f""",
            max(CASE WHEN s.until_at > %(until)s THEN {_WEIGHED} ELSE 0 END)
                - max(CASE WHEN s.from_at <= %(since)s THEN {_WEIGHED} ELSE 0 END) AS part"""
"""Of each opportunity at most one spell stands at either end: what it adds to the weighted forecast, then and now."""

_MOVED = """
    , signed AS (
        SELECT s.opportunity_id, s.until_at > %(until)s AS is_won,
               CASE WHEN s.until_at > %(until)s THEN coalesce(s.amount, 0) ELSE 0 END
                   - CASE WHEN s.from_at <= %(since)s THEN coalesce(s.amount, 0) ELSE 0 END AS part
        FROM funnel_spell s
        WHERE s.organization_id = %(organization)s AND s.status = 'won'
            AND s.closed_at >= %(begins)s AND s.closed_at < %(ends)s
            AND s.until_at > %(since)s AND s.from_at <= %(until)s{slice}
            AND NOT (s.from_at <= %(since)s AND s.until_at > %(until)s)
    ), moved AS (
        SELECT opportunity_id, sum(part)::bigint AS delta, bool_or(is_won) AS is_won
        FROM (
            SELECT opportunity_id, part, false AS is_won FROM spells WHERE part <> 0
            UNION ALL SELECT opportunity_id, part, is_won FROM signed
        ) AS parts
        GROUP BY opportunity_id
    ), net AS (
        SELECT coalesce(sum(delta), 0) AS net FROM moved
    ), main AS (
        SELECT m.* FROM moved m, net WHERE m.delta <> 0 AND net.net <> 0 AND (m.delta > 0) = (net.net > 0)
        ORDER BY abs(m.delta) DESC, m.opportunity_id LIMIT 1
    )
    SELECT bucket, count(*), sum(old), sum(new), NULL, NULL, NULL FROM steps GROUP BY bucket
    UNION ALL
    SELECT steps.bucket, NULL, NULL, net.net, main.opportunity_id, main.delta, main.is_won
    FROM net LEFT JOIN main ON true LEFT JOIN steps ON steps.opportunity_id = main.opportunity_id
"""


@dataclass(frozen=True)
class Movement:
    """What moved since a moment: the pipeline due in the period by bucket, the weighted forecast, its main reason."""

    since: datetime
    waterfall: Waterfall
    forecast_change: int
    reason: Reason | None
    opportunity: Opportunity | None


def movement(membership: Membership, found: Summary, whose: Scope, *, since: datetime, zone: tzinfo) -> Movement:
    """Return what moved since a moment in the period of a summary; its opportunity is None if out of sight today."""
    slice_ = Slice(whose.owners)
    steps, taken = _steps(found.period, slice_, since, LATEST, _PART)
    begins_at, ends_at = found.period.instants(zone)
    taken |= {"begins": begins_at, "ends": ends_at, "percents": [found.percents[stage] for stage in Stage]}
    with connection.cursor() as cursor:
        cursor.execute(steps + _MOVED.format(slice=of_slice(slice_, "s")[0]), taken)
        rows = cursor.fetchall()
    told = Waterfall({Bucket(row[0]): Part(row[1], int(row[2]), int(row[3])) for row in rows if row[1] is not None})
    ((bucket, net, pk, delta, is_won),) = [(row[0], *row[3:]) for row in rows if row[1] is None]
    if pk is None:
        return Movement(since, told, int(net), None, None)
    named: Any = Opportunity.objects.visible_to(membership).select_related("account")
    why = cause(Bucket.WON if is_won else Bucket(bucket or Bucket.UNCHANGED), int(delta))
    return Movement(since, told, int(net), Reason(pk, int(delta), why), named.filter(pk=pk).first())


def seen_by(membership: Membership, owners: Collection[int] | None = None) -> Slice:
    """Return the part of the funnel that `owners` have, among those whom `membership` may see; None is all of them."""
    seen = membership.visible_owner_ids
    return Slice(seen if owners is None else frozenset(owners) if seen is None else frozenset(owners) & seen)


def week_before(today: date, zone: tzinfo) -> datetime:
    """Return the moment from which "since last week" counts: seven days ago, where that day ended."""
    return midnight(today - timedelta(days=6), zone)
