"""The funnel as it stood on a past day, and the matrix of what came from where and went to where, from the spells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from forecasting.queries.changed import LATEST
from funnel.models import StageSetting
from funnel.queries.behind import Behind
from funnel.queries.slices import of_slice
from funnel.slices import Slice
from tenants.scoping import require_organization_id

# As it stood -----------------------------------------------------------------------------------------

_STOOD = """
    FROM funnel_spell s {proofs}
    WHERE s.organization_id = %(organization)s AND s.status = 'open'
        AND s.until_at > %(at)s AND s.from_at <= %(at)s{slice}
"""


@dataclass(frozen=True)
class Stood:
    """What stood in a stage at a moment; weighted by the stage's percentage of then.

    `proven` is the same by the proven stage; None where of anything with an amount nobody recorded what was proven.
    """

    count: int = 0
    amount: int = 0
    weighted: int = 0
    proven: int | None = 0

    def __add__(self, other: "Stood") -> "Stood":
        """Add up two stages."""
        proven = None if self.proven is None or other.proven is None else self.proven + other.proven
        return Stood(self.count + other.count, self.amount + other.amount, self.weighted + other.weighted, proven)


_THEN = (
    "((coalesce(s.amount, 0) * s.percent + 50) / 100)",
    "CASE WHEN s.amount > 0 THEN (s.amount * s.proven_percent + 50) / 100 ELSE 0 END",
)
_NOW = (
    "((coalesce(s.amount, 0) * (%(percents)s::int[])[s.stage] + 50) / 100)",
    "((coalesce(s.amount, 0) * (%(percents)s::int[])[p.proven_stage] + 50) / 100)",
)
_PROOFS = "JOIN funnel_opportunity p ON p.organization_id = s.organization_id AND p.id = s.opportunity_id"


def _standing(slice_: Slice, at: datetime, stage: int | None = None) -> tuple[str, str, str, dict[str, Any]]:
    """Return what was open at a moment: where it stands, each one's claimed and proven part, and the values.

    What is open now counts as the stages are weighted and proven now.
    """
    condition, taken = of_slice(slice_, "s")
    if stage is not None:
        condition += " AND s.stage = %(stage)s"
    taken |= {"organization": require_organization_id(), "at": at, "stage": stage}
    (weighted, proven), proofs = _THEN, ""
    if at >= LATEST:
        (weighted, proven), proofs = _NOW, _PROOFS
        taken |= {"percents": [row.percent for row in StageSetting.table()]}
    return _STOOD.format(slice=condition, proofs=proofs), weighted, proven, taken


def stood(slice_: Slice, *, at: datetime = LATEST) -> Mapping[int, Stood]:
    """Return what was open at a moment, by stage; what is open now, as the stages are weighted and proven now."""
    standing, weighted, proven, taken = _standing(slice_, at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.stage, count(*), coalesce(sum(s.amount), 0), sum({weighted}),"
            f" CASE WHEN count({proven}) = count(*) THEN sum({proven}) END {standing} GROUP BY s.stage",
            taken,
        )
        return {
            stage: Stood(count, int(amount), int(weighted), None if proven is None else int(proven))
            for stage, count, amount, weighted, proven in cursor.fetchall()
        }


def stood_rows(slice_: Slice, *, stage: int | None = None, at: datetime = LATEST) -> Behind:
    """Return the opportunities that were open at a moment, in one stage or all."""
    standing, weighted, proven, taken = _standing(slice_, at, stage)
    return Behind(
        "SELECT s.opportunity_id, 0 AS old, coalesce(s.amount, 0) AS new,"
        f" {weighted} AS weighted, {proven} AS proven {standing}",
        taken,
        has_worth=True,
        has_parts=True,
    )


# From where to where ---------------------------------------------------------------------------------

NEW, GONE = "new", "gone"
BY = {"stage": "s.stage::text", "category": "s.category"}

_CELLS = """
    WITH past AS MATERIALIZED (
        SELECT s.opportunity_id, {place} AS place, s.amount FROM funnel_spell s
        WHERE s.organization_id = %(organization)s AND s.status = 'open'
            AND s.until_at > %(since)s AND s.from_at <= %(since)s{slice}
    ), present AS MATERIALIZED (
        SELECT s.opportunity_id, {place} AS place, s.amount FROM funnel_spell s
        WHERE s.organization_id = %(organization)s AND s.status = 'open'
            AND s.until_at > %(until)s AND s.from_at <= %(until)s{slice}
    ), cells AS (
        SELECT p.opportunity_id, p.place AS came, coalesce(n.place, nullif(e.status, 'open'), 'gone') AS went,
               coalesce(n.amount, CASE WHEN e.status <> 'open' THEN e.amount END, p.amount, 0) AS amount
        FROM past p LEFT JOIN present n ON n.opportunity_id = p.opportunity_id
        LEFT JOIN LATERAL (
            SELECT e.status, e.amount FROM funnel_spell e
            WHERE n.place IS NULL AND e.organization_id = %(organization)s AND e.opportunity_id = p.opportunity_id
                AND e.from_at <= %(until)s
            ORDER BY e.from_at DESC LIMIT 1
        ) AS e ON true
        UNION ALL
        SELECT n.opportunity_id, 'new', n.place, coalesce(n.amount, 0)
        FROM present n WHERE NOT EXISTS (SELECT FROM past p WHERE p.opportunity_id = n.opportunity_id)
        UNION ALL
        SELECT s.opportunity_id, 'new', s.status, coalesce(s.amount, 0) FROM funnel_spell s
        WHERE s.organization_id = %(organization)s AND NOT s.status = 'open'
            AND s.closed_at > %(since)s AND s.closed_at <= %(until)s
            AND s.until_at > %(until)s AND s.from_at <= %(until)s
            AND NOT EXISTS (SELECT FROM past p WHERE p.opportunity_id = s.opportunity_id){slice}
    )
