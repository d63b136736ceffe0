"""The board: seven columns, the first cards of each, and figures that count everything."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from funnel.commitment import Backing, backing
from funnel.filters import Filters
from funnel.limits import ColumnLimit
from funnel.models import by_urgency, proven_amount, weighted_amount
from funnel.queries.limits import column_limits
from funnel.queries.opportunities import closed, due, in_health, narrowed, stage_table
from funnel.stages import Health, Stage, StageRow, Status, urgency
from funnel.windows import quarter_of
from tenants.backend.whole import narrowing
from tenants.models import Membership, Organization
from tenants.scoping import require_organization_id

CARDS = 30


class Card(NamedTuple):
    """What a card shows of an opportunity."""

    pk: int
    stage: int
    status: str
    version: int
    name: str
    account: str
    amount: int | None
    expected_close_on: date | None
    closed_at: datetime | None
    health: str
    next_step: str
    next_step_on: date | None
    owner_id: int
    owner: str
    committed_on: date | None = None
    eb_promised_on: date | None = None
    buying_procedure: str = ""

    @property
    def backing(self) -> Backing:
        """What stands behind it."""
        procedure = self.buying_procedure
        return backing(committed_on=self.committed_on, promised_on=self.eb_promised_on, procedure=procedure)


_OF_THESE = """
    SELECT o.id, o.stage, o.status, o.version, o.name, a.name, o.amount, o.expected_close_on, o.closed_at, o.health,
        o.next_step, o.next_step_on, o.owner_id, u.name, o.committed_on, o.eb_promised_on, o.buying_procedure
    FROM (%s) AS first(id)
    JOIN funnel_opportunity o ON o.id = first.id
    JOIN accounts_account a ON a.organization_id = o.organization_id AND a.id = o.account_id
    JOIN tenants_membership m ON m.organization_id = o.organization_id AND m.id = o.owner_id
    JOIN tenants_user u ON u.id = m.user_id
    WHERE o.organization_id = %%s
