"""How a funnel flows: win rates, slippage, pushes, and what they mean for the target; from the spells and the log."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.db import connection

from forecasting.flow import Closed, Fate, Slippage
from forecasting.periods import Period, midnight
from forecasting.queries.changed import LATEST
from funnel.queries.behind import Behind
from funnel.queries.slices import of_slice
from funnel.slices import Slice
from tenants.scoping import require_organization_id

AGED = 1.5
"""Open for longer than so many times the P95 of won cycles is stuck."""

_CLOSED = """
    WITH decided AS (
        SELECT e.opportunity_id, e.owner_id, e.amount, e.stage, e.status AS fate
        FROM funnel_spell e
        WHERE e.organization_id = %(organization)s AND NOT e.status = 'open'
            AND e.closed_at > %(since)s AND e.closed_at <= %(until)s
            AND e.until_at > %(until)s AND e.from_at <= %(until)s
        UNION ALL
        SELECT e.opportunity_id, e.owner_id, e.amount, e.stage,
               CASE
                   WHEN e.expected_close_on < %(today)s OR o.opened_at < %(aged)s::timestamptz THEN 'stuck'
                   ELSE 'open'
               END
        FROM funnel_spell e JOIN funnel_opportunity o ON o.organization_id = e.organization_id
            AND o.id = e.opportunity_id
        WHERE e.organization_id = %(organization)s AND e.status = 'open'
            AND e.until_at > %(until)s AND e.from_at <= %(until)s
    ), s AS (
        SELECT * FROM decided d
        WHERE d.stage >= 2 OR EXISTS (
            SELECT FROM funnel_spell q WHERE q.organization_id = %(organization)s
                AND q.opportunity_id = d.opportunity_id AND q.stage >= 2
                AND q.from_at <= %(until)s
        )
    )
"""


@dataclass(frozen=True)
class Decided:
    """What was closed in a window; what was stuck as it ended, and open and qualified (in Qualify or beyond)."""

    closed: Closed
    abandoned: int
    qualified: int


def _decided(slice_: Slice, since: datetime, until: datetime, today: date, p95: float | None) -> tuple[str, Any]:
    condition, taken = of_slice(slice_, "s")
    return (
        condition,
        {
            **taken,
            "organization": require_organization_id(),
            "since": since,
            "until": until,
            "today": today,
            "aged": until - timedelta(days=AGED * p95) if p95 else None,
        },
    )


def decided(slice_: Slice, *, since: datetime, until: datetime, today: date, p95: float | None) -> Decided:
    """Return what was decided after `since` and up to `until` among what ever reached Qualify, and what was open then.

    :param today: the day of `until`: what was due before it is overdue.
    :param p95: of the won cycles in days; what is open longer than 1.5 times that is stuck.
    """
    condition, taken = _decided(slice_, since, until, today, p95)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSED + "SELECT fate, count(*), coalesce(sum(amount), 0), count(*) FILTER (WHERE stage >= 2) FROM s"  # noqa: S608  # our own text
            f" WHERE true{condition} GROUP BY fate",
            taken,
        )
        found = {row[0]: (row[1], int(row[2]), row[3]) for row in cursor.fetchall()}
    none = (0, 0, 0)
    won, lost, stuck = (found.get(fate, none) for fate in ("won", "lost", "stuck"))
    return Decided(
        Closed(won=won[0], lost=lost[0], won_amount=won[1], lost_amount=lost[1], stuck=stuck[0]),
        abandoned=found.get("abandoned", none)[0],
        qualified=found.get("open", none)[2] + stuck[2],
    )


def decided_rows(
    slice_: Slice, *, fate: str, since: datetime, until: datetime, today: date, p95: float | None
) -> Behind:
    """Return the opportunities behind `decided`: won, lost, abandoned, stuck, or `qualified` (open ones)."""
    condition, taken = _decided(slice_, since, until, today, p95)
    which = "fate IN ('open', 'stuck') AND stage >= 2" if fate == "qualified" else "fate = %(fate)s"
    return Behind(
        f"{_CLOSED} SELECT opportunity_id FROM s WHERE {which}{condition}",  # noqa: S608  # as above
        {**taken, "fate": fate},
    )


# Slippage ---------------------------------------------------------------------------------------------

_FATES = """
    SELECT s.opportunity_id,
           CASE
               WHEN e.status IN ('won', 'lost') THEN 'decided'
               WHEN e.status = 'abandoned' THEN 'slipped'
               WHEN e.expected_close_on <= %(last)s AND %(today)s <= %(last)s THEN 'standing'
               ELSE 'slipped'
           END AS fate
    FROM funnel_spell s JOIN LATERAL (
        SELECT e.status, e.expected_close_on FROM funnel_spell e
        WHERE e.organization_id = %(organization)s AND e.opportunity_id = s.opportunity_id AND e.from_at <= %(ends)s
        ORDER BY e.from_at DESC LIMIT 1
    ) AS e ON true
    WHERE s.organization_id = %(organization)s AND s.status = 'open' AND NOT s.category = 'omitted'
        AND s.expected_close_on BETWEEN %(first)s AND %(last)s
        AND s.until_at > %(begins)s AND s.from_at <= %(begins)s{slice}