"""


def _cells(slice_: Slice, by: str, since: datetime, until: datetime) -> tuple[str, dict[str, Any]]:
    condition, taken = of_slice(slice_, "s")
    return _CELLS.format(slice=condition, place=BY[by]), {
        **taken,
        "organization": require_organization_id(),
        "since": since,
        "until": until,
    }


@dataclass(frozen=True)
class MatrixCell:
    """How many went from one place to another, and what they are worth at the end (gone ones: at the start)."""

    count: int = 0
    amount: int = 0

    def __add__(self, other: "MatrixCell") -> "MatrixCell":
        """Add up two cells."""
        return MatrixCell(self.count + other.count, self.amount + other.amount)


def flows(slice_: Slice, *, by: str, since: datetime, until: datetime = LATEST) -> Mapping[tuple[str, str], MatrixCell]:
    """Return what was where at two moments, by (from, to).

    From: a stage (its number) or forecast category, or "new" (not open here at the first moment). To: the same, or won,
    lost, abandoned, or "gone" (open, but not here any more: handed to somebody not asked about).

    :param by: a key of `BY`.
    """
    cells, taken = _cells(slice_, by, since, until)
    with connection.cursor() as cursor:
        cursor.execute(f"{cells} SELECT came, went, count(*), sum(amount) FROM cells GROUP BY came, went", taken)  # noqa: S608  # our own text
        return {(came, went): MatrixCell(count, int(amount)) for came, went, count, amount in cursor.fetchall()}


def flowed(slice_: Slice, *, by: str, came: str, went: str, since: datetime, until: datetime = LATEST) -> Behind:
    """Return the opportunities in a cell of `flows`."""
    cells, taken = _cells(slice_, by, since, until)
    statement = f"{cells} SELECT opportunity_id, 0 AS old, amount AS new FROM cells"  # noqa: S608  # as above
    taken |= {"came": came, "went": went}
    return Behind(f"{statement} WHERE came = %(came)s AND went = %(went)s", taken, has_worth=True)