"""


def cards_of(ids: str, values: Sequence[Any]) -> list[Card]:
    """Return the cards of the opportunities that a query finds, in any order. What is not shown is not joined.

    :param ids: a query of keys alone, of what the reader may see, and its `values`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OF_THESE % ids, [*values, require_organization_id()])
        return [Card(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Column:
    """A column of the board: a stage, `row`, or another group. Figures count everything, `cards` are the first few.

    `limit` is what should stand in it at most, where the organization says so. `is_past`: of days that have gone by,
    so that nothing is moved into it.
    """

    key: str
    label: str
    count: int
    total: int
    weighted: int
    proven: int
    cards: Sequence[Card]
    row: StageRow | None = None
    limit: ColumnLimit | None = None
    is_past: bool = False

    @property
    def rest(self) -> int:
        """How many stand behind the cards shown."""
        return self.count - len(self.cards)

    @property
    def is_won(self) -> bool:
        """Whether this is the column of what was won in the period."""
        return self.row is not None and self.row.stage == Stage.DEPLOY

    @property
    def is_over(self) -> bool:
        """Whether more stands in it than should."""
        return self.limit is not None and self.limit.is_over(self.count, self.total)


@dataclass(frozen=True)
class Board:
    """The columns asked for, and the figures of what is open in them; `won` is 0 where the last was not asked for.

    `beyond` is how many groups have no column here.
    """

    columns: Sequence[Column]
    count: int
    total: int
    weighted: int
    proven: int
    attention: int
    won: int
    won_from: date
    won_to: date
    quarter: int
    year: int
    beyond: int = 0


@dataclass
class Figure:
    """What stands in a stage: how many, their amount, and how many need attention whatever the health filter."""

    count: int = 0
    total: int = 0
    weighted: int = 0
    proven: int = 0
    attention: int = 0


def won_span(filters: Filters, organization: Organization, today: date) -> tuple[date, date, int, int]:
    """Return the days whose wins the board shows: the due span where one is chosen, else the fiscal quarter.

    With it the number of the quarter and its fiscal year.
    """
    start, end, number, year = quarter_of(today, organization.fiscal_year_start)
    first, last = filters.due_between(today, organization.fiscal_year_start)
    return (first, last, number, year) if first and last else (start, end, number, year)


def board(
    membership: Membership,
    filters: Filters,
    *,
    today: date,
    stages: Collection[Stage] = tuple(Stage),
    table: list[StageRow] | None = None,
) -> Board:
    """Return the board with the columns of `stages`: three or four queries, however many cards there are.

    :param table: the stages, where they were asked for already.
    """
    organization = membership.organization
    first, last, number, year = won_span(filters, organization, today)
    rows, table = narrowed(membership, filters, today=today), table or stage_table()
    limits = column_limits(membership, filters, table)
    standing, won = rows.filter(due(filters, organization, today), status=Status.OPEN), None
    if len(stages) < len(Stage):
        standing = standing.filter(stage__in=stages)
    if Stage.DEPLOY in stages:
        won = narrowing(rows.filter(closed(first, last, organization), in_health(filters), status=Status.WON))
    found = narrowing(standing)
    figures = figures_by_stage(found, won, filters, {row.stage: row.percent for row in table})
    cards = _cards(found, won, filters, stages)
    columns = []
    for row in table:
        figure = figures.get(row.stage, Figure())
        columns.append(
            Column(
                key=str(int(row.stage)),
                label=row.label,
                count=figure.count,
                total=figure.total,
                weighted=figure.weighted,
                proven=figure.proven,
                cards=cards.get(row.stage, []),
                row=row,
                limit=limits.get(row.stage),
            )
        )
    standing_columns = columns[:-1]
    return Board(
        columns=[column for column in columns if column.row and column.row.stage in stages],
        count=sum(column.count for column in standing_columns),
        total=sum(column.total for column in standing_columns),
        weighted=sum(column.weighted for column in standing_columns),
        proven=sum(column.proven for column in standing_columns),
        attention=sum(figure.attention for figure in figures.values()),
        won=columns[-1].total,
        won_from=first,
        won_to=last,
        quarter=number,
        year=year,
    )


Asked = tuple[str, str, tuple[Any, ...]]
"""What `narrowing` says of the open ones, or of those won."""

_FIGURES = """
    SELECT funnel_opportunity.stage, count(*) {shown}, coalesce(sum(funnel_opportunity.amount) {shown}, 0),
        coalesce(sum({weighted}) {shown}, 0), coalesce(sum({proven}) {shown}, 0),
        count(*) FILTER (WHERE funnel_opportunity.health <> 'ok')
    FROM {tables} WHERE {where} GROUP BY funnel_opportunity.stage
"""
_WON = """
    UNION ALL SELECT 7, count(*), coalesce(sum(funnel_opportunity.amount), 0),
        coalesce(sum(funnel_opportunity.amount), 0), 0, 0
    FROM {tables} WHERE {where}
"""


def figures_by_stage(
    standing: Asked, won: Asked | None, filters: Filters, percents: Mapping[Stage, int]
) -> dict[int, Figure]:
    """Count and add up by stage; an index alone holds everything that is asked. One query."""
    weighted, proven = weighted_amount(percents).written, proven_amount(percents).written
    shown = f"FILTER (WHERE {_in_health(filters)})" if filters.health else ""
    tables, where, values = standing
    sql = _FIGURES.format(shown=shown, weighted=weighted, proven=proven, tables=tables, where=where)
    if won:
        tables, where, more = won
        sql, values = sql + _WON.format(tables=tables, where=where), (*values, *more)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {stage: Figure(*map(int, found)) for stage, *found in cursor.fetchall()}


def _in_health(filters: Filters) -> str:
    """Return what `in_health` asks of an open one, for a statement that is written out."""
    if filters.health in set(Health):
        return f"funnel_opportunity.health = '{Health(filters.health)}'"
    return "funnel_opportunity.health <> 'ok'" if filters.health else "true"


_FIRST = """
    SELECT first.id FROM unnest(%s::smallint[]) AS wanted(stage) CROSS JOIN LATERAL (
        SELECT funnel_opportunity.id FROM {tables} WHERE {where} AND {shown} AND funnel_opportunity.stage = wanted.stage
        ORDER BY {urgency}, funnel_opportunity.amount DESC NULLS LAST, funnel_opportunity.id LIMIT {most}
    ) AS first
"""
_LARGEST = """
    UNION ALL (SELECT funnel_opportunity.id FROM {tables} WHERE {where}
        ORDER BY funnel_opportunity.amount DESC NULLS LAST, funnel_opportunity.id LIMIT {most})
"""


def _cards(standing: Asked, won: Asked | None, filters: Filters, stages: Collection[Stage]) -> dict[int, list[Card]]:
    """Return the first cards of each column: what needs attention first, then the largest; wins by their size.

    An index hands them over, one stage after the other; a window over all rows would sort all of them to show a few.
    """
    tables, where, values = standing
    urgent = by_urgency("funnel_opportunity.health")
    ids = _FIRST.format(tables=tables, where=where, shown=_in_health(filters), urgency=urgent, most=CARDS)
    wanted = ",".join(str(int(stage)) for stage in stages if stage < Stage.DEPLOY)
    values = (f"{{{wanted}}}", *values)
    if won:
        tables, where, more = won
        ids, values = ids + _LARGEST.format(tables=tables, where=where, most=CARDS), (*values, *more)
    shown: dict[int, list[Card]] = {}
    for card in sorted(cards_of(ids, values), key=_place):
        shown.setdefault(card.stage, []).append(card)
    return shown


def _place(card: Card) -> tuple[int, ...]:
    """Return where a card stands."""
    return card.stage, urgency(card.health), 1 if card.amount is None else -card.amount, card.pk