"""


def _fates(period: Period, slice_: Slice, today: date, zone: tzinfo) -> tuple[str, dict[str, Any]]:
    condition, taken = of_slice(slice_, "s")
    begins_at, ends_at = period.instants(zone)
    return _FATES.format(slice=condition), {
        **taken,
        "organization": require_organization_id(),
        "first": period.starts_on,
        "last": period.ends_on,
        "today": today,
        "begins": begins_at,
        "ends": ends_at - timedelta(microseconds=1) if today > period.ends_on else LATEST,
    }


def slippage(period: Period, slice_: Slice, *, today: date, zone: tzinfo) -> Slippage:
    """Return how much of what was due when a period began is neither won nor lost at its end, or slipped so far.

    What was abandoned is neither.
    """
    fates, taken = _fates(period, slice_, today, zone)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), count(*) FILTER (WHERE fate = 'slipped') FROM ({fates}) AS f", taken)  # noqa: S608  # as above
        ((due, slipped),) = cursor.fetchall()
        return Slippage(due, slipped)


def slipped(period: Period, slice_: Slice, *, today: date, zone: tzinfo) -> Behind:
    """Return the opportunities that slipped out of a period."""
    fates, taken = _fates(period, slice_, today, zone)
    statement = f"SELECT opportunity_id FROM ({fates}) AS f WHERE fate = %(fate)s"  # noqa: S608  # as above
    return Behind(statement, {**taken, "fate": str(Fate.SLIPPED)})


# Pushes -----------------------------------------------------------------------------------------------

_PUSHES = """
    SELECT c.opportunity_id, c.old #>> '{{}}' AS old, c.new #>> '{{}}' AS new
    FROM funnel_change c JOIN funnel_spell s ON s.organization_id = c.organization_id
        AND s.opportunity_id = c.opportunity_id AND s.from_at <= c.occurred_at AND s.until_at > c.occurred_at
    WHERE c.organization_id = %(organization)s AND c.kind = 'expected_close'
        AND c.occurred_at > %(since)s AND c.occurred_at <= %(until)s AND c.undoes_id IS NULL
        AND NOT EXISTS (SELECT FROM funnel_change u WHERE u.organization_id = %(organization)s AND u.undoes_id = c.id)
        AND c.new #>> '{{}}' > c.old #>> '{{}}'{slice}
"""


@dataclass(frozen=True)
class Pushes:
    """How often an expected close moved into a later calendar month, and the days pushed in all (within it too)."""

    count: int
    days: int


def _pushes(slice_: Slice, since: datetime, until: datetime) -> tuple[str, dict[str, Any]]:
    condition, taken = of_slice(slice_, "s")
    return _PUSHES.format(slice=condition), {
        **taken,
        "organization": require_organization_id(),
        "since": since,
        "until": until,
    }


def pushes(slice_: Slice, *, since: datetime, until: datetime) -> Pushes:
    """Return the pushes after `since` and up to `until`; of whoever owned the opportunity then."""
    moves, taken = _pushes(slice_, since, until)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE left(new, 7) > left(old, 7)), coalesce(sum(new::date - old::date), 0)"  # noqa: S608  # as above
            f" FROM ({moves}) AS m",
            taken,
        )
        ((count, days),) = cursor.fetchall()
        return Pushes(count, int(days))


def pushed(slice_: Slice, *, since: datetime, until: datetime) -> Behind:
    """Return the opportunities that were pushed into a later calendar month."""
    moves, taken = _pushes(slice_, since, until)
    return Behind(f"SELECT opportunity_id FROM ({moves}) AS m WHERE left(new, 7) > left(old, 7)", taken)  # noqa: S608  # as above


def evening(day: date, zone: tzinfo) -> datetime:
    """Return the moment a day ends: what stood then is what stood on that day."""
    return midnight(day + timedelta(days=1), zone) - timedelta(microseconds=1)
