"""The rules of `forecasting.health` said in SQL, for one opportunity, for some, or for all of an organization at once.

What they stand on besides the row itself: the change log (what was undone left out), the evidence, the strategy sheet.
The highest amount is valued at the rates that hold now (times new ÷ old of every later change of rate), so that a
currency that falls cuts nothing, and one that rises hides no cut.
A property test holds that both say the same of any facts. No Django here: these are statements, and who runs them reads
or writes.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from forecasting.health import OPEN_STAGES, PUSHED_DAYS, STANDARD, Basis, Thresholds, as_table, limits
from funnel.evidence import STANDARD as STANDARD_EVIDENCE
from funnel.flags import Flag

_COLUMNS = ", ".join(f"h.held[s.n][{place}] AS {code}" for place, code in enumerate(STANDARD, 1))

_LIMITS = """
    held AS MATERIALIZED ({held}),
    limits AS MATERIALIZED (
        SELECT s.n AS at_stage, h.median, {columns},
            CASE WHEN EXISTS (SELECT 1 FROM funnel_evidenceitem WHERE organization_id = %(org)s)
                THEN (SELECT count(*) FROM funnel_evidenceitem i
                      WHERE i.organization_id = %(org)s AND i.is_active AND i.stage < s.n)
                ELSE (%(usual)s::int[])[s.n] END AS demanded
        FROM held h CROSS JOIN generate_series(1, 6) AS s(n)
    )""".replace("{columns}", _COLUMNS)
# Both are worked out once, and so are the peaks below: put into each place that asks for them they take longer to plan
# than all the rest, and peaks are worked out again for every pair of rows.
_STORED = """
    SELECT COALESCE(t.held, %(standard)s::int[]) AS held, t.median_amount AS median
    FROM (VALUES (1)) AS one LEFT JOIN forecasting_healthsetting t ON t.organization_id = %(org)s"""
_GIVEN = "SELECT %(given)s::int[] AS held, %(median)s::bigint AS median"

_OPEN = """
    place AS (
        SELECT time_zone AS zone, (%(at)s::timestamptz AT TIME ZONE time_zone)::date AS today
        FROM tenants_organization WHERE id = %(org)s
    ),
    standing AS (
        SELECT o.id, o.stage, o.amount, o.push_count, o.expected_close_on, o.next_step_on, o.health, o.flags,
               o.xmin AS seen,
               p.today, p.zone,
               p.today - (o.opened_at AT TIME ZONE p.zone)::date AS age,
               p.today - (o.stage_entered_at AT TIME ZONE p.zone)::date AS in_stage,
               p.today - (COALESCE(o.last_contact_at, o.opened_at) AT TIME ZONE p.zone)::date AS quiet
        FROM funnel_opportunity o CROSS JOIN place p
        WHERE o.organization_id = %(org)s AND o.status = 'open' """

_FACTS = """
    ),
    logged AS (
        SELECT c.opportunity_id,
            sum(CASE WHEN c.kind = 'expected_close' AND c.new #>> '{}' > c.old #>> '{}'
                THEN (c.new #>> '{}')::date - (c.old #>> '{}')::date END) AS push_days,
            max(CASE WHEN c.kind = 'stage' AND (c.new #>> '{}')::int < (c.old #>> '{}')::int
                AND (c.old #>> '{}')::int > s.stage THEN c.occurred_at END) AS went_back_at,
            max(CASE c.kind WHEN 'amount' THEN greatest((c.new #>> '{}')::bigint, (c.old #>> '{}')::bigint)
                            WHEN 'created' THEN (c.new ->> 'amount')::bigint END) AS highest,
            bool_or(c.kind = 'rate') AS is_rated
        FROM standing s JOIN funnel_change c ON c.organization_id = %(org)s AND c.opportunity_id = s.id
        WHERE c.kind IN ('created', 'amount', 'rate', 'expected_close', 'stage') AND c.undoes_id IS NULL
            AND NOT EXISTS (SELECT 1 FROM funnel_change u WHERE u.organization_id = %(org)s AND u.undoes_id = c.id)
        GROUP BY c.opportunity_id
    ),
    peaks AS MATERIALIZED (
        SELECT l.opportunity_id, CASE WHEN l.is_rated THEN (
            SELECT max(round(r.amount * exp(COALESCE(r.rates, 0)))::bigint) FROM (
                SELECT CASE c.kind WHEN 'amount' THEN greatest((c.new #>> '{}')::bigint, (c.old #>> '{}')::bigint)
                                   WHEN 'created' THEN (c.new ->> 'amount')::bigint END AS amount,
                    sum(CASE WHEN c.kind = 'rate' AND c.old > '0' AND c.new > '0'
                        THEN ln((c.new #>> '{}')::float8 / (c.old #>> '{}')::float8) END)
                        OVER (ORDER BY c.occurred_at DESC, c.id DESC) AS rates
                FROM funnel_change c
                WHERE c.organization_id = %(org)s AND c.opportunity_id = l.opportunity_id
                    AND c.kind IN ('created', 'amount', 'rate') AND c.undoes_id IS NULL
                    AND NOT EXISTS (
                        SELECT 1 FROM funnel_change u WHERE u.organization_id = %(org)s AND u.undoes_id = c.id)
            ) AS r) ELSE l.highest END AS highest
        FROM logged l
    ),
    proved AS (
        SELECT e.opportunity_id, count(*) AS filed
        FROM standing s JOIN funnel_evidence e ON e.organization_id = %(org)s AND e.opportunity_id = s.id
            JOIN funnel_evidenceitem i ON i.organization_id = %(org)s AND i.id = e.item_id
        WHERE i.is_active AND i.stage < s.stage AND e.state <> 'sent_back'
        GROUP BY e.opportunity_id
    ),
    sheet AS (
        SELECT r.opportunity_id, count(*) AS contacts, bool_or(r.role = 'eb') AS buyer_known,
            max(r.last_met_on) FILTER (WHERE r.role = 'eb') AS buyer_met_on
        FROM standing s JOIN funnel_decisionrole r ON r.organization_id = %(org)s AND r.opportunity_id = s.id
        GROUP BY r.opportunity_id
    )"""

_RULES: Mapping[str, str] = {
    Flag.OVERDUE: "s.expected_close_on < s.today",
    Flag.ZOMBIE: "s.age > l.zombie",
    Flag.SILENT: "s.quiet > l.silent",
    Flag.NO_NEXT_STEP: "s.next_step_on IS NULL",
    Flag.NO_AMOUNT: "COALESCE(s.amount, 0) = 0",
    Flag.NO_POWER: "b.buyer_known IS NOT TRUE OR b.buyer_met_on IS NULL OR s.today - b.buyer_met_on > l.no_power",
    Flag.UNPROVEN: "l.demanded > COALESCE(p.filed, 0)",
    Flag.PUSHED: "s.push_count >= l.pushed",
    Flag.STALLED: "s.in_stage > l.stalled",
    Flag.SINGLE_THREAD: "s.amount > l.median AND COALESCE(b.contacts, 0) <= 1",
    Flag.REGRESSED: "s.today - (c.went_back_at AT TIME ZONE s.zone)::date <= l.regressed",
    Flag.SHRINKING: "h.highest > 0 AND (h.highest - COALESCE(s.amount, 0)) * 100 / h.highest >= l.shrinking",
    Flag.AGEING: "s.age > l.ageing AND NOT (l.zombie > 0 AND s.age > l.zombie)",
}


def _raised(code: str) -> str:
    broken = f"l.{code} > 0 AND ({_RULES[code]})"
    if code == Flag.PUSHED:
        broken = f"({broken}) OR (l.{PUSHED_DAYS} > 0 AND c.push_days > l.{PUSHED_DAYS})"
    return f"CASE WHEN {broken} THEN '{code}' END"


_VERDICTS = """
    SELECT j.id, j.stage, j.seen, j.health AS health_before, j.flags AS flags_before,
        CASE WHEN cardinality(j.found) >= 3 OR 'overdue' = ANY(j.found) OR 'zombie' = ANY(j.found) THEN 'risk'
             WHEN cardinality(j.found) > 0 THEN 'watch' ELSE 'ok' END AS health,
        j.found AS flags
    FROM (
        SELECT s.id, s.stage, s.seen, s.health, s.flags,
            array_remove(ARRAY[{raised}], NULL)::varchar[] AS found
        FROM standing s JOIN limits l ON l.at_stage = s.stage
            LEFT JOIN logged c ON c.opportunity_id = s.id
            LEFT JOIN peaks h ON h.opportunity_id = s.id
            LEFT JOIN proved p ON p.opportunity_id = s.id
            LEFT JOIN sheet b ON b.opportunity_id = s.id
    ) j
""".replace("{raised}", ", ".join(_raised(code) for code in _RULES))


_SEEN = """
    SELECT s.id, s.stage, s.amount, s.expected_close_on, s.today - s.age, s.today - s.in_stage, s.today - s.quiet,
        s.next_step_on, s.push_count, COALESCE(c.push_days, 0), (c.went_back_at AT TIME ZONE s.zone)::date,
        greatest(l.demanded - COALESCE(p.filed, 0), 0), COALESCE(b.contacts, 0), COALESCE(b.buyer_known, false),
        b.buyer_met_on, h.highest,
        (SELECT min((v.happened_at AT TIME ZONE s.zone)::date) FROM activities_visit v
         WHERE v.organization_id = %(org)s AND v.opportunity_id = s.id AND v.state = 'planned'
            AND v.happened_at >= s.today::timestamp AT TIME ZONE s.zone)
    FROM standing s JOIN limits l ON l.at_stage = s.stage
        LEFT JOIN logged c ON c.opportunity_id = s.id
        LEFT JOIN peaks h ON h.opportunity_id = s.id
        LEFT JOIN proved p ON p.opportunity_id = s.id
        LEFT JOIN sheet b ON b.opportunity_id = s.id
"""
Statement = tuple[str, dict[str, Any]]
_USUAL = [sum(len(items) for at, items in STANDARD_EVIDENCE.items() if at < stage) for stage in OPEN_STAGES]


def judgement(
    organization: int, some: Collection[int] | None, *, at: datetime, given: Sequence[Thresholds] | None = None
) -> Statement:
    """Return the statement that judges: (id, stage, seen, health_before, flags_before, health, flags), one row each.

    :param some: the ids to judge; None for everything open.
    :param given: limits to judge by; None for those that are stored.
    """
    return _with(some, given) + _VERDICTS, _asked(organization, some, at, given)


def seen_facts(organization: int, some: Collection[int], *, at: datetime) -> Statement:
    """Return the statement that tells what the rules ask: the id, then the fields of `health.Facts` in order."""
    return _with(some, None) + _SEEN, _asked(organization, some, at, None)


def _with(some: Collection[int] | None, given: Sequence[Thresholds] | None) -> str:
    held = _LIMITS.replace("{held}", _STORED if given is None else _GIVEN)
    return f"WITH {held}, {_OPEN}{'' if some is None else 'AND o.id = ANY(%(some)s)'}{_FACTS}"


def _asked(
    organization: int, some: Collection[int] | None, at: datetime, given: Sequence[Thresholds] | None
) -> dict[str, Any]:
    asked: dict[str, Any] = {"org": organization, "at": at, "usual": _array(_USUAL)}
    asked["standard"] = _array(as_table(limits(Basis(), {})))
    if some is not None:
        asked["some"] = list(some)
    if given is not None:
        asked |= {"given": _array(as_table(given)), "median": given[0].median_amount}
    return asked


def _array(numbers: Sequence[Any]) -> str:
    """Return an array as PostgreSQL reads it at once; ARRAY[…] is an expression, planned in every place."""
    return str(numbers).translate(_BRACES)


_BRACES = str.maketrans("[]", "{}")
